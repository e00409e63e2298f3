"""Old against new, added up: what a dry-run and a version in the shadow both report. Pure."""

import heapq
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

CREDITED, HELD, REJECTED = "credited", "held", "rejected"
MOVERS = 50
STEPS = (-999, -99, -9, 0, 1, 10, 100, 1000)
"""Where the classes of differences in grams begin; before the first lies everything lower."""
_SAME = 4


@dataclass(frozen=True, slots=True)
class Change:
    """One act as it counted, and as the version on trial sees it: whole grams."""

    id: UUID
    occurred_on: date
    points_per_kg: int
    old_status: str
    old_grams: int
    new_status: str
    new_grams: int
    reason: str | None

    @property
    def delta(self) -> int:
        """How many grams more; less than zero: fewer."""
        return self.new_grams - self.old_grams


@dataclass(frozen=True, slots=True)
class Group:
    """Acts alike, added up. ``step`` is the class of the difference, as in `STEPS`."""

    old_status: str
    new_status: str
    reason: str | None
    month: str
    step: int
    acts: int
    old_grams: int
    new_grams: int
    old_points: int
    new_points: int


def group_of(change: Change) -> Group:
    """One act as a group of one."""
    return Group(
        change.old_status,
        change.new_status,
        change.reason,
        change.occurred_on.isoformat()[:7],
        bisect_right(STEPS, change.delta),
        1,
        change.old_grams,
        change.new_grams,
        change.old_grams * change.points_per_kg // 1000,
        change.new_grams * change.points_per_kg // 1000,
    )


class Comparison:
    """Adds groups up, and keeps the acts that moved most."""

    def __init__(self) -> None:
        self._statuses: Counter[tuple[str, str]] = Counter()
        self._newly: dict[str, Counter[str]] = {HELD: Counter(), REJECTED: Counter()}
        self._steps: Counter[int] = Counter()
        self._months: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
        self._sums = [0, 0, 0, 0]
        self._movers: list[Change] = []

    def add(self, group: Group) -> None:
        """Add acts alike."""
        self._statuses[group.old_status, group.new_status] += group.acts
        if group.new_status in self._newly and group.new_status != group.old_status:
            self._newly[group.new_status][group.reason or group.new_status] += group.acts
        self._steps[group.step] += group.acts
        months = self._months[group.month]
        months[0] += group.old_points
        months[1] += group.new_points
        amounts = (group.old_grams, group.new_grams, group.old_points, group.new_points)
        self._sums = [total + amount for total, amount in zip(self._sums, amounts, strict=True)]

    def add_all(self, changes: Iterable[Change]) -> None:
        """Add single acts, and remember those that move most."""
        moved = []
        for change in changes:
            self.add(group_of(change))
            if change.delta:
                moved.append(change)
        self.movers([*self._movers, *moved])

    def movers(self, changes: Iterable[Change]) -> None:
        """Keep these, the largest differences first."""
        self._movers = heapq.nlargest(
            MOVERS, changes, key=lambda each: (abs(each.delta), each.id.int)
        )

    @property
    def acts(self) -> int:
        """How many acts were compared."""
        return self._statuses.total()

    def report(self) -> dict[str, Any]:
        """The figures, as plain JSON."""
        old_grams, new_grams, old_points, new_points = self._sums
        return {
            "acts": self.acts,
            "old": self._side(0) | {"grams": old_grams, "points": old_points},
            "new": self._side(1) | {"grams": new_grams, "points": new_points},
            "newly_credited": sum(
                acts
                for (old, new), acts in self._statuses.items()
                if new == CREDITED and old != CREDITED
            ),
            "newly_held": _counted(self._newly[HELD]),
            "newly_rejected": _counted(self._newly[REJECTED]),
            "less": sum(acts for step, acts in self._steps.items() if step < _SAME),
            "same": self._steps[_SAME],
            "more": sum(acts for step, acts in self._steps.items() if step > _SAME),
            "months": [
                {"month": month, "old_points": old, "new_points": new}
                for month, (old, new) in sorted(self._months.items())
            ],
            "deltas": [
                {
                    "at_least": STEPS[step - 1] if step else None,
                    "below": STEPS[step] if step < len(STEPS) else None,
                    "acts": self._steps[step],
                }
                for step in range(len(STEPS) + 1)
            ],
            "movers": [
                {
                    "act": str(each.id),
                    "occurred_on": each.occurred_on.isoformat(),
                    "old_grams": each.old_grams,
                    "new_grams": each.new_grams,
                    "status": each.new_status,
                    "reason": each.reason,
                }
                for each in self._movers
            ],
        }

    def _side(self, side: int) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for statuses, acts in self._statuses.items():
            counts[statuses[side]] += acts
        return {name: counts[name] for name in (CREDITED, HELD, REJECTED)}


def _counted(reasons: Counter[str]) -> list[dict[str, Any]]:
    return [{"reason": reason, "acts": acts} for reason, acts in sorted(reasons.items())]


def status_of(quantified: str) -> str:
    """What becomes of an act with this status of a quantification."""
    if quantified == "quantified":
        return CREDITED
    return REJECTED if quantified in {"not_applicable", "rejected"} else HELD
