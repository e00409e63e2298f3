"""What a process remembers of an offer for a second, so that a rush need not ask for it.

Nothing of it decides who gets a unit: it names who need not try, and what must be known of them.
"""

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from app.database import Database, Tx
from app.merchants import directory
from app.rewards.tables import Mode, OfferState

LIFE_S = 1
LIFE_NS = LIFE_S * 1_000_000_000
KEPT_MAX = 10_000
TOGETHER_MAX = 500
"""How many offers are read at once."""
PLENTY = 10_000
"""Units that nobody claims in the second for which they are remembered."""
_NEVER = (0, None)


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a published offer that is asked before a claim.

    ``units`` are everybody's; a district's quota comes on top.
    """

    merchant_id: UUID
    active: bool
    mode: Mode
    opens_at: datetime
    per_citizen: int
    limits: list[dict[str, Any]]
    audience: dict[str, Any]
    has_quotas: bool
    units: int
    zone: str

    @property
    def has_plenty(self) -> bool:
        """Whether there are so many units that nobody need ask first whether there are any."""
        return self.units >= PLENTY


@dataclass(frozen=True, slots=True)
class Look:
    """PostgreSQL's own word on whether trying makes sense.

    ``units`` are what this citizen may take; ``share``: whether there ever were such; ``others``:
    whether there are units for other districts.
    """

    answered: bool
    units: int
    share: bool
    others: bool
    withdrawn: bool


class KnownOffers:
    """One process's memory of offers; ``_wanted`` says when each was last asked for."""

    def __init__(self) -> None:
        self._kept: dict[UUID, tuple[int, Known | None]] = {}
        self._wanted: dict[UUID, int] = {}
        self._asked: dict[UUID, asyncio.Task[Mapping[UUID, Known]]] = {}

    async def get(self, database: Database, *, offer_id: UUID) -> Known | None:
        """What is known about an offer, at most `LIFE_S` old; None: not a published one.

        Whoever comes while it is being read waits for that reading, and what else was asked for
        in the last second is read along with it, unless that was just done: a rush asks once a
        second, not once a request, and not for each offer.
        """
        now_ns = time.monotonic_ns()
        until_ns, known = self._kept.get(offer_id, _NEVER)
        if now_ns >= until_ns:
            asked = self._asked.get(offer_id) or self._begin(database, offer_id, now_ns)
            known = (await asyncio.shield(asked)).get(offer_id)
        if known is not None:
            self._wanted[offer_id] = now_ns
        return known

    def _begin(
        self, database: Database, offer_id: UUID, now_ns: int
    ) -> asyncio.Task[Mapping[UUID, Known]]:
        since_ns, soon_ns = now_ns - LIFE_NS, now_ns + LIFE_NS // 2
        self._wanted = {each: at_ns for each, at_ns in self._wanted.items() if at_ns >= since_ns}
        ageing = {each for each in self._wanted if self._kept.get(each, _NEVER)[0] <= soon_ns}
        others = ageing - self._asked.keys() - {offer_id}
        ids = [offer_id, *islice(others, TOGETHER_MAX - 1)]
        reading = asyncio.create_task(self._read(database, ids))
        self._asked |= dict.fromkeys(ids, reading)
        reading.add_done_callback(lambda _: [self._asked.pop(each) for each in ids])
        return reading

    async def _read(self, database: Database, offer_ids: Collection[UUID]) -> Mapping[UUID, Known]:
        async with database.reading() as tx:
            found = await read(tx, offer_ids=offer_ids)
        if len(self._kept) >= KEPT_MAX:
            self._kept.clear()
        until_ns = time.monotonic_ns() + LIFE_NS
        self._kept |= {each: (until_ns, found.get(each)) for each in offer_ids}
        return found


async def read(tx: Tx, *, offer_ids: Collection[UUID]) -> Mapping[UUID, Known]:
    """The same from PostgreSQL, in two statements; what is not a published offer is left out."""
    arguments = {"ids": list(offer_ids), "published": OfferState.published.value}
    rows = await (await tx.execute(_KNOWN, arguments)).fetchall()
    active = await directory.active_among(tx, merchant_ids={row[1] for row in rows})
    return {
        offer_id: Known(merchant_id, merchant_id in active, Mode(mode), *rest)
        for offer_id, merchant_id, mode, *rest in rows
    }


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
SELECT o.id, o.merchant_id, o.mode, o.opens_at, o.per_citizen, o.limits, o.audience,
       s.has_quotas, s.units, programme_zone()
  FROM offer o
 CROSS JOIN LATERAL (
       SELECT coalesce(bool_or(pool <> ''), false) AS has_quotas,
              coalesce(sum(remaining) FILTER (WHERE pool = '' AND open), 0)::bigint AS units
         FROM offer_stock WHERE offer_id = o.id) AS s
 WHERE o.id = ANY (%(ids)b::uuid[]) AND o.state = %(published)s
"""
_LOOK = """
SELECT EXISTS (SELECT FROM request WHERE bucket = %(bucket)s AND account_id = %(account_id)s
                                     AND key = %(key)s),
       coalesce(sum(remaining) FILTER (WHERE mine), 0)::int,
       coalesce(bool_or(mine AND initial > 0), false),
       coalesce(bool_or(NOT mine AND remaining > 0), false),
       count(*) = 0
  FROM (SELECT remaining, initial, pool IN (%(pool)s, '') AS mine
          FROM offer_stock WHERE offer_id = %(offer_id)s AND open) AS s
"""
