"""Door: the little that other rooms may ask about a citizen. Reads only; one statement each."""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.people.households import COUNTS_AFTER_LEAVING


@dataclass(frozen=True, slots=True)
class About:
    """Where a citizen lives, with whom, since when they are known, and when they were born.

    ``household`` is the one they are in, or left less than thirty days ago; ``members`` are the
    accounts of all who are in it, and their own.
    """

    district_code: str
    known_since: datetime
    birth_year: int | None
    household: int | None
    members: tuple[int, ...]


async def about(tx: Tx, *, account_id: int, now: datetime) -> About | None:
    """What is known about the citizen behind an account; None when there is nobody."""
    facts = {"account": account_id, "since": now - COUNTS_AFTER_LEAVING}
    row = await (await tx.execute(_ABOUT, facts)).fetchone()
    if row is None:
        return None
    district_code, known_since, birth_year, household, members = row
    together = tuple(members) if household is not None else ()
    return About(district_code, known_since, birth_year, household, together)


async def birth_year(tx: Tx, *, account_id: int) -> int | None:
    """In which year somebody was born, if they or their guardian told us; the one door for it."""
    row = await (await tx.execute(_BIRTH_YEAR, {"account": account_id})).fetchone()
    return None if row is None else row[0]


_BIRTH_YEAR = """
SELECT coalesce((SELECT birth_year FROM guardianship WHERE ward_account_id = %(account)s),
                (SELECT birth_year FROM citizen WHERE account_id = %(account)s))
"""
_ABOUT = """
SELECT c.district_code, c.created_at, c.birth_year, home.household_id,
       ARRAY(SELECT m.account_id FROM household_member m
              WHERE m.household_id = home.household_id AND m.left_at IS NULL
             UNION SELECT c.account_id)
  FROM citizen c
  LEFT JOIN LATERAL (
    SELECT m.household_id, m.left_at FROM household_member m
     WHERE m.account_id = c.account_id ORDER BY m.joined_at DESC LIMIT 1) AS home
    ON home.left_at IS NULL OR home.left_at > %(since)s
 WHERE c.account_id = %(account)s
"""
