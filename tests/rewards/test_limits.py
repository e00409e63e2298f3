"""Limits of citizens, households and devices, by period; and quotas of districts."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import savepoint
from app.problems import DomainError
from app.rewards.cancel import cancel
from app.rewards.errors import LimitReached, OfferSoldOut, OfferUnsound
from app.rewards.offers_errors import DistrictShareTaken, NotForYou
from app.rewards.redeem import Standing, redeem
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, sound
from tests.rewards.family import DAY, citizens, together

HOUSEHOLD = [{"by": "household", "per": "month", "units": 2}]
A_WEEK = [{"by": "citizen", "per": "week", "units": 1}]


async def take(tx, account_id, offer, *, now=NOON, **standing):
    """Claim a unit as somebody with a device, or a district."""
    return await redeem(
        tx,
        account_id=account_id,
        offer_id=offer.id,
        coupon_key=KEY,
        now=now,
        standing=Standing(**standing),
    )


async def test_a_week_begins_on_monday(database):
    """One a week: Sunday and Monday are two weeks, Monday and Sunday are one."""
    async with database.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx, per_citizen=9, closes_at=NOON + 20 * DAY, limits=A_WEEK)
        await take(tx, anna, offer, now=NOON)  # 1 March 2026 is a Sunday
        await take(tx, anna, offer, now=NOON + DAY)
    with pytest.raises(LimitReached) as refusal:
        async with database.writing() as tx:
            await take(tx, anna, offer, now=NOON + 7 * DAY)
    assert refusal.value.facts == {"by": "citizen", "per": "week", "units": 1}
    async with database.writing() as tx:
        await take(tx, anna, offer, now=NOON + 8 * DAY)
        await sound(tx)


async def test_the_civil_day_is_the_citys(database):
    """A day ends at midnight in the city, eight hours before it does in Greenwich."""
    limit = [{"by": "citizen", "per": "day", "units": 1}]
    async with database.writing() as tx:
        anna = await make.rich(tx)
        offer = await make.offer(tx, per_citizen=9, limits=limit)
        await take(tx, anna, offer, now=NOON)
        await take(tx, anna, offer, now=NOON + timedelta(hours=12))
        await sound(tx)


async def test_one_device_with_ten_accounts_at_once(committing):
    """Ten accounts on one phone ask together, and two get a unit: the row of the phone decides."""
    limit = [{"by": "device", "per": "always", "units": 2}]
    async with committing.writing() as tx:
        people = [await make.rich(tx) for _ in range(10)]
        offer = await make.offer(tx, stock=100, limits=limit)

    async def asking(account_id):
        try:
            async with committing.writing() as tx:
                await take(tx, account_id, offer, device=5)
        except LimitReached:
            return "refused"
        return "has it"

    answers = await asyncio.gather(*(asking(each) for each in people))
    assert Counter(answers) == {"has it": 2, "refused": 8}
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_a_quota_is_for_its_district_and_comes_first(database):
    """A district's units go to its citizens alone, who then share everybody's."""
    async with database.writing() as tx:
        offer = await make.offer(tx, stock=1, quotas={"321102": 2})
        mine = [await make.rich(tx) for _ in range(3)]
        other = await make.rich(tx)
        for each in mine[:2]:
            await take(tx, each, offer, district="321102")
        rows = await tx.execute(
            "SELECT pool, sum(remaining)::int FROM offer_stock WHERE offer_id = %s GROUP BY 1"
            " ORDER BY 1",
            (offer.id,),
        )
        assert await rows.fetchall() == [("", 1), ("321102", 0)]
        await take(tx, other, offer, district="321111")
        await sound(tx)
    for district in ("321102", "321111", ""):
        with pytest.raises(OfferSoldOut):
            async with database.writing() as tx:
                await take(tx, mine[2], offer, district=district)


async def test_what_is_left_for_others_is_not_sold_out(database):
    """The claim itself, which no gate stood before, says whose the remaining units are."""
    async with database.writing() as tx:
        offer = await make.offer(tx, stock=1, quotas={"321102": 2})
        far = await make.offer(tx, stock=0, quotas={"321102": 1})
        anna = await make.rich(tx)
        await take(tx, anna, offer, district="")
    for district in ("321111", ""):
        with pytest.raises(DistrictShareTaken):
            async with database.writing() as tx:
                await take(tx, anna, offer, district=district)
        with pytest.raises(NotForYou) as refusal:
            async with database.writing() as tx:
                await take(tx, anna, far, district=district)
        assert refusal.value.facts == {"rule": "quotas"}


@pytest.mark.parametrize(
    "terms",
    [
        {"limits": [{"by": "street", "per": "day", "units": 1}]},
        {"limits": [{"by": "citizen", "per": "day", "units": 0}]},
        {"limits": [{"by": "citizen", "per": "day", "units": True}]},
        {"limits": [{"by": "citizen", "per": "always", "units": 1}]},
        {"limits": [*A_WEEK, *A_WEEK]},
        {"audience": {"hair": "red"}},
        {"audience": {"districts": []}},
        {"audience": {"new_within_days": 0}},
        {"quotas": {"north": 5}},
        {"picture": "https://elsewhere.example/x.png"},
        {"picture": "/v1/pictures/../secrets"},
        {"shuffle_s": 5},
        {"draws_at": NOON},
        {"coupon_life_s": 1},
        {"usable_until": NOON},
    ],
)
async def test_terms_that_cannot_be_kept_are_refused(tx, terms):
    """The officer learns which field to mend, before anything is written."""
    with pytest.raises(OfferUnsound) as refusal:
        await make.offer(tx, **terms)
    assert refusal.value.facts["field"] in terms


moves = st.lists(
    st.tuples(st.sampled_from(["take", "take", "cancel"]), st.integers(0, 2), st.integers(0, 20)),
    max_size=20,
)


@given(history=moves)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_limits_agree_with_plain_counting(tx, history):
    """Whatever citizens of a household claim and cancel on whichever day, both limits hold."""
    async with savepoint(tx):
        *people, loner = await citizens(tx, 4)
        await together(tx, people)
        limits = [*HOUSEHOLD, {"by": "citizen", "per": "day", "units": 1}]
        offer = await make.offer(
            tx, per_citizen=3, stock=99, limits=limits, closes_at=NOON + 99 * DAY,
            coupon_life_s=86_400 * 90,
        )  # fmt: skip
        await take(tx, loner, offer)
        live = []
        for verb, who, day in sorted(history, key=lambda move: move[2]):
            at = NOON + day * DAY
            if verb == "cancel" and live:
                owner, made, _ = live.pop()
                await cancel(tx, account_id=owner, redemption_id=made, now=at)
                continue
            mine = [each for each in live if each[0] == people[who]]
            month = [each for each in live if each[2].strftime("%m") == at.strftime("%m")]
            allowed = len(mine) < 3 and len(month) < 2 and all(each[2] != at for each in mine)
            try:
                async with savepoint(tx):
                    got = await take(tx, people[who], offer, now=at)
            except DomainError:
                assert not allowed
            else:
                assert allowed
                live.append((people[who], got.redemption_id, at))
        await sound(tx)
