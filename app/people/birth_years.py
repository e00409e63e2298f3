"""Use case: a citizen says in which year they were born. Once, and it counts everywhere.

It is said in the profile or on the way to a guardian, and kept with the citizen by both; `about`
reads it. Only years are known, so everybody counts as younger until the year after a birthday.
"""

from datetime import datetime

from app.database import Tx
from app.people import about, profile_rules
from app.people.errors import BirthYearSaid, BirthYearUnsound


async def heard(tx: Tx, *, account_id: int, birth_year: int, now: datetime) -> int:
    """The year somebody says now, or has said before; the caller holds the citizen's row alone.

    Raises:
        BirthYearSaid: another one was said before.
        BirthYearUnsound: nobody was born then.

    """
    # A statement of its own: it sees what the lock waited for.
    said = await about.birth_year(tx, account_id=account_id)
    if said is None:
        ensure_born(birth_year, now)
    elif said != birth_year:
        raise BirthYearSaid(
            "You said your birth year before; an officer can correct it.",
            "出生年份已填写,如需更正请联系工作人员。",
        )
    return birth_year


async def keep(tx: Tx, *, account_id: int, birth_year: int) -> None:
    """Write the year that was `heard` to the citizen's own row."""
    await tx.execute(_KEEP, {"account": account_id, "year": birth_year})


def ensure_born(year: int, now: datetime) -> None:
    """Refuse a year in which nobody alive was born.

    Raises:
        BirthYearUnsound: it is before 1900 or has not begun.

    """
    if not profile_rules.BORN_FIRST <= year <= now.year:
        raise BirthYearUnsound(
            f"A year from {profile_rules.BORN_FIRST} to {now.year} is expected.",
            f"出生年份应在 {profile_rules.BORN_FIRST} 至 {now.year} 之间。",
        )


_KEEP = """
UPDATE citizen SET birth_year = %(year)s
 WHERE account_id = %(account)s AND birth_year IS DISTINCT FROM %(year)s
"""
