"""Use cases: take points back that were given wrongly, and reverse an earning as a whole.

What is available is taken; held points stay held and nobody falls below zero. What is missing is
owed to the programme's reserve, up to a cap; the reserve bears the rest for good.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx
from app.ledger import causes, contra
from app.ledger.causes import Recorded
from app.ledger.debts import debts, owe
from app.ledger.errors import EarningNotFound
from app.ledger.locking import lock_accounts
from app.ledger.post import Move, post, standings
from app.ledger.tables import Kind
from app.ledger.units import POINTS, POINTS_MAX

DEBT_CAP = 1_000
"""What an account can owe at most, unless the caller says otherwise: points."""


@dataclass(frozen=True, slots=True)
class ClawBack:
    """Points to take back for a cause; ``contra`` gets them, as it once gave them."""

    account_id: int
    points: int
    ref: UUID
    happened_at: datetime
    contra: int = contra.PROGRAMME

    def __post_init__(self) -> None:
        assert 0 < self.points <= POINTS_MAX, "something is taken, and an entry can hold it"


@dataclass(frozen=True, slots=True)
class ClawedBack:
    """What became of it: taken from the account, owed by it, borne by the reserve."""

    taken: int
    owed: int
    borne: int


@dataclass(frozen=True, slots=True)
class Reversal:
    """The earning of ``ref`` did not deserve its points."""

    account_id: int
    ref: UUID
    happened_at: datetime


def settle_claim(wanted: int, *, available: int, owed: int, cap: int) -> ClawedBack:
    """Who bears a claw-back: first what is there, then the debtor up to the cap, then us. Pure."""
    taken = min(wanted, max(available, 0))
    owing = min(wanted - taken, max(cap - owed, 0))
    return ClawedBack(taken, owing, wanted - taken - owing)


async def claw_back(
    tx: Tx,
    *,
    claw_backs: Sequence[ClawBack],
    now: datetime,
    debt_cap: int = DEBT_CAP,
    unit: int = POINTS,
    kind: Kind = Kind.claw_back,
) -> list[ClawedBack]:
    """Take any number of claims; the number of statements does not depend on it.

    Args:
        tx: the caller's transaction.
        claw_backs: at most `post.MOVES_MAX`, with distinct refs; of one account in their order.
        now: when we book (UTC).
        debt_cap: what an account can owe at most.
        unit: what is taken.
        kind: how the statement calls it.

    Returns:
        One answer for each; the first answer again for one that was booked before.

    """
    if not claw_backs:
        return []
    keys = [(each.account_id, each.ref) for each in claw_backs]
    assert len(set(keys)) == len(keys), "each claim has a cause of its own"
    people = list(dict.fromkeys(each.account_id for each in claw_backs))
    await lock_accounts(tx, account_ids=people, unit=unit)
    answers = await causes.known(tx, keys=keys, kind=kind, unit=unit)
    left = {
        account_id: standing.available
        for account_id, standing in (await standings(tx, account_ids=people, unit=unit)).items()
    }
    owed = await debts(tx, account_ids=people, unit=unit)
    moves, recorded = [], []
    for each in claw_backs:
        who, key = each.account_id, (each.account_id, each.ref)
        if key in answers:
            continue
        parts = settle_claim(each.points, available=left[who], owed=owed[who], cap=debt_cap)
        left[who] -= parts.taken
        owed[who] += parts.owed
        answers[key] = Recorded(
            *key, each.ref, -each.points, -parts.taken, parts.owed, parts.borne, each.contra
        )
        recorded.append(answers[key])
        if parts.taken:
            moves.append(
                Move(who, kind, each.contra, each.ref, each.happened_at, consumed=parts.taken)
            )
    await causes.record(tx, causes=recorded, kind=kind, unit=unit, now=now)
    await owe(
        tx,
        more={who: owed[who] for who in {r.account_id for r in recorded if r.owed}},
        cap=debt_cap,
        unit=unit,
    )
    await post(tx, moves=moves, unit=unit, now=now)
    found = [answers[key] for key in keys]
    return [ClawedBack(-each.booked, each.owed, each.borne) for each in found]


async def reverse(
    tx: Tx,
    *,
    reversals: Sequence[Reversal],
    now: datetime,
    debt_cap: int = DEBT_CAP,
    unit: int = POINTS,
) -> list[ClawedBack]:
    """Take back what earnings booked, with what corrections added to or took from them since.

    Args:
        tx: the caller's transaction, in which the earnings' causes are reversed.
        reversals: with distinct refs.
        now: when we book (UTC).
        debt_cap: what an account can owe at most.
        unit: what was earned.

    Returns:
        One answer for each; the first answer again for one that was reversed before, nothing
        for one whose points a correction had taken away already.

    Raises:
        EarningNotFound: one of the accounts never earned anything for its ref.

    """
    if not reversals:
        return []
    people = [each.account_id for each in reversals]
    await lock_accounts(tx, account_ids=people, unit=unit)
    arguments = {
        "accounts": people,
        "refs": [each.ref for each in reversals],
        "unit": unit,
        "earn": Kind.earn.value,
        "kinds": [Kind.earn.value, Kind.adjust.value, Kind.claw_back.value],
    }
    net: dict[tuple[int, UUID], tuple[int, int]] = {}
    async for account_id, ref, payer, points in await tx.execute(_EARNED, arguments):
        net[account_id, ref] = (payer, points)
    claims = []
    for each in reversals:
        key = (each.account_id, each.ref)
        if key not in net:
            raise EarningNotFound(
                "This account earned nothing for this cause.", "该账户没有对应的积分收入。"
            )
        payer, points = net[key]
        if points > 0:
            claims.append(ClawBack(*key[:1], points, each.ref, each.happened_at, payer))
    taken = await claw_back(
        tx, claw_backs=claims, now=now, debt_cap=debt_cap, unit=unit, kind=Kind.reverse
    )
    answer_of = {
        (claim.account_id, claim.ref): answer for claim, answer in zip(claims, taken, strict=True)
    }
    nothing = ClawedBack(0, 0, 0)
    return [answer_of.get((each.account_id, each.ref), nothing) for each in reversals]


# The key of entries leads with the account: one range of one account's entries for each reversal.
_EARNED = """
SELECT t.a, t.ref, e.payer, e.points
  FROM unnest(%(accounts)b::bigint[], %(refs)b::uuid[]) AS t (a, ref)
  JOIN LATERAL (SELECT min(contra) FILTER (WHERE kind = %(earn)s) AS payer, sum(amount) AS points
                  FROM entry
                 WHERE account_id = t.a AND unit = %(unit)s AND bucket = (t.a %% 1024)::smallint
                   AND kind = ANY (%(kinds)b::smallint[]) AND ref = t.ref) AS e
    ON e.payer IS NOT NULL
"""
