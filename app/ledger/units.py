"""The units points are counted in. Points of another life are another unit."""

from dataclasses import dataclass
from datetime import date

from app.clock import points_expire_on
from app.database import Tx
from app.ledger.errors import UnitEnded, UnitNotFound

POINTS = 1
"""The unit of ordinary points."""
ORDINARY = "points"
"""Its code."""
POINTS_MAX = 2**31 - 1
"""The most that one entry can move."""


@dataclass(frozen=True, slots=True)
class UnitView:
    """A unit and its one rule of expiry: months and a quarter's end, or one day for all."""

    id: int
    code: str
    name_zh: str
    name_en: str
    life_months: int | None
    last_day: date | None

    def expires_on(self, today: date) -> date:
        """The last day of points that are booked today (the programme's civil day).

        Raises:
            UnitEnded: this unit's points have all expired.

        """
        if self.last_day is None:
            assert self.life_months is not None, "a unit has one of two rules"
            return points_expire_on(today, months=self.life_months)
        if today > self.last_day:
            raise UnitEnded(
                f"Points of this campaign ended on {self.last_day.isoformat()}.",
                f"该活动积分已于 {self.last_day.isoformat()} 到期。",
                unit=self.code,
            )
        return self.last_day


async def units(tx: Tx) -> list[UnitView]:
    """Every unit, ordinary points first."""
    return [UnitView(*row) async for row in await tx.execute(_UNITS)]


async def unit(tx: Tx, *, code: str) -> UnitView:
    """One unit by its code.

    Raises:
        UnitNotFound: there is none.

    """
    for each in await units(tx):
        if each.code == code:
            return each
    raise UnitNotFound(f"No points are called {code}.", f"没有名为 {code} 的积分种类。")


async def define(
    tx: Tx,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    life_months: int | None = None,
    last_day: date | None = None,
) -> UnitView:
    """Make a unit, for points of another life; its rule never changes.

    Args:
        tx: the caller's transaction.
        code: short and stable, as the API shows it.
        name_zh: for citizens.
        name_en: for citizens.
        life_months: whole months, then to the end of the quarter; or
        last_day: the one day on which all of these points end.

    """
    rule = {"life_months": life_months, "last_day": last_day}
    names = {"code": code, "name_zh": name_zh, "name_en": name_en}
    # One at a time: numbers follow one another, and units are made a few times a year.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('unit'))")
    row = await (await tx.execute(_DEFINE, names | rule)).fetchone()
    assert row is not None, "an insert that returns, returns"
    return UnitView(*row)


_UNITS = "SELECT id, code, name_zh, name_en, life_months, last_day FROM unit ORDER BY id"
_DEFINE = """
INSERT INTO unit (id, code, name_zh, name_en, life_months, last_day)
SELECT coalesce(max(id), 0) + 1, %(code)s, %(name_zh)s, %(name_en)s, %(life_months)s::smallint,
       %(last_day)s::date FROM unit
RETURNING id, code, name_zh, name_en, life_months, last_day
"""
