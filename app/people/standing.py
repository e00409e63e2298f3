"""Door: how somebody stands: as a child or not, ranked or not, pooled or not.

Rooms that make rankings or pools ask `apart` for many accounts; a citizen asks for themselves.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.people import about
from app.people.guardians import is_child, oldest_child


@dataclass(frozen=True, slots=True)
class Standing:
    """How somebody stands: whether they need a guardian, have one, and what is done with acts."""

    is_child: bool
    confirmed: bool
    ranked: bool
    pooled: bool
    birth_year: int | None
    confirmed_at: datetime | None
    code_until: datetime | None


@dataclass(frozen=True, slots=True)
class Apart:
    """Accounts that stand in no ranking, and accounts whose grams are in no pool."""

    unranked: frozenset[int]
    unpooled: frozenset[int]


async def standing(tx: Tx, *, account_id: int, now: datetime) -> Standing:
    """Whether somebody needs a guardian, and what holds for them now."""
    year = await about.birth_year(tx, account_id=account_id)
    facts = {"account": account_id, "now": now}
    row = await (await tx.execute(_STANDING, facts)).fetchone()
    confirmed_at, code_until = row or (None, None)
    kept = await apart(tx, account_ids=[account_id], now=now)
    return Standing(
        year is not None and is_child(year, now),
        confirmed_at is not None,
        account_id not in kept.unranked,
        account_id not in kept.unpooled,
        year,
        confirmed_at,
        code_until,
    )


async def apart(tx: Tx, *, account_ids: Collection[int], now: datetime) -> Apart:
    """Which of these accounts are not ranked, and which are not pooled; one statement.

    Whoever makes a ranking or a pool asks here; a child of whom no guardian has said otherwise is
    in neither, however its year of birth became known.

    Args:
        tx: a reading connection.
        account_ids: any number.
        now: whose age is asked at this moment (UTC).

    """
    facts = {"accounts": list(account_ids), "y": oldest_child(now)}
    rows = await (await tx.execute(_APART, facts)).fetchall()
    return Apart(
        frozenset(account_id for account_id, ranked, _ in rows if not ranked),
        frozenset(account_id for account_id, _, pooled in rows if not pooled),
    )


_STANDING = """
SELECT CASE WHEN ended_at IS NULL THEN confirmed_at END,
       CASE WHEN code_digest IS NOT NULL AND code_expires_at > %(now)s THEN code_expires_at END
  FROM guardianship WHERE ward_account_id = %(account)s
"""
_APART = """
SELECT t.account_id,
       coalesce(g.ranked AND g.confirmed_at IS NOT NULL AND g.ended_at IS NULL, false),
       coalesce(g.pooled AND g.confirmed_at IS NOT NULL AND g.ended_at IS NULL, false)
  FROM unnest(%(accounts)s::bigint[]) AS t (account_id)
  LEFT JOIN guardianship g ON g.ward_account_id = t.account_id
  LEFT JOIN citizen c ON c.account_id = t.account_id
 WHERE greatest(g.birth_year, c.birth_year) >= %(y)s
"""
