"""Use case: book the points that reductions have earned.

Called inside the caller's transaction, so points exist if and only if the reduction that
earned them does. The cause's own row (unique for ever) is what keeps a cause from being
booked twice; `verify` proves that no cause was.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from app.columns import int4s, int8s, moments, uuids
from app.database import Tx
from app.ledger import contra
from app.ledger.axis import close_lots
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX

PER_ACCOUNT_MAX = 1_000
"""Earnings of one account in one call: their times are microseconds inside a millisecond."""


class Earning(msgspec.Struct, frozen=True):
    """Points for one cause: ``points`` is whole and positive, ``ref`` is the reduction.

    ``contra`` is who pays for them: the programme, or a sponsor by its number.
    """

    account_id: int
    points: int
    ref: UUID
    happened_at: datetime
    contra: int = contra.PROGRAMME

    def __post_init__(self) -> None:
        assert 0 < self.points <= POINTS_MAX, "something is booked, and an entry can hold it"


async def earn(
    tx: Tx,
    *,
    earnings: Sequence[Earning],
    expires_on: date,
    now: datetime,
    unit: int = POINTS,
    buckets: Sequence[int] | None = None,
) -> None:
    """Book any number of earnings in one statement: an entry each, and a balance per account.

    Balances are written in key order, so two batches that share citizens wait for each other
    but never deadlock. No row is shared by two accounts. Accounts whose points so far expire
    earlier are left out by the statement (and locked by it); their lot is closed and they are
    booked by a second run. That happens once per account and quarter.

    Args:
        tx: the caller's transaction, in which the causes were inserted.
        earnings: one per cause, with distinct refs, at most `PER_ACCOUNT_MAX` per account.
        expires_on: last day (programme's zone) on which these points can be spent, a quarter
            end. A late batch cannot expire before one that was booked earlier.
        now: when we book (UTC). ``Earning.happened_at`` is when it happened in the world.
        unit: what is earned.
        buckets: of a lane, which hold all accounts.

    Source: design of one-row balanced transfers on a FIFO axis; the running totals are window
    functions, because joining a second aggregate turned quadratic when it was measured.
    """
    if not earnings:
        return
    people = {earning.account_id for earning in earnings}
    missing = len(people) - await _book(tx, earnings, expires_on, now, unit)
    if not missing:
        return
    closed = set(
        await close_lots(tx, account_ids=people, unit=unit, expires_on=expires_on, buckets=buckets)
    )
    rest = [earning for earning in earnings if earning.account_id in closed]
    booked = await _book(tx, rest, expires_on, now, unit)
    assert booked == len(closed) == missing, "what was left out is locked and was closed"


async def _book(
    tx: Tx, earnings: Sequence[Earning], expires_on: date, now: datetime, unit: int
) -> int:
    """How many accounts were credited."""
    row = await (
        await tx.execute(
            _EARN,
            {
                "accounts": int8s([earning.account_id for earning in earnings]),
                "points": int4s([earning.points for earning in earnings]),
                "refs": uuids([earning.ref for earning in earnings]),
                "happened": moments([earning.happened_at for earning in earnings]),
                "contras": int4s([earning.contra for earning in earnings]),
                "unit": unit,
                "kind": Kind.earn.value,
                "expires_on": expires_on,
                "now": now,
            },
        )
    ).fetchone()
    assert row is not None, "a count is always one row"
    return int(row[0])


_EARN = """
WITH ranked AS MATERIALIZED (
  SELECT (account_id %% 1024)::smallint AS bucket, t.*, count(*) OVER a AS n,
         row_number() OVER s AS nth, (sum(amount) OVER a)::bigint AS total,
         (sum(amount) OVER s)::bigint AS running
    FROM unnest(%(accounts)b::bigint[], %(points)b::int[], %(refs)b::uuid[],
                %(happened)b::timestamptz[], %(contras)b::int[])
      AS t (account_id, amount, ref, effective_at, contra)
  WINDOW a AS (PARTITION BY account_id),
         s AS (PARTITION BY account_id ORDER BY effective_at, ref ROWS UNBOUNDED PRECEDING)
), head AS (                        -- 1. one row per account: the lock and the sequence
  INSERT INTO balance AS b (bucket, account_id, unit, earned, consumed, held,
                            last_seq, last_posted_at, last_expiry)
  SELECT bucket, account_id, %(unit)s, total, 0, 0, n, %(now)s, %(expires_on)s
    FROM ranked WHERE nth = 1 ORDER BY 1, 2
  ON CONFLICT (bucket, account_id, unit) DO UPDATE SET
    earned = b.earned + EXCLUDED.earned,
    last_seq = b.last_seq + EXCLUDED.last_seq,
    last_posted_at = greatest(EXCLUDED.last_posted_at, b.last_posted_at + interval '1 ms'),
    last_expiry = greatest(EXCLUDED.last_expiry, b.last_expiry)
    WHERE b.last_expiry >= EXCLUDED.last_expiry OR b.earned = 0
  RETURNING b.bucket, b.account_id, b.unit, b.earned, b.consumed, b.last_seq, b.last_posted_at
), booked AS (                      -- 2. one entry per earning
  INSERT INTO entry (bucket, account_id, unit, seq, kind, amount, contra, ref,
                     earned_after, consumed_after, effective_at, posted_at)
  SELECT h.bucket, account_id, h.unit, h.last_seq - n + nth, %(kind)s, amount, contra,
         ref, h.earned - total + running, h.consumed, effective_at,
         h.last_posted_at - (n - nth) * interval '1 microsecond'
    FROM ranked JOIN head h USING (account_id)
)
SELECT count(*) FROM head           -- 3. fewer than asked for: a lot must be closed first
"""
