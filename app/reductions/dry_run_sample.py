"""Read: a sample of history, whole citizens at a time, for a version to be tried on.

The buckets are walked in an order that depends on the version alone, so the same trial looks
at the same citizens. A sample is read in a few statements, however many acts it has.
"""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.ids import BUCKETS

CHUNK = 10_000
"""About how many acts one statement should bring."""
WIDER = 4


@dataclass(frozen=True, slots=True)
class Past:
    """One act of history: how it counted, and what is left of its evidence.

    ``grams`` is None for a held act. ``data`` is None when the evidence's retention is over;
    then only the stored ``inputs`` are there.
    """

    account_id: int
    id: UUID
    occurred_on: date | None
    grams: int | None
    inputs: Mapping[str, str] | None
    data: Mapping[str, Any] | None
    received_at: datetime | None


async def chunks(
    tx: Tx, *, version_ids: Sequence[int], since: date, limit: int, seed: str
) -> AsyncIterator[list[Past]]:
    """Acts of some versions since a day, at most ``limit`` of them, citizens kept together."""
    buckets = list(range(BUCKETS))
    random.Random(seed).shuffle(buckets)  # noqa: S311 - a sample, not a secret
    width, left = 1, limit
    while buckets and left > 0:
        part, buckets = buckets[:width], buckets[width:]
        rows = await tx.execute(
            _PAST, {"buckets": part, "versions": list(version_ids), "since": since, "limit": left}
        )
        found = [Past(*row) async for row in rows]
        if found:
            yield found
        left -= len(found)
        if len(found) * WIDER < CHUNK:
            width *= WIDER
        elif len(found) > CHUNK:
            width = max(1, width // WIDER)


_PAST = """
SELECT account_id, id, occurred_on, grams, inputs, data, received_at FROM (
  SELECT r.account_id, r.id, r.occurred_on, r.grams, r.inputs, e.data, e.received_at
    FROM reduction r
    LEFT JOIN evidence e ON e.bucket = r.bucket AND e.account_id = r.account_id AND e.id = r.id
   WHERE r.bucket = ANY(%(buckets)s::smallint[]) AND r.version_id = ANY(%(versions)s::smallint[])
     AND r.occurred_on >= %(since)s
  UNION ALL
  SELECT h.account_id, h.id, NULL, NULL, NULL, e.data, e.received_at
    FROM held_activity h
    JOIN evidence e ON e.bucket = h.bucket AND e.account_id = h.account_id AND e.id = h.id
   WHERE h.bucket = ANY(%(buckets)s::smallint[]) AND h.version_id = ANY(%(versions)s::smallint[])
     AND h.held_at >= %(since)s) AS past
 ORDER BY account_id, id LIMIT %(limit)s
"""
