"""Use case: correct what was booked, for any number of accounts, and leave nobody below zero.

Upwards is paid out. Downwards takes what is available at that moment and nothing else: held
points stay held, and what is missing is the caller's to record (the programme's correction
reserve bears it, `contra.RESERVE`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from app.database import Tx
from app.ledger.locking import lock_accounts
from app.ledger.tables import Kind
from app.ledger.units import POINTS

ADJUSTMENTS_MAX = 10_000
"""In one call; a longer correction is several calls, so that no lock is held for long."""


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A wish: ``points`` more (positive) or less (negative) for a cause.

    ``owed`` is what the reserve bore for this cause before; an increase repays it first.
    """

    account_id: int
    points: int
    ref: UUID
    happened_at: datetime
    owed: int = 0

    def __post_init__(self) -> None:
        assert self.owed >= 0, "the reserve lends, it does not borrow"


@dataclass(frozen=True, slots=True)
class Adjusted:
    """What became of a wish: ``booked`` on the account, ``shortfall`` borne by the reserve.

    ``points == booked - shortfall``, always; a negative shortfall is repaid to the reserve.
    """

    booked: int
    shortfall: int


def settle_account(available: int, wishes: Sequence[Adjustment]) -> list[Adjusted]:
    """One account's wishes in order, against what is available. Pure.

    Args:
        available: whole points that can be spent now.
        wishes: all of one account.

    Returns:
        One answer for each wish; the points available never fall below zero on the way.

    """
    answers = []
    for wish in wishes:
        if wish.points >= 0:
            repaid = min(wish.points, wish.owed)
            answer = Adjusted(wish.points - repaid, -repaid)
        else:
            taken = min(-wish.points, max(available, 0))
            answer = Adjusted(-taken, -wish.points - taken)
        available += answer.booked
        answers.append(answer)
    return answers


async def adjust(
    tx: Tx,
    *,
    adjustments: Sequence[Adjustment],
    contra: int,
    expires_on: date,
    now: datetime,
) -> list[Adjusted]:
    """Book any number of adjustments; the number of statements does not depend on it.

    The balances are locked first and read in the next statement; what to book is computed from
    what was read, and the UPDATE repeats the guard. Lock and update in one statement would
    check constraints against a row that another transaction has just changed.

    Args:
        tx: the caller's transaction, in which the causes are recorded.
        adjustments: in the order in which they are to be booked.
        contra: the other side of the entries.
        expires_on: last day on which points that are added can be spent, a quarter end.
        now: when we book (UTC).

    Returns:
        One answer for each adjustment, in their order.

    """
    assert len(adjustments) <= ADJUSTMENTS_MAX, "corrections come in chunks"
    if not adjustments:
        return []
    places_of: dict[int, list[int]] = {}
    for place, each in enumerate(adjustments):
        places_of.setdefault(each.account_id, []).append(place)
    await lock_accounts(tx, account_ids=places_of)
    left = await available(tx, account_ids=list(places_of))
    answers: list[Adjusted] = [Adjusted(0, 0)] * len(adjustments)
    for account_id, places in places_of.items():
        settled = settle_account(left[account_id], [adjustments[place] for place in places])
        for place, answer in zip(places, settled, strict=True):
            answers[place] = answer
    moves = [
        (wish, answer.booked)
        for wish, answer in zip(adjustments, answers, strict=True)
        if answer.booked
    ]
    if moves:
        await _book(tx, moves, {"contra": contra, "expires_on": expires_on, "now": now})
    return answers


async def available(tx: Tx, *, account_ids: Sequence[int]) -> dict[int, int]:
    """What each account could spend now, in one statement; an unknown account has nothing."""
    found = dict.fromkeys(account_ids, 0)
    rows = await tx.execute(_AVAILABLE, {"accounts": list(account_ids), "unit": POINTS})
    found |= {account_id: points async for account_id, points in rows}
    return found


