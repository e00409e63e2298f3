"""What rare postings were booked for: each cause once, and the first answer for ever.

Used inside the room, under the lock of the balances: whoever asks for the same cause again waits
for the first and then reads its answer here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger.tables import Kind

Key = tuple[int, UUID]
"""An account and the ref of a cause."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A cause and what became of it: ``points == booked - owed - borne``."""

    account_id: int
    ref: UUID
    of_ref: UUID
    points: int
    booked: int
    owed: int
    borne: int
    contra: int


async def known(tx: Tx, *, keys: Collection[Key], kind: Kind, unit: int) -> dict[Key, Recorded]:
    """Those of the causes that were booked before."""
    arguments = {
        "accounts": [account_id for account_id, _ in keys],
        "refs": [ref for _, ref in keys],
        "kind": kind.value,
        "unit": unit,
    }
    found = [Recorded(*row) async for row in await tx.execute(_KNOWN, arguments)]
    return {(each.account_id, each.ref): each for each in found}


async def record(
    tx: Tx, *, causes: Sequence[Recorded], kind: Kind, unit: int, now: datetime
) -> None:
    """Write causes down that `known` did not find."""
    if not causes:
        return
    await tx.execute(
        _RECORD,
        {
            "accounts": [each.account_id for each in causes],
            "refs": [each.ref for each in causes],
            "of_refs": [each.of_ref for each in causes],
            "points": [each.points for each in causes],
            "booked": [each.booked for each in causes],
            "owed": [each.owed for each in causes],
            "borne": [each.borne for each in causes],
            "contras": [each.contra for each in causes],
            "kind": kind.value,
            "unit": unit,
            "now": now,
        },
    )


_KNOWN = """
SELECT c.account_id, c.ref, c.of_ref, c.points, c.booked, c.owed, c.borne, c.contra
  FROM cause c JOIN unnest(%(accounts)b::bigint[], %(refs)b::uuid[]) AS t (a, ref)
    ON c.bucket = (a %% 1024)::smallint AND c.account_id = a AND c.unit = %(unit)s
   AND c.kind = %(kind)s AND c.ref = t.ref
"""
_RECORD = """
INSERT INTO cause (bucket, account_id, unit, kind, ref, of_ref, points, booked, owed, borne,
                   contra, posted_at)
SELECT (a %% 1024)::smallint, a, %(unit)s, %(kind)s, ref, of_ref, points, booked, owed, borne,
       contra, %(now)s
  FROM unnest(%(accounts)b::bigint[], %(refs)b::uuid[], %(of_refs)b::uuid[], %(points)b::int[],
              %(booked)b::int[], %(owed)b::int[], %(borne)b::int[], %(contras)b::int[])
    AS t (a, ref, of_ref, points, booked, owed, borne, contra)
"""
