"""What a process remembers of an offer for a second, so that a rush need not ask for it.

Nothing of it decides who gets a unit: it names who need not try, and what must be known of them.
"""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database import Database, Tx
from app.merchants import directory
from app.rewards.tables import Mode, OfferState

LIFE_S = 1
KEPT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a published offer that is asked before a claim."""

    merchant_id: UUID
    active: bool
    mode: Mode
    opens_at: datetime
    per_citizen: int
    limits: list[dict[str, Any]]
    audience: dict[str, Any]
    has_quotas: bool
    zone: str


@dataclass(frozen=True, slots=True)
class Look:
    """PostgreSQL's own word on whether trying makes sense."""

    answered: bool
    units: int
    withdrawn: bool


class KnownOffers:
    """One process's memory of offers."""

    def __init__(self) -> None:
        self._kept: dict[UUID, tuple[int, Known | None]] = {}
        self._asked: dict[UUID, asyncio.Task[Known | None]] = {}

    async def get(self, database: Database, *, offer_id: UUID) -> Known | None:
        """What is known about an offer, at most `LIFE_S` old; None: not a published one.

        Whoever comes while it is being read waits for that reading: a rush asks once a second,
        not once a request.
        """
        until_ns, known = self._kept.get(offer_id, (0, None))
        if time.monotonic_ns() < until_ns:
            return known
        asked = self._asked.get(offer_id)
        if asked is None:
            asked = asyncio.create_task(self._read(database, offer_id))
            self._asked[offer_id] = asked
            asked.add_done_callback(lambda _: self._asked.pop(offer_id, None))
        return await asyncio.shield(asked)

    async def _read(self, database: Database, offer_id: UUID) -> Known | None:
        async with database.reading() as tx:
            known = await read(tx, offer_id=offer_id)
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        self._kept[offer_id] = (time.monotonic_ns() + LIFE_S * 1_000_000_000, known)
        return known


async def read(tx: Tx, *, offer_id: UUID) -> Known | None:
    """The same from PostgreSQL; None: not a published offer."""
    arguments = {"id": offer_id, "published": OfferState.published.value}
    row = await (await tx.execute(_KNOWN, arguments)).fetchone()
    if row is None:
        return None
    merchant_id, mode, *rest = row
    active = await directory.active(tx, merchant_id=merchant_id)
    return Known(merchant_id, active, Mode(mode), *rest)


async def look(tx: Tx, *, offer_id: UUID, account_id: int, key: str, district: str) -> Look:
    """Was this request answered before, and are there units for this citizen? One statement."""
    arguments = {
        "offer_id": offer_id,
        "bucket": account_id % 1024,
        "account_id": account_id,
        "key": key,
        "pool": district,
    }
    row = await (await tx.execute(_LOOK, arguments)).fetchone()
    assert row is not None, "an aggregate always answers"
    return Look(*row)


_KNOWN = """
SELECT o.merchant_id, o.mode, o.opens_at, o.per_citizen, o.limits, o.audience,
       EXISTS (SELECT FROM offer_stock s WHERE s.offer_id = o.id AND s.pool <> ''),
       programme_zone()
  FROM offer o WHERE o.id = %(id)s AND o.state = %(published)s
"""
_LOOK = """
SELECT EXISTS (SELECT FROM request WHERE bucket = %(bucket)s AND account_id = %(account_id)s
                                     AND key = %(key)s),
       (SELECT coalesce(sum(remaining), 0)::int FROM offer_stock
         WHERE offer_id = %(offer_id)s AND pool IN (%(pool)s, '') AND open),
       NOT EXISTS (SELECT FROM offer_stock WHERE offer_id = %(offer_id)s AND open)
"""
