"""Read: a sample of history, whole citizens at a time, for a version to be tried on.

Groups of a thousand neighbouring accounts are walked in an order that depends on the version
alone, so the same trial looks at the same citizens. A sample is read in a few statements,
however many acts it has.
"""

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.ids import BUCKETS
from app.intake import evidence
from app.reductions import shapes

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
    groups = await _groups(tx)
    random.Random(seed).shuffle(groups)  # noqa: S311 - a sample, not a secret
    width, left = 1, limit
    while groups and left > 0:
        part, groups = groups[:width], groups[width:]
        arguments = {"groups": part, "versions": list(version_ids), "since": since, "limit": left}
        rows = await (await tx.execute(_PAST, arguments)).fetchall()
        found = await _with_evidence(tx, rows)
        if found:
            yield found
        left -= len(found)
        if len(found) * WIDER < CHUNK:
            width *= WIDER
        elif len(found) > CHUNK:
            width = max(1, width // WIDER)


async def _groups(tx: Tx) -> list[int]:
    """The first possible account of each group in which there is an act."""
    row = await (await tx.execute(_ENDS)).fetchone()
    assert row is not None, "an aggregate answers"
    if row[0] is None:
        return []
    return list(range(row[0] - row[0] % BUCKETS, row[1] + 1, BUCKETS))


async def _with_evidence(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> list[Past]:
    sent = await evidence.of_places(tx, places=[(row[6], row[7]) for row in rows])
    found = []
    for account_id, act_id, day, grams, names, values, block, line in rows:
        kept = None if names is None else shapes.restored(names, values, day)
        original = sent.get((block, line))
        if kept is None and original is None:
            continue  # held, and its evidence is gone: nothing is left to try it with
        data, received_at = (
            (original.data, original.received_at) if original is not None else (None, None)
        )
        found.append(Past(account_id, act_id, day, grams, kept, data, received_at))
    return found


_ENDS = """
SELECT min(first), max(last)
  FROM (SELECT (SELECT min(account_id) FROM reduction) AS first,
               (SELECT max(account_id) FROM reduction) AS last
        UNION ALL
        SELECT (SELECT min(account_id) FROM held_activity),
               (SELECT max(account_id) FROM held_activity)
       ) AS ends
"""
_PAST = """
SELECT account_id, id, occurred_on, grams, names, inputs, block_no, line FROM (
  SELECT r.account_id, r.id, r.occurred_on, r.grams, s.names, r.inputs, r.block_no, r.line
    FROM unnest(%(groups)s::bigint[]) AS g (first)
   CROSS JOIN LATERAL (
           SELECT * FROM reduction r
            WHERE r.account_id >= g.first AND r.account_id < g.first + 1024 OFFSET 0) AS r
    JOIN input_shape s ON s.id = r.shape_id
   WHERE r.version_id = ANY(%(versions)s::smallint[]) AND r.occurred_on >= %(since)s
  UNION ALL
  SELECT h.account_id, h.id, NULL, NULL, NULL, NULL, h.block_no, h.line
    FROM unnest(%(groups)s::bigint[]) AS g (first)
    JOIN held_activity h ON h.account_id >= g.first AND h.account_id < g.first + 1024
   WHERE h.version_id = ANY(%(versions)s::smallint[]) AND h.held_at >= %(since)s) AS past
 ORDER BY account_id, block_no, line LIMIT %(limit)s
"""
