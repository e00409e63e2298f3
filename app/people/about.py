"""Door: the little that other rooms may ask about a citizen. Reads only; one statement each."""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx


@dataclass(frozen=True, slots=True)
class About:
    """Where a citizen lives, since when they are known, and when they were born.

    With whom they live is not said here: who counts together asks `living_together`, in the
    database, under its locks.
    """

    district_code: str
    known_since: datetime
    birth_year: int | None


async def about(tx: Tx, *, account_id: int) -> About | None:
    """What is known about the citizen behind an account; None when there is nobody."""
    row = await (await tx.execute(_ABOUT, {"account": account_id})).fetchone()
    return None if row is None else About(*row)


async def birth_year(tx: Tx, *, account_id: int) -> int | None:
    """In which year somebody was born, if they said so; the one door for it."""
    row = await (await tx.execute(_BIRTH_YEAR, {"account": account_id})).fetchone()
    return None if row is None else row[0]


# Should two years stand there, the later one counts: nobody is taken for older than they may be.
_BIRTH_YEAR = """
SELECT greatest((SELECT birth_year FROM guardianship WHERE ward_account_id = %(account)s),
                (SELECT birth_year FROM citizen WHERE account_id = %(account)s))
"""
_ABOUT = """
SELECT c.district_code, c.created_at, greatest(c.birth_year, g.birth_year)
  FROM citizen c LEFT JOIN guardianship g ON g.ward_account_id = c.account_id
 WHERE c.account_id = %(account)s
"""
