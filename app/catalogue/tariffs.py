"""Tariffs: points for a kilogram, by methodology and day. Set by two officers, seen by all.

`app.main` wires `apply` in as what a ``catalogue.set_tariff`` proposal does. A tariff counts
for acts from its first day on, which is today or later: what citizens were promised for a day
that is over never changes (rules R11 and R23). Grams do not depend on it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog

from app.audit.record import record
from app.catalogue.budgets_set import civil_day
from app.catalogue.errors import TariffUnsound
from app.database import Tx
from app.inputs import day_in

log = structlog.get_logger()

RATE_MAX = 1_000_000
"""Points for a kilogram; a typing error is more likely than a thousand points a gram."""
_MEMBERS = frozenset({"methodology", "valid_from", "points_per_kg"})


@dataclass(frozen=True, slots=True)
class TariffView:
    """A rate from a day until another takes over; ``valid_to`` is the first day after."""

    methodology: str
    valid_from: date
    valid_to: date | None
    points_per_kg: int

    def state(self, today: date) -> str:
        """``past``, ``current`` or ``scheduled``."""
        if self.valid_from > today:
            return "scheduled"
        return "past" if self.valid_to is not None and self.valid_to <= today else "current"


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Set the tariff that the proposal describes.

    A rate that was scheduled for the same, later day is replaced; the audit keeps both. One
    that counts already is not: choose a later day.

    Args:
        tx: the transaction of the approval.
        payload: ``{"methodology": "bike_ride", "valid_from": "2026-04-01", "points_per_kg":
            80}``.
        now: when (UTC).

    Raises:
        TariffUnsound: the payload is not such a tariff, or its day is over or taken.
        CatalogueEmpty: nobody has set a programme up.

    """
    methodology, valid_from, rate = _read(payload)
    today = await civil_day(tx, now=now)
    if valid_from < today:
        raise TariffUnsound(
            f"A tariff cannot be set for days that are over; today is {today.isoformat()}.",
            f"积分标准不得追溯生效,今天是 {today.isoformat()}。",
        )
    if await (await tx.execute(_KNOWN, (methodology,))).fetchone() is None:
        raise TariffUnsound(
            f"The catalogue has no methodology {methodology}.",
            f"目录中没有方法学 {methodology}。",
        )
    arguments = {"methodology": methodology, "from": valid_from, "rate": rate, "today": today}
    if (await tx.execute(_SET, arguments)).rowcount != 1:
        raise TariffUnsound(
            "A tariff counts from this day already, and acts were paid by it; choose a later day.",
            "该日起已有生效的积分标准,请选择更晚的日期。",
        )
    await record(
        tx,
        actor="process:approvals",
        action="catalogue.set_tariff",
        subject=f"tariff:{methodology}",
        facts={"valid_from": valid_from.isoformat(), "points_per_kg": rate},
        now=now,
    )
    log.info("tariff_set", methodology=methodology, valid_from=valid_from.isoformat(), rate=rate)


async def history(
    tx: Tx, *, methodology: str | None = None, scheduled_after: date | None = None
) -> list[TariffView]:
    """Every tariff there is, was, or will be; by methodology, oldest first.

    Args:
        tx: a reading connection.
        methodology: only this one's.
        scheduled_after: only what begins after this day.

    """
    arguments = {"methodology": methodology, "after": scheduled_after}
    return [TariffView(*row) async for row in await tx.execute(_HISTORY, arguments)]


def _read(payload: Mapping[str, Any]) -> tuple[str, date, int]:
    methodology, day, rate = (
        payload.get(each) for each in ("methodology", "valid_from", "points_per_kg")
    )
    if payload.keys() != _MEMBERS or not isinstance(methodology, str):
        raise TariffUnsound(
            "A tariff is {methodology, valid_from, points_per_kg}.",
            "积分标准应包含 methodology、valid_from 与 points_per_kg。",
        )
    if type(rate) is not int or not 0 <= rate <= RATE_MAX:
        raise TariffUnsound(
            f"`points_per_kg` is a whole number from 0 to {RATE_MAX}.",
            f"points_per_kg 应为 0 至 {RATE_MAX} 的整数。",
        )
    try:
        if not isinstance(day, str) or len(day) != len("2026-04-01"):
            raise ValueError
        return methodology, day_in(day), rate
    except ValueError as error:
        raise TariffUnsound(
            "`valid_from` is a day, written as 2026-04-01.", "valid_from 的格式为 2026-04-01。"
        ) from error


_KNOWN = "SELECT 1 FROM methodology_version WHERE methodology = %s LIMIT 1"
_SET = """
INSERT INTO tariff AS t (methodology, valid_from, points_per_kg)
VALUES (%(methodology)s, %(from)s, %(rate)s)
ON CONFLICT (methodology, valid_from) DO UPDATE SET points_per_kg = EXCLUDED.points_per_kg
 WHERE t.valid_from > %(today)s
"""
_HISTORY = """
SELECT * FROM (
  SELECT methodology, valid_from,
         lead(valid_from) OVER (PARTITION BY methodology ORDER BY valid_from) AS valid_to,
         points_per_kg
    FROM tariff) AS t
 WHERE (%(methodology)s::text IS NULL OR methodology = %(methodology)s)
   AND (%(after)s::date IS NULL OR valid_from > %(after)s)
 ORDER BY methodology, valid_from
"""
