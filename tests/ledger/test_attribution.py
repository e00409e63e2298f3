"""Whose points paid for what: the interval join against a queue of single points."""

from collections import Counter, deque
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.database import savepoint
from app.ids import bucket_of, new_id
from app.ledger import attribution, contra
from app.ledger.adjust import Adjustment, adjust
from app.rewards import coupons
from app.rewards.redeem import redeem
from app.rewards.scan import scan
from tests import make
from tests.ledger.histories import (
    BAKER,
    CAFE,
    JUNE,
    MARCH,
    NOON,
    buy,
    gain,
    give,
    give_back,
    let_expire,
    pool,
    sponsors,
)


class Undone(Exception):
    """Ends an example; what it booked is forgotten."""


async def paid(tx, *spendings):
    """Per ref: who gave how many points, and how many of them were given back."""
    told = {}
    for part in await attribution.attribute(tx, spendings=spendings):
        told.setdefault(part.ref, {})[part.source] = (part.points, part.refunded)
    return told


async def test_the_oldest_points_pay_first(tx):
    """Two sponsors' points in a row: the first coupon takes the first one's and some more."""
    programme, metro, bank = await sponsors(tx)
    anna = make.account()
    await gain(tx, anna, 10, by=metro)
    await gain(tx, anna, 10, by=bank)
    await gain(tx, anna, 10, by=programme)
    first, second = await buy(tx, anna, 15), await buy(tx, anna, 10)

    assert await paid(tx, (anna, first), (anna, second)) == {
        first: {metro: (10, 0), bank: (5, 0)},
        second: {bank: (5, 0), programme: (5, 0)},
    }


async def test_a_refund_is_settled_by_the_purchase_it_refers_to(tx):
    """It takes back that purchase's last points first, whatever the axis re-opens."""
    _, metro, bank = await sponsors(tx)
    anna = make.account()
    await gain(tx, anna, 10, by=metro)
    await gain(tx, anna, 20, by=bank)
    first, second = await buy(tx, anna, 15), await buy(tx, anna, 10)
    await give_back(tx, anna, 7, of=first)
    third = await buy(tx, anna, 12)

    assert await paid(tx, (anna, first), (anna, second), (anna, third)) == {
        first: {metro: (10, 2), bank: (5, 5)},
        second: {bank: (10, 0)},
        third: {bank: (12, 0)},
    }


async def test_unknown_refs_and_other_peoples_have_no_parts(tx):
    """A ref that was never spent, or by somebody else, is nobody's."""
    anna, boris = await make.rich(tx, 50), await make.rich(tx, 50)
    ref = await buy(tx, anna, 5)
    assert await paid(tx, (anna, new_id()), (boris, ref)) == {}


moves = st.tuples(
    st.sampled_from(["earn", "earn", "buy", "buy", "give", "refund", "expire", "adjust"]),
    st.integers(0, 1),
    st.integers(1, 12),
    st.integers(0, 2),
)


class Queue:
    """One account in plain Python: each point is a token with its giver's number."""

    def __init__(self):
        self.axis, self.consumed, self.bought = [], 0, {}
        self.closed = 0

    def spend(self, ref, points):
        self.bought[ref] = self.axis[self.consumed : self.consumed + points]
        self.consumed += points

    @property
    def left(self):
        return len(self.axis) - self.consumed


@given(history=st.lists(moves, max_size=30))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_parts_are_what_a_queue_of_points_says(tx, history):
    """Any history of earning, buying, giving, refunding, expiring and adjusting, to the point."""
    with pytest.raises(Undone):
        async with savepoint(tx):
            givers, trees = await sponsors(tx), await pool(tx)
            people = [make.account(), make.account()]
            books = {who: Queue() for who in people}
            refunded = Counter()
            for step, (verb, place, points, giver) in enumerate(history):
                now = NOON + timedelta(minutes=step)
                who = people[place]
                await _play(tx, verb, who, points, givers[giver], trees, books, refunded, now)
            spendings = [(who, ref) for who in people for ref in books[who].bought]
            told = await paid(tx, *spendings)
            for who, ref in spendings:
                tokens, back = deque(books[who].bought[ref]), Counter()
                given = Counter(tokens)
                for _ in range(refunded[ref]):
                    back[tokens.pop()] += 1
                assert told[ref] == {each: (given[each], back[each]) for each in given}
            raise Undone