async def _book(
    tx: Tx, moves: Sequence[tuple[Adjustment, int]], common: Mapping[str, object]
) -> None:
    arguments = {
        **common,
        "accounts": [wish.account_id for wish, _ in moves],
        "amounts": [booked for _, booked in moves],
        "refs": [wish.ref for wish, _ in moves],
        "happened": [wish.happened_at for wish, _ in moves],
        "unit": POINTS,
        "up": Kind.adjust.value,
        "down": Kind.claw_back.value,
    }
    row = await (await tx.execute(_ADJUST, arguments)).fetchone()
    people = len({wish.account_id for wish, _ in moves})
    assert row == (people, len(moves)), "what was locked and read cannot have changed"


_AVAILABLE = """
SELECT b.account_id, b.earned - b.consumed - b.held
  FROM balance b JOIN unnest(%(accounts)b::bigint[]) AS t (a)
    ON b.bucket = (a %% 1024)::smallint AND b.account_id = a AND b.unit = %(unit)s
"""
_ADJUST = """
WITH ranked AS MATERIALIZED (
  SELECT (account_id %% 1024)::smallint AS bucket, t.*, count(*) OVER a AS n,
         row_number() OVER s AS nth,
         (sum(greatest(amount, 0)) OVER a)::bigint AS up,
         (sum(greatest(-amount, 0)) OVER a)::bigint AS down,
         (sum(greatest(amount, 0)) OVER s)::bigint AS up_so_far,
         (sum(greatest(-amount, 0)) OVER s)::bigint AS down_so_far
    FROM unnest(%(accounts)b::bigint[], %(amounts)b::bigint[], %(refs)b::uuid[],
                %(happened)b::timestamptz[])
         WITH ORDINALITY AS t (account_id, amount, ref, effective_at, place)
  WINDOW a AS (PARTITION BY account_id),
         s AS (PARTITION BY account_id ORDER BY place ROWS UNBOUNDED PRECEDING)
), head AS (                        -- 1. the guard again; amounts are facts, not readings
  UPDATE balance b SET earned = b.earned + r.up, consumed = b.consumed + r.down,
         last_seq = b.last_seq + r.n,
         last_posted_at = greatest(%(now)s, b.last_posted_at + r.n * interval '1 microsecond'),
         last_expiry = CASE WHEN r.up > 0 THEN greatest(%(expires_on)s, b.last_expiry)
                            ELSE b.last_expiry END
    FROM ranked r
   WHERE r.nth = 1 AND b.bucket = r.bucket AND b.account_id = r.account_id
     AND b.unit = %(unit)s AND b.earned + r.up - b.consumed - r.down - b.held >= 0
  RETURNING b.*
), booked AS (                      -- 2. one entry per adjustment
  INSERT INTO entry (bucket, account_id, unit, seq, kind, amount, contra, ref,
                     earned_after, consumed_after, effective_at, posted_at)
  SELECT h.bucket, h.account_id, h.unit, h.last_seq - n + nth,
         CASE WHEN amount > 0 THEN %(up)s ELSE %(down)s END, amount, %(contra)s, ref,
         h.earned - up + up_so_far, h.consumed - down + down_so_far, effective_at,
         h.last_posted_at - (n - nth) * interval '1 microsecond'
    FROM ranked JOIN head h USING (account_id)
  RETURNING 1
), marked AS (                      -- 3. a mark on the axis for what was added
  INSERT INTO lot (bucket, account_id, unit, expires_on, cum_earned)
  SELECT h.bucket, h.account_id, h.unit, h.last_expiry, h.earned
    FROM head h JOIN ranked r ON r.account_id = h.account_id AND r.nth = 1 AND r.up > 0
   ORDER BY 1, 2
  ON CONFLICT (bucket, account_id, unit, expires_on) DO UPDATE SET cum_earned = EXCLUDED.cum_earned
)
SELECT (SELECT count(*) FROM head), (SELECT count(*) FROM booked)
"""
