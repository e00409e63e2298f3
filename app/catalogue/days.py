"""Which days a version has: half-open ranges that never overlap within a methodology.

A version that takes force closes the range of the one before it. Days that are over stay with
the version that had them; only days that nobody had may be taken afterwards. The database
refuses an overlap too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.catalogue.errors import DayTaken
from app.catalogue.move import Standing
from app.database import Tx


@dataclass(frozen=True, slots=True)
class Range:
    """The days of one version; ``until`` is the first day after, or None."""

    id: int
    version: str
    since: date
    until: date | None

    def has(self, day: date) -> bool:
        """Whether the day is one of them."""
        return self.since <= day and (self.until is None or day < self.until)


def place(others: Sequence[Range], day: date, *, today: date) -> tuple[Range | None, date | None]:
    """Who must end on ``day`` so that a new version can begin, and when the new one ends.

    Raises:
        DayTaken: another version begins that day, or had days that are over.

    """
    taken = next((each for each in others if each.since == day), None)
    if taken is not None:
        raise _taken(
            f"version {taken.version} begins on {day}", f"版本 {taken.version} 已于该日生效"
        )
    holder = next((each for each in others if each.has(day)), None)
    later = [each.since for each in others if each.since > day]
    if holder is not None and day < today:
        raise _taken(
            f"days before {today} were judged by version {holder.version}",
            f"{today} 之前的日期已由版本 {holder.version} 判定",
        )
    if holder is not None:
        return holder, holder.until
    return None, min(later, default=None)


async def take(tx: Tx, *, standing: Standing, day: date, today: date) -> None:
    """Give a version its days; the methodology is locked.

    Raises:
        DayTaken: another version begins that day, or had days that are over.

    """
    holder, until = place(await ranges(tx, standing=standing), day, today=today)
    if holder is not None:
        await tx.execute(_CLOSE, (day, holder.id))
    await tx.execute(_TAKE, (day, until, standing.id))


async def give_back(tx: Tx, *, standing: Standing) -> None:
    """Let the version before a withdrawn one go on; the state has been changed already."""
    await tx.execute(_GO_ON, (standing.active_until, standing.methodology, standing.active_from))


async def ranges(tx: Tx, *, standing: Standing) -> list[Range]:
    """The days of the methodology's other versions in force, oldest first."""
    rows = await tx.execute(_RANGES, (standing.methodology, standing.id))
    return [Range(*row) async for row in rows]


def _taken(what: str, what_zh: str) -> DayTaken:
    return DayTaken(
        f"This day cannot be chosen: {what}; choose a later one.", f"{what_zh},请另选日期。"
    )


_RANGES = """
SELECT id, version, active_from, active_until FROM methodology_version
 WHERE methodology = %s AND id <> %s
   AND state IN ('scheduled', 'active', 'superseded', 'suspended')
 ORDER BY active_from
"""
_CLOSE = "UPDATE methodology_version SET active_until = %s WHERE id = %s"
_TAKE = "UPDATE methodology_version SET active_from = %s, active_until = %s WHERE id = %s"
_GO_ON = """
UPDATE methodology_version SET active_until = %s
 WHERE methodology = %s AND active_until = %s
   AND state IN ('scheduled', 'active', 'superseded', 'suspended')
"""