async def _play(tx, verb, who, points, giver, trees, books, refunded, now):
    mine = books[who]
    if verb == "earn":
        await gain(tx, who, points, by=giver, ends=JUNE if mine.closed else MARCH, now=now)
        mine.axis += [giver] * points
    elif verb in {"buy", "give"} and mine.left >= points:
        if verb == "buy":
            mine.spend(await buy(tx, who, points, at=CAFE, now=now), points)
        else:
            mine.spend(await give(tx, who, points, to=trees, now=now), points)
    elif verb == "refund":
        for ref, tokens in mine.bought.items():
            cause = await (
                await tx.execute("SELECT 1 FROM cause WHERE ref = %s", (ref,))
            ).fetchone()
            if cause is None and refunded[ref] + points <= len(tokens):
                await give_back(tx, who, points, of=ref, now=now)
                refunded[ref] += points
                mine.consumed -= points
                break
    elif verb == "expire" and not mine.closed:
        await let_expire(tx, JUNE.replace(month=4, day=1), now=now)
        for each in books.values():
            each.consumed, each.closed = len(each.axis), 1
    elif verb == "adjust":
        change = points if giver else -points
        [done] = await adjust(
            tx,
            adjustments=[Adjustment(who, change, new_id(), now)],
            contra=contra.ADJUSTMENT,
            expires_on=JUNE if mine.closed else MARCH,
            now=now,
        )
        mine.axis += [contra.ADJUSTMENT] * max(done.booked, 0)
        mine.consumed += max(-done.booked, 0)


async def officer(client, keys, **query):
    """An officer's question."""
    return await client.get(
        "/v1/admin/ledger/attribution", params=query, headers=make.officer_headers(keys, new_id())
    )


async def test_officers_ask_by_coupon_and_by_day(tx, client, keys):
    """A scanned coupon and a merchant's day are attributed; a vague question is refused."""
    _, metro, bank = await sponsors(tx)
    anna, offer = make.account(), await make.offer(tx, points=100)
    await gain(tx, anna, 70, by=metro)
    await gain(tx, anna, 70, by=bank)
    made = await redeem(tx, account_id=anna, offer_id=offer.id, coupon_key=keys.coupon, now=NOON)
    coupon = coupons.code_of(keys.coupon, bucket=bucket_of(anna), redemption_id=made.redemption_id)
    await scan(
        tx,
        merchant_id=offer.merchant.id,
        coupon=coupon,
        order_no="1",
        now=NOON,
    )

    one = (await officer(client, keys, redemption_id=str(made.redemption_id))).json()
    day = (await officer(client, keys, merchant_id=str(offer.merchant.id), day="2026-03-01")).json()
    other = await officer(client, keys, merchant_id=str(offer.merchant.id), day="2026-03-02")
    vague = await officer(client, keys, merchant_id=str(offer.merchant.id))

    assert one == day
    assert [(each["number"], each["points"], each["settled"]) for each in one["sources"]] == [
        (metro, 70, 70),
        (bank, 30, 30),
    ]
    assert {each["name_en"] for each in one["sources"]} == {"Sponsor 1", "Sponsor 2"}
    assert other.json() == {"sources": [], "parts": []}
    assert (vague.status_code, vague.json()["code"]) == (400, "purchase-unclear")


async def test_other_merchants_are_not_mixed_in(tx):
    """A purchase at the baker's is not part of one at the café."""
    anna = await make.rich(tx, 50)
    cafe, baker = await buy(tx, anna, 5, at=CAFE), await buy(tx, anna, 6, at=BAKER)
    assert set(await paid(tx, (anna, baker))) == {baker}
    assert sum(points for points, _ in (await paid(tx, (anna, cafe)))[cafe].values()) == 5
