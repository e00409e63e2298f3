"""Give back what redemptions or tickets held: points, uses, funding, units and codes.

Set-based, and in the transaction that resolved them. Locks in the house's order: the redemptions
are locked already, then balances, uses, budgets and stock, each sorted.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.ledger.hold_many import Hold, release_many


@dataclass(frozen=True, slots=True)
class Resolved:
    """A redemption or ticket that has just been closed; ``slot`` is None for a ticket."""

    account_id: int
    id: UUID
    offer_id: UUID
    unit: int
    points: int
    slot: int | None
    household: int | None
    device: int | None
    created_at: datetime


async def give_back(tx: Tx, *, resolved: Sequence[Resolved]) -> None:
    """Undo what `redeem_hold` took for these; eight statements, however many there are.

    Args:
        tx: the caller's transaction, in which their state was changed.
        resolved: each once.

    """
    if not resolved:
        return
    for unit in sorted({each.unit for each in resolved}):
        holds = [Hold(each.account_id, each.points) for each in resolved if each.unit == unit]
        await release_many(tx, holds=holds, unit=unit)
    await lock_uses(tx, resolved=resolved)
    await tx.execute(_UNCOUNT, _uses(resolved))
    await _put_back(tx, [each for each in resolved if each.slot is not None])


async def lock_uses(tx: Tx, *, resolved: Sequence[Resolved]) -> None:
    """Lock the counts of these units, in key order, until the transaction ends."""
    await tx.execute(_LOCK_USES, _uses(resolved))


def _uses(resolved: Sequence[Resolved]) -> dict[str, Any]:
    return {
        "offers": [each.offer_id for each in resolved],
        "accounts": [each.account_id for each in resolved],
        "households": [each.household for each in resolved],
        "devices": [each.device for each in resolved],
        "made": [each.created_at for each in resolved],
    }


async def _put_back(tx: Tx, resolved: Sequence[Resolved]) -> None:
    """Units, and what others paid for them; each locked in key order first.

    In one statement the sum would first be checked against a row that is out of date.
    """
    if not resolved:
        return
    units = Counter((each.offer_id, each.slot) for each in resolved)
    keys = list(units)
    arguments: dict[str, Any] = {
        "offers": [offer_id for offer_id, _ in keys],
        "slots": [slot for _, slot in keys],
        "units": [units[key] for key in keys],
        "seed": resolved[0].account_id % 1024,
        "ids": [each.id for each in resolved],
        "offer_of": [each.offer_id for each in resolved],
        "slot_of": [each.slot for each in resolved],
    }
    await tx.execute(_LOCK_FUNDING, arguments)
    await tx.execute(_REFUND, arguments)
    await tx.execute(_LOCK_STOCK, arguments)
    await tx.execute(_PUT_BACK, arguments)
    await tx.execute(_FREE_CODES, arguments)


_KEYS = """
  SELECT (k.subject %% 1024)::smallint AS bucket, k.subject, t.offer_id, k.kind, k.period,
         count(*)::int AS n
    FROM unnest(%(offers)b::uuid[], %(accounts)b::bigint[], %(households)b::bigint[],
                %(devices)b::bigint[], %(made)b::timestamptz[])
      AS t (offer_id, account_id, household, device, made_at)
    JOIN offer o ON o.id = t.offer_id
   CROSS JOIN LATERAL use_keys(o.per_citizen, o.limits, t.account_id, t.household, t.device,
                               (t.made_at AT TIME ZONE (SELECT programme_zone()))::date) AS k
   GROUP BY 1, 2, 3, 4, 5
"""
_LOCK_USES = f"""
WITH keys AS MATERIALIZED ({_KEYS})
SELECT count(*) FROM (
  SELECT 1 FROM offer_use u JOIN keys USING (bucket, subject, offer_id, kind, period)
   ORDER BY u.offer_id, u.kind, u.subject, u.period FOR UPDATE OF u) AS locked
"""
_UNCOUNT = f"""
WITH keys AS MATERIALIZED ({_KEYS})
UPDATE offer_use u SET used = u.used - k.n FROM keys k
 WHERE u.bucket = k.bucket AND u.subject = k.subject AND u.offer_id = k.offer_id
   AND u.kind = k.kind AND u.period = k.period
"""

# One slot of each budget takes all of it, another one for each citizen's bucket.
_MONEY = """
  SELECT f.budget_id, sum(t.units * f.fen)::bigint AS fen,
         (%(seed)s %% (SELECT count(*) FROM funding_slot s WHERE s.budget_id = f.budget_id))::int
           AS slot
    FROM unnest(%(offers)b::uuid[], %(units)b::int[]) AS t (offer_id, units)
    JOIN offer_funding f ON f.offer_id = t.offer_id AND f.budget_id IS NOT NULL AND f.fen > 0
   GROUP BY 1
"""
_LOCK_FUNDING = f"""
WITH money AS MATERIALIZED ({_MONEY})
SELECT count(*) FROM (
  SELECT 1 FROM funding_slot s JOIN money m ON m.budget_id = s.budget_id AND m.slot = s.slot
   ORDER BY s.budget_id, s.slot FOR UPDATE OF s) AS locked
"""
_REFUND = f"""
WITH money AS MATERIALIZED ({_MONEY})
UPDATE funding_slot s SET remaining_fen = s.remaining_fen + m.fen FROM money m
 WHERE s.budget_id = m.budget_id AND s.slot = m.slot
"""
_LOCK_STOCK = """
SELECT count(*) FROM (
  SELECT 1 FROM offer_stock s
    JOIN unnest(%(offers)b::uuid[], %(slots)b::smallint[]) AS t (offer_id, slot)
      ON s.offer_id = t.offer_id AND s.slot = t.slot
   ORDER BY s.offer_id, s.slot FOR UPDATE OF s) AS locked
"""
# A unit whose code was seen (an older version let tills undo that) is gone with its code.
_PUT_BACK = """
WITH t AS (
  SELECT each.offer_id, each.slot, count(*)::int AS n, count(c.shown_at)::int AS seen
    FROM unnest(%(ids)b::uuid[], %(offer_of)b::uuid[], %(slot_of)b::smallint[])
      AS each (id, offer_id, slot)
    LEFT JOIN offer_code c ON c.redemption_id = each.id
   GROUP BY 1, 2
)
UPDATE offer_stock s SET remaining = s.remaining + t.n - t.seen, initial = s.initial - t.seen
  FROM t
 WHERE s.offer_id = t.offer_id AND s.slot = t.slot
"""
_FREE_CODES = """
UPDATE offer_code SET state = 1, redemption_id = NULL
 WHERE redemption_id = ANY (%(ids)b::uuid[]) AND shown_at IS NULL
"""
