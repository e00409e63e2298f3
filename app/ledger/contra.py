"""Numbers of the virtual counter-accounts: the other leg of every entry.

A counter-account has no balance of its own: that is rolled up from entries, so no citizen waits
for another. Sponsors and pools have a name in the catalogue (`catalogue`, `name`).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.database import Tx

PROGRAMME = 1
"""Where earned points come from."""
EXPIRY = 2
"""Where expired points go."""
ADJUSTMENT = 3
"""The other side of an officer's correction."""
CORRECTION = 4
"""The other side of what a methodology's correction books, up or down."""
RESERVE = 5
"""The programme's correction reserve: it bears what a citizen has spent already.

Entries name it only when a debt is repaid: nobody's account moves when the reserve pays. What it
paid is rolled up from the shortfalls that corrections and causes recorded.
"""
FIRST_SPONSOR = 100
"""Sponsors, who pay for points, are numbered from here to 499."""
FIRST_POOL = 500
"""Pools, which points are given to, are numbered from here to 999."""
FIRST_MERCHANT = 1_000
"""Merchants are numbered from here; a merchant's number never changes."""

_FIRST = {"sponsor": FIRST_SPONSOR, "pool": FIRST_POOL}
_LAST = {"sponsor": FIRST_POOL - 1, "pool": FIRST_MERCHANT - 1}


@dataclass(frozen=True, slots=True)
class CounterAccountView:
    """A counter-account that has a name."""

    number: int
    kind: str
    name_zh: str
    name_en: str


async def catalogue(tx: Tx, *, kind: str | None = None) -> list[CounterAccountView]:
    """The counter-accounts with a name, of one kind or all, by number."""
    rows = await tx.execute(_CATALOGUE, {"kind": kind})
    return [CounterAccountView(*row) async for row in rows]


async def name(
    tx: Tx, *, kind: Literal["sponsor", "pool"], name_zh: str, name_en: str, now: datetime
) -> CounterAccountView:
    """Give the next sponsor or pool its number.

    Args:
        tx: the caller's transaction.
        kind: sponsors pay for points, pools receive them.
        name_zh: for citizens.
        name_en: for citizens.
        now: when (UTC).

    """
    # One at a time: numbers follow one another, and there are a few a year.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('counter_account'))")
    facts = {"kind": kind, "name_zh": name_zh, "name_en": name_en, "now": now}
    limits = {"first": _FIRST[kind], "last": _LAST[kind]}
    row = await (await tx.execute(_NAME, facts | limits)).fetchone()
    assert row is not None, "an insert that returns, returns"
    return CounterAccountView(*row)


_CATALOGUE = """
SELECT number, kind, name_zh, name_en FROM counter_account
 WHERE %(kind)s::text IS NULL OR kind = %(kind)s ORDER BY number
"""
_NAME = """
INSERT INTO counter_account (number, created_at, kind, name_zh, name_en)
SELECT coalesce(max(number) + 1, %(first)s), %(now)s, %(kind)s, %(name_zh)s, %(name_en)s
  FROM counter_account WHERE number BETWEEN %(first)s AND %(last)s
RETURNING number, kind, name_zh, name_en
"""
