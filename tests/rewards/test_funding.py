"""Who pays for a unit: split to the fen, drawn from budgets that cannot be overdrawn."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.problems import DomainError
from app.rewards import funding, funding_split, release
from app.rewards.cancel import cancel
from app.rewards.funding_split import Share, Source, price_points, split
from app.rewards.offers_errors import FundingSpent, FundingUnsound
from tests import make
from tests.make import NOON
from tests.rewards.counter import claim, sound

cuts = st.lists(st.integers(1, 999), max_size=4, unique=True).map(
    lambda at: [b - a for a, b in zip([0, *sorted(at)], [*sorted(at), 1000], strict=True)]
)


@given(total_fen=st.integers(0, 10**9), thousandths=cuts)
def test_a_split_is_whole_and_fair(total_fen, thousandths):
    """Parts sum to the face value exactly, and none is a whole fen away from its share."""
    parts = split(total_fen, thousandths)
    assert sum(parts) == total_fen
    for part, share in zip(parts, thousandths, strict=True):
        assert abs(part * 1000 - total_fen * share) < 1000


def test_the_larger_remainder_gets_the_fen():
    """10 fen in thirds of 333, 333 and 334: the last has the largest remainder."""
    assert split(10, [333, 333, 334]) == [3, 3, 4]
    assert split(100, [500, 500]) == [50, 50]
    assert split(101, [500, 500]) == [51, 50]


@given(fen=st.integers(1, 10**8), rate=st.integers(1, 10**5))
def test_points_never_buy_more_than_they_are_worth(fen, rate):
    """The price is the rate's, rounded up by less than a point."""
    assert 0 <= price_points(fen, rate) * 100 - fen * rate < 100


async def funded(tx, *, fen, face_value_fen=1_000, stock=50, **terms):
    """An offer of which a government pays half, and its budget."""
    budget = await funding.open_budget(
        tx, source=Source.government, programme="2026", fen=fen, now=NOON
    )
    shares = [Share(Source.government, 500, budget), Share(Source.merchant, 500)]
    offer = await make.offer(
        tx, stock=stock, face_value_fen=face_value_fen, funding=shares, per_citizen=50, **terms
    )
    return budget, offer


async def left_fen(tx, budget):
    """What is left of a budget."""
    return next(each.left_fen for each in await funding.budgets(tx) if each.id == budget)


async def test_a_budget_pays_and_gets_back(tx):
    """A claim takes its part, a cancel and a sweep return it."""
    anna = await make.rich(tx, 10_000)
    budget, offer = await funded(tx, fen=5_000)
    made = await claim(tx, anna, offer)
    await claim(tx, anna, offer)
    assert await left_fen(tx, budget) == 4_000
    await cancel(tx, account_id=anna, redemption_id=made.redemption_id, now=NOON)
    assert await left_fen(tx, budget) == 4_500
    tomorrow = NOON + timedelta(days=1)
    await release.release_late(tx, bucket=anna % 1024, limit=9, now=tomorrow)
    assert await left_fen(tx, budget) == 5_000
    await sound(tx)


async def test_the_last_fen_is_paid_and_not_one_more(committing):
    """Thirty ask at once for ten subsidies that lie in pieces: ten are paid, none too many."""
    async with committing.writing() as tx:
        people = [await make.rich(tx) for _ in range(30)]
        budget, offer = await funded(tx, fen=5_300)

    async def asking(account_id):
        try:
            async with committing.writing() as tx:
                await claim(tx, account_id, offer)
        except DomainError as error:
            return error.code()
        return "paid"

    answers = await asyncio.gather(*(asking(each) for each in people))
    assert Counter(answers) == {"paid": 10, FundingSpent.code(): 20}
    async with committing.snapshot() as tx:
        assert await left_fen(tx, budget) == 300
        await sound(tx)


async def test_a_rate_prices_new_drafts_and_leaves_old_ones(tx):
    """A draft without a price costs its face value at the rate in force, and remembers it."""
    await funding.apply_rate(tx, payload={"points_per_yuan": 100}, now=NOON - timedelta(days=1))
    first = await make.offer(tx, points=None, face_value_fen=1_501)
    await funding.apply_rate(tx, payload={"points_per_yuan": 200}, now=NOON)
    second = await make.offer(tx, points=None, face_value_fen=1_501)
    rows = await tx.execute(
        "SELECT points, rate_version FROM offer WHERE id = ANY (%s) ORDER BY id",
        ([first.id, second.id],),
    )
    assert await rows.fetchall() == [(1501, 1), (3002, 2)]


@pytest.mark.parametrize(
    "given_shares",
    [
        [{"source": "merchant", "thousandths": 999}],
        [{"source": "merchant", "thousandths": 500}, {"source": "merchant", "thousandths": 500}],
        [{"source": "government", "thousandths": 1000}],
        [{"source": "merchant", "thousandths": 1000, "budget_id": str(uuid4())}],
        [{"source": "nobody", "thousandths": 1000}],
        [{"thousandths": 1000}],
    ],
)
def test_shares_that_are_no_split(given_shares):
    """Payers once each, a whole together, and a budget for all but the merchant."""
    with pytest.raises(FundingUnsound):
        funding_split.read(given_shares)


async def test_a_budget_of_another_payer_is_refused(tx):
    """Carbon revenue cannot pay out of a government's budget, nor out of none."""
    budget = await funding.open_budget(
        tx, source=Source.government, programme="2026", fen=1, now=NOON
    )
    for wrong in (budget, uuid4()):
        shares = [Share(Source.carbon, 500, wrong), Share(Source.merchant, 500)]
        with pytest.raises(FundingUnsound):
            await make.offer(tx, funding=shares)


@pytest.mark.parametrize(
    "payload",
    [
        {"source": "merchant", "programme": "x", "fen": 1},
        {"source": "carbon", "programme": " ", "fen": 1},
        {"source": "carbon", "programme": "x", "fen": 0},
        {},
    ],
)
async def test_a_budget_that_makes_no_sense(tx, payload):
    """The approval itself refuses it, so the proposal stays open."""
    with pytest.raises(FundingUnsound):
        await funding.apply_budget(tx, payload=payload, now=NOON)
