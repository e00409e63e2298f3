"""Use case: set how many points a line may pay in a month. It needs two officers.

`app.main` wires `apply` in as what a ``catalogue.set_budget`` proposal does. Nothing that was
set is changed: a new version counts from its month on, and the versions before stay readable.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from psycopg.types.json import Jsonb

from app.audit.record import record
from app.catalogue import budgets, budgets_draw
from app.catalogue.budgets import ENGAGEMENT, PROGRAMME, USUAL_TAPER, Step
from app.catalogue.errors import BudgetUnsound, CatalogueEmpty
from app.database import Tx

log = structlog.get_logger()

POINTS_MAX = 10**13
STEPS_MAX = 10
_MONTH = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])")
_MEMBERS = frozenset({"line", "from_month", "points", "taper"})


async def apply(tx: Tx, *, payload: Mapping[str, Any], now: datetime) -> None:
    """Set the budget that the proposal describes.

    A month that is open already gets the difference: what was paid stays paid, and a budget
    below it stops the line at once.

    Args:
        tx: the transaction of the approval.
        payload: ``{"line": "programme", "from_month": "2026-04", "points": 5000000, "taper":
            [{"below_percent": 20, "pay_percent": 50}]}``; ``points`` null: no limit; without
            ``taper`` the usual one.
        now: when (UTC).

    Raises:
        BudgetUnsound: the payload is not such a budget, or its month is over.
        CatalogueEmpty: nobody has set a programme up.

    """
    line, month, points, taper = _read(payload)
    today = await civil_day(tx, now=now)
    this_month = budgets.month_of(today)
    if month < this_month:
        raise _unsound(
            "A budget cannot be set for a month that is over.", "不能为已结束的月份设定预算。"
        )
    if line not in {PROGRAMME, ENGAGEMENT}:
        await _ensure_methodology(tx, line)
    # One officer's decision at a time for a line: versions follow one another.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('budget:' || %s))", (line,))
    kept = Jsonb([asdict(step) for step in taper])
    arguments = {"line": line, "month": month, "points": points, "taper": kept, "now": now}
    await tx.execute(_SET, arguments)
    if points is not None and month == this_month and await _is_open(tx, line, month):
        await budgets_draw.refill(tx, line=line, month=month, points=points)
    await record(
        tx,
        actor="process:approvals",
        action="catalogue.set_budget",
        subject=f"budget:{line}",
        facts={"from_month": month.isoformat(), "points": -1 if points is None else points},
        now=now,
    )
    log.info("budget_set", line=line, month=month.isoformat(), points=points)


async def civil_day(tx: Tx, *, now: datetime) -> date:
    """Today in the programme's zone.

    Raises:
        CatalogueEmpty: nobody has set a programme up.

    """
    row = await (await tx.execute(_ZONE)).fetchone()
    if row is None:
        raise CatalogueEmpty("Set a programme up first.", "请先初始化项目。")
    return now.astimezone(ZoneInfo(row[0])).date()


def _read(payload: Mapping[str, Any]) -> tuple[str, date, int | None, tuple[Step, ...]]:
    unknown = sorted(payload.keys() - _MEMBERS)
    if unknown:
        raise _unsound(f"A budget has no member `{unknown[0]}`.", f"预算不含字段 {unknown[0]}。")
    line, month, points = payload.get("line"), payload.get("from_month"), payload.get("points")
    if not isinstance(line, str) or not line:
        raise _unsound("Name the `line` that is limited.", "请提供 line(预算科目)。")
    if not isinstance(month, str) or not _MONTH.fullmatch(month):
        raise _unsound("`from_month` is written as 2026-04.", "from_month 的格式为 2026-04。")
    if "points" not in payload or not (points is None or _whole(points, POINTS_MAX)):
        raise _unsound(
            f"`points` is a whole number from 0 to {POINTS_MAX}, or null for no limit.",
            f"points 应为 0 至 {POINTS_MAX} 的整数;null 表示不设上限。",
        )
    taper = _taper(payload["taper"]) if "taper" in payload else USUAL_TAPER
    return line, date.fromisoformat(f"{month}-01"), points, taper


def _taper(given: Any) -> tuple[Step, ...]:
    """A schedule that pays less the less is left."""
    sound = (
        isinstance(given, Sequence)
        and len(given) <= STEPS_MAX
        and all(
            isinstance(step, Mapping)
            and step.keys() == {"below_percent", "pay_percent"}
            and all(_whole(value, 100) for value in step.values())
            for step in given
        )
    )
    steps = budgets.steps_of(given) if sound else ()
    falling = all(
        after.below_percent < before.below_percent and after.pay_percent <= before.pay_percent
        for before, after in pairwise(steps)
    )
    if not sound or not falling:
        raise _unsound(
            "`taper` is a list of {below_percent, pay_percent}, whole percents that both fall.",
            "taper 应为 {below_percent, pay_percent} 的列表,两者均为递减的整数百分比。",
        )
    return steps


def _whole(value: Any, maximum: int) -> bool:
    return type(value) is int and 0 <= value <= maximum


async def _ensure_methodology(tx: Tx, line: str) -> None:
    row = await (await tx.execute(_KNOWN, (line,))).fetchone()
    if row is None:
        raise _unsound(
            "A line is `programme`, `engagement`, or the id of a methodology.",
            "预算科目应为 programme、engagement 或方法学编号。",
        )


async def _is_open(tx: Tx, line: str, month: date) -> bool:
    """Whether there is something to refill; a month that nobody drew on is opened here."""
    return not await budgets_draw.open_month(tx, line=line, month=month)


def _unsound(detail: str, detail_zh: str) -> BudgetUnsound:
    return BudgetUnsound(detail, detail_zh)


_ZONE = "SELECT zone FROM programme WHERE id = 1"
_KNOWN = "SELECT 1 FROM methodology_version WHERE methodology = %s LIMIT 1"
_SET = """
INSERT INTO budget (line, from_month, version, points, taper, set_at)
SELECT %(line)s::text, %(month)s::date, coalesce(max(version), 0) + 1, %(points)s::bigint,
       %(taper)s, %(now)s
  FROM budget WHERE line = %(line)s::text AND from_month = %(month)s::date
"""
