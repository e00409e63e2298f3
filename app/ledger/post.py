"""Use case inside the room: book any number of moves of any kind, on balances that are locked.

The doors decide what is to be moved, from what they read under the lock; this statement books it
and repeats the guards. However many moves there are, the number of statements is the same.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.ledger.axis import close_lots
from app.ledger.tables import Kind
from app.ledger.units import POINTS_MAX

MOVES_MAX = 10_000
"""In one call; more is several calls, so that no lock is held for long."""


@dataclass(frozen=True, slots=True)
class Move:
    """One entry: how far it moves the head (`earned`), the tail (`consumed`) and the holds."""

    account_id: int
    kind: Kind
    contra: int
    ref: UUID
    happened_at: datetime
    earned: int = 0
    consumed: int = 0
    held: int = 0

    def __post_init__(self) -> None:
        amount = self.earned - self.consumed
        assert 0 < abs(amount) <= POINTS_MAX, "something moves, and an entry can hold it"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a balance says at one moment."""

    earned: int = 0
    consumed: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        """What can be spent."""
        return self.earned - self.consumed - self.held


async def standings(tx: Tx, *, account_ids: Collection[int], unit: int) -> dict[int, Standing]:
    """What each account has now, in one statement; an unknown account has nothing."""
    found = dict.fromkeys(account_ids, Standing())
    rows = await tx.execute(_STANDINGS, {"accounts": list(found), "unit": unit})
    found |= {
        account_id: Standing(earned, consumed, held)
        async for account_id, earned, consumed, held in rows
    }
    return found


async def post(
    tx: Tx, *, moves: Sequence[Move], unit: int, now: datetime, expires_on: date | None = None
) -> None:
    """Book the moves, each account's in their order.

    Args:
        tx: the caller's transaction, which has locked the balances in an earlier statement.
        moves: at most `MOVES_MAX`; what they sum to is covered by what was read under the lock.
        unit: whose balances.
        now: when we book (UTC).
        expires_on: last day of the points that are added; needed when any are.

    """
    assert len(moves) <= MOVES_MAX, "postings come in chunks"
    if not moves:
        return
    gaining = {move.account_id for move in moves if move.earned}
    if gaining:
        assert expires_on is not None, "points that are added expire some day"
        await close_lots(tx, account_ids=gaining, unit=unit, expires_on=expires_on)
    arguments = {
        "accounts": [move.account_id for move in moves],
        "earned": [move.earned for move in moves],
        "consumed": [move.consumed for move in moves],
        "held": [move.held for move in moves],
        "kinds": [move.kind.value for move in moves],
        "contras": [move.contra for move in moves],
        "refs": [move.ref for move in moves],
        "happened": [move.happened_at for move in moves],
        "unit": unit,
        "expires_on": expires_on or date.min,
        "now": now,
    }
    row = await (await tx.execute(_POST, arguments)).fetchone()
    people = len({move.account_id for move in moves})
    assert row == (people, len(moves)), "what was locked and read cannot have changed"


_STANDINGS = """
SELECT b.account_id, b.earned, b.consumed, b.held
  FROM balance b JOIN unnest(%(accounts)b::bigint[]) AS t (a)
    ON b.bucket = (a %% 1024)::smallint AND b.account_id = a AND b.unit = %(unit)s
"""
_POST = """
WITH ranked AS MATERIALIZED (
  SELECT (account_id %% 1024)::smallint AS bucket, t.*, count(*) OVER a AS n,
         row_number() OVER s AS nth,
         (sum(earned) OVER a)::bigint AS up, (sum(consumed) OVER a)::bigint AS down,
         (sum(held) OVER a)::bigint AS set_aside,
         (sum(earned) OVER s)::bigint AS up_so_far, (sum(consumed) OVER s)::bigint AS down_so_far
    FROM unnest(%(accounts)b::bigint[], %(earned)b::int[], %(consumed)b::int[], %(held)b::int[],
                %(kinds)b::smallint[], %(contras)b::int[], %(refs)b::uuid[],
                %(happened)b::timestamptz[])
         WITH ORDINALITY
      AS t (account_id, earned, consumed, held, kind, contra, ref, effective_at, place)
  WINDOW a AS (PARTITION BY account_id),
         s AS (PARTITION BY account_id ORDER BY place ROWS UNBOUNDED PRECEDING)
), head AS (                        -- 1. the guard again; what is added are facts, not readings
  UPDATE balance b SET earned = b.earned + r.up, consumed = b.consumed + r.down,
         held = b.held + r.set_aside, last_seq = b.last_seq + r.n,
         last_posted_at = greatest(%(now)s, b.last_posted_at + r.n * interval '1 microsecond'),
         last_expiry = CASE WHEN r.up > 0 THEN greatest(%(expires_on)s, b.last_expiry)
                            ELSE b.last_expiry END
    FROM ranked r
   WHERE r.nth = 1 AND b.bucket = r.bucket AND b.account_id = r.account_id
     AND b.unit = %(unit)s AND least(b.consumed + r.down, b.held + r.set_aside) >= 0
     AND b.earned + r.up - b.consumed - r.down - b.held - r.set_aside >= 0
  RETURNING b.bucket, b.account_id, b.unit, b.earned, b.consumed, b.last_seq, b.last_posted_at
), booked AS (                      -- 2. one entry per move
  INSERT INTO entry (bucket, account_id, unit, seq, kind, amount, contra, ref,
                     earned_after, consumed_after, effective_at, posted_at)
  SELECT h.bucket, account_id, h.unit, h.last_seq - n + nth, kind, r.earned - r.consumed, contra,
         ref, h.earned - up + up_so_far, h.consumed - down + down_so_far, effective_at,
         h.last_posted_at - (n - nth) * interval '1 microsecond'
    FROM ranked r JOIN head h USING (account_id)
  RETURNING 1
)
SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM booked)
"""
