"""A month's points: which line pays for an act, and how payments shrink as a budget runs out.

Pure values and decisions; `budgets_draw` takes the points. Grams never depend on a budget: an
act that finds its line empty is credited all the same, at a rate of nothing (rule R22).

Every act draws on exactly one line: its methodology's own if officers have set one, else
``engagement`` for acts that are not reductions at all, else ``programme``. A month is that of
the booking, in the programme's zone, so late evidence never opens a month that is closed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

PROGRAMME = "programme"
"""The line of everything that has none of its own."""
ENGAGEMENT = "engagement"
"""The line of acts that earn points and never grams."""


@dataclass(frozen=True, slots=True)
class Step:
    """Below ``below_percent`` of the month's points, ``pay_percent`` of the tariff is paid."""

    below_percent: int
    pay_percent: int


USUAL_TAPER = (Step(20, 50), Step(5, 25))
"""Half below a fifth, a quarter below a twentieth; nothing is left below nothing."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What officers agreed on for a line from a month on; no points: no limit."""

    line: str
    from_month: date
    version: int
    points: int | None
    taper: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Want:
    """An act that would be paid: its line, its grams, and its tariff."""

    line: str
    grams: int
    points_per_kg: int


Budgets = Mapping[str, tuple[Budget, ...]]
"""By line, oldest first."""


def month_of(day: date) -> date:
    """The first day of the month."""
    return day.replace(day=1)


def in_force(budgets: Budgets, line: str, month: date) -> Budget | None:
    """The limit of a line in a month, if there is one."""
    found = None
    for budget in budgets.get(line, ()):
        if budget.from_month <= month:
            found = budget
    return found if found is not None and found.points is not None else None


def line_of(budgets: Budgets, methodology: str, month: date, *, engagement: bool) -> str:
    """The one line that pays for an act."""
    if in_force(budgets, methodology, month) is not None:
        return methodology
    return ENGAGEMENT if engagement else PROGRAMME


def pay_percent(taper: Sequence[Step], *, left: int, total: int) -> int:
    """How much of the tariff is paid while ``left`` of ``total`` points are left."""
    if left <= 0:
        return 0
    paid = (step.pay_percent for step in taper if left * 100 < total * step.below_percent)
    return min(paid, default=100)


def spread(
    wants: Sequence[Want], *, left: int, total: int, taper: Sequence[Step]
) -> tuple[list[int], int]:
    """The rate at which each act is paid, in order, and what that comes to. Pure.

    The taper looks at what is left act by act, so one stream of acts is paid the same however
    it is cut into batches; only streams that run at the same time may meet the edge in another
    order. The act that does not fit any more is paid at the greatest whole rate that does.

    Returns:
        Points per kilogram for each act, whole, such that ``grams * rate // 1000`` summed up is
        the second value, which is at most ``left``.

    """
    rates = []
    before = left
    for want in wants:
        percent = pay_percent(taper, left=left, total=total)
        rate = want.points_per_kg * percent // 100
        if want.grams * rate // 1000 > left:
            rate = ((left + 1) * 1000 - 1) // want.grams
        rates.append(rate)
        left -= want.grams * rate // 1000
    return rates, before - left


def shares(points: int, slots: int, *, least: int) -> list[int]:
    """Cut points into slots, evenly; few points into fewer, so that a batch still fits in one."""
    filled = max(1, min(slots, points // least))
    each, rest = divmod(points, filled)
    return [each + (slot < rest) for slot in range(filled)] + [0] * (slots - filled)


def steps_of(taper: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """A schedule as it is kept in its table."""
    return tuple(Step(int(each["below_percent"]), int(each["pay_percent"])) for each in taper)
