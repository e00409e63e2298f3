"""Door: what can be had for points. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.merchants import directory
from app.rewards import rules
from app.rewards.tables import OfferState


@dataclass(frozen=True, slots=True)
class Offered:
    """A published offer, as everybody sees it."""

    id: UUID
    merchant_id: UUID
    title_zh: str
    title_en: str
    points: int
    per_citizen: int
    opens_at: datetime
    closes_at: datetime
    remaining: int
    merchant_zh: str
    merchant_en: str


async def open_ones(tx: Tx, *, before: UUID | None, limit: int, now: datetime) -> list[Offered]:
    """At most ``limit`` offers that can be claimed now, the newest first; two statements.

    Args:
        tx: a reading connection.
        before: the last id of the page before; None starts at the newest.
        limit: how many at most.
        now: the moment (UTC) at which they are open.

    """
    rows = await tx.execute(
        _OPEN,
        {
            "published": OfferState.published.value,
            "before": before or UUID(int=2**128 - 1),
            "now": now,
            "limit": limit,
        },
    )
    return await _with_merchants(tx, await rows.fetchall())


async def offer(tx: Tx, *, offer_id: UUID, now: datetime) -> Offered:
    """One published offer that has not closed; it may open later.

    Raises:
        OfferNotFound: there is none.

    """
    arguments = {"id": offer_id, "published": OfferState.published.value, "now": now}
    row = await (await tx.execute(_ONE, arguments)).fetchone()
    if row is None:
        raise rules.no_such_offer()
    return (await _with_merchants(tx, [row]))[0]


async def _with_merchants(tx: Tx, rows: list[tuple[Any, ...]]) -> list[Offered]:
    """Rows and the names of their merchants, by the merchants' own door."""
    merchants = await directory.by_ids(tx, merchant_ids={row[1] for row in rows})
    return [Offered(*[*row, merchants[row[1]].name_zh, merchants[row[1]].name_en]) for row in rows]


_COLUMNS = """
SELECT o.id, o.merchant_id, o.title_zh, o.title_en, o.points, o.per_citizen, o.opens_at,
       o.closes_at, s.remaining
  FROM offer o JOIN offer_stock s ON s.offer_id = o.id
"""
_OPEN = f"""{_COLUMNS}
 WHERE o.state = %(published)s AND o.opens_at <= %(now)s AND o.closes_at > %(now)s
   AND o.id < %(before)s
 ORDER BY o.id DESC LIMIT %(limit)s
"""
_ONE = f"""{_COLUMNS}
 WHERE o.id = %(id)s AND o.state = %(published)s AND o.closes_at > %(now)s
"""
