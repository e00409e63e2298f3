"""A till without network: what it took in time is honoured once, the rest is shown."""

from uuid import uuid4

import pytest

from app.rewards import offline_read
from app.rewards.cancel import cancel
from app.rewards.coupons_rules import Desk
from app.rewards.errors import BatchIdUsed
from app.rewards.offline_judge import AGE_MAX, GRACE, SKEW
from tests import make
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import claim, left, sound
from tests.rewards.offline_till import HOUR, SECOND, hand_in, line, swept
from tests.rewards.test_search import store


async def judged(tx, coupon, **changes):
    """The reason why one coupon is refused, or what became of it."""
    now = changes.pop("now", NOON + HOUR)
    [answer] = await hand_in(tx, coupon.offer, line(coupon, **changes), now=now)
    return answer.reason or answer.outcome


async def test_what_was_taken_in_time_is_owed(tx):
    """The hour it took to hand it in does not matter; the books say so."""
    coupon = await shop.held(tx)
    assert await judged(tx, coupon) == "redeemed"
    assert await shop.purse(tx, coupon) == (0, 0, 100)
    await sound(tx)


async def test_a_batch_sent_twice_is_the_same_batch(tx):
    """The second answer is the first one; other bytes under the same id are refused."""
    coupon, batch_id = await shop.held(tx), uuid4()
    first = await hand_in(tx, coupon.offer, line(coupon), batch_id=batch_id)
    again = await hand_in(
        tx, coupon.offer, line(coupon), batch_id=batch_id, now=NOON + AGE_MAX + HOUR
    )
    assert first == again
    with pytest.raises(BatchIdUsed):
        await hand_in(tx, coupon.offer, line(coupon), batch_id=batch_id, fingerprint=b"g")
    await sound(tx)


async def test_the_same_sale_in_another_batch_is_a_duplicate(tx):
    """Online before, or in an earlier batch, or twice in this one: owed once."""
    coupon = await shop.held(tx)
    answers = await hand_in(tx, coupon.offer, line(coupon), line(coupon))
    assert [each.outcome for each in answers] == ["redeemed", "duplicate"]
    assert await judged(tx, coupon) == "duplicate"
    online = await shop.held(tx)
    await shop.take(tx, online)
    assert await judged(tx, online) == "duplicate"
    await sound(tx)


async def test_a_used_coupon_or_number_is_a_conflict(tx):
    """Taken under another number, online or earlier in the batch: not owed again."""
    offer = await make.offer(tx)
    coupon, other = await shop.held(tx, offer=offer), await shop.held(tx, offer=offer)
    await shop.take(tx, coupon, order_no="B-1")
    assert await judged(tx, coupon) == "redeemed_elsewhere"
    assert await judged(tx, other, order_no="B-1") == "order_number_used"
    answers = await hand_in(tx, offer, line(other, "C-1"), line(other, "C-2", at=NOON - SECOND))
    assert [each.reason for each in answers] == ["redeemed_elsewhere", None]
    await sound(tx)


async def test_what_was_given_back_or_undone_is_a_conflict(tx):
    """The owner cancelled it, or a cashier undid that very sale."""
    cancelled, undone = await shop.held(tx), await shop.held(tx)
    await cancel(tx, account_id=cancelled.account_id, redemption_id=cancelled.id, now=NOON + SECOND)
    assert await judged(tx, cancelled) == "cancelled"
    await shop.take(tx, undone)
    await shop.take_back(tx, undone)
    assert await judged(tx, undone) == "undone"
    await sound(tx)


async def test_what_cannot_be_read_or_is_not_ours_is_told(tx):
    """Nonsense, a typing error, another merchant's coupon: each line has its reason."""
    coupon, other = await shop.held(tx), await shop.held(tx)
    codes = ["nonsense", "c1." + "0" * 26 + "1", other.code]
    answers = await hand_in(
        tx, coupon.offer, *[line(coupon, f"A-{n}", code=each) for n, each in enumerate(codes)]
    )
    assert [each.reason for each in answers] == ["unreadable", "unreadable", "unknown"]


async def test_a_clock_may_be_a_little_off_and_no_more(tx):
    """Two minutes ahead, three days old, not before the coupon was issued."""
    late, old, early = [await shop.held(tx) for _ in range(3)]
    now = NOON + HOUR
    assert await judged(tx, late, at=now + SKEW + SECOND) == "clock_ahead"
    assert await judged(tx, late, at=now + SKEW) == "redeemed"
    assert await judged(tx, old, at=now - AGE_MAX - SECOND) == "too_old"
    assert await judged(tx, early, at=NOON - SKEW - SECOND) == "before_issue"
    assert await judged(tx, early, at=NOON - SKEW) == "redeemed"
    await sound(tx)


async def test_taken_after_its_end_it_is_not_owed(tx):
    """The coupon had run out when the till took it, swept or not."""
    coupon, other = await shop.held(tx), await shop.held(tx)
    end = coupon.held_until
    assert await judged(tx, coupon, at=end, now=end + HOUR) == "expired"
    await swept(tx, other, now=end)
    assert await judged(tx, other, at=end, now=end + HOUR) == "expired"


@pytest.mark.parametrize("is_swept", [False, True])
async def test_taken_in_time_it_is_owed_although_the_hold_ran_out(tx, is_swept):
    """Within three days, while the points are there: they are held again and spent."""
    coupon = await shop.held(tx)
    end = coupon.held_until
    if is_swept:
        await swept(tx, coupon, now=end)
        assert await shop.purse(tx, coupon) == (100, 0, 0)
    before = await left(tx, coupon.offer.id, coupon.account_id)
    assert await judged(tx, coupon, at=end - SECOND, now=end + HOUR) == "redeemed"
    assert await shop.purse(tx, coupon) == (0, 0, 100)
    after = await left(tx, coupon.offer.id, coupon.account_id)
    assert (after.units, after.used) == (9, 1)
    assert before.units == 10 if is_swept else before.units == 9
    await sound(tx)


async def test_the_grace_ends(tx):
    """Three days after its end a hold is not taken again."""
    coupon = await shop.held(tx)
    end = coupon.held_until
    await swept(tx, coupon, now=end)
    at, now = end - SECOND, end + GRACE + SECOND
    assert await judged(tx, coupon, at=at, now=now) == "too_old"
    assert await judged(tx, coupon, at=now - AGE_MAX, now=now) == "expired"
    await sound(tx)


async def test_points_or_units_that_are_gone_are_not_taken_twice(tx):
    """Spent elsewhere meanwhile, or the last unit sold to somebody else: refused, nothing moves."""
    poor, scarce = await shop.held(tx), await shop.held(tx, offer=await make.offer(tx, stock=1))
    end = poor.held_until
    for coupon in (poor, scarce):
        await swept(tx, coupon, now=end)
    later = await make.offer(tx)
    await claim(tx, poor.account_id, later, now=end)
    await claim(tx, await make.rich(tx), scarce.offer, now=end)
    assert await judged(tx, poor, at=end - SECOND, now=end + HOUR) == "points_gone"
    assert await judged(tx, scarce, at=end - SECOND, now=end + HOUR) == "sold_out"
    assert await shop.purse(tx, poor) == (0, 100, 0)
    assert await shop.purse(tx, scarce) == (100, 0, 0)
    await sound(tx)


async def test_the_limit_of_one_person_holds_for_the_till_too(tx):
    """Whoever has claimed their last unit meanwhile has no place for the old one."""
    offer = await make.offer(tx, per_citizen=1)
    anna = await make.rich(tx, 200)
    coupon = await shop.held(tx, offer=offer, account_id=anna)
    end = coupon.held_until
    await swept(tx, coupon, now=end)
    await claim(tx, anna, offer, now=end)
    assert await judged(tx, coupon, at=end - SECOND, now=end + HOUR) == "limit_reached"
    await sound(tx)


async def test_a_store_is_a_store_without_network_too(tx):
    """A coupon bound to another store is refused with that reason."""
    here = Desk("till:here", uuid4())
    seller = await make.merchant(tx)
    there = await store(tx, seller, north=1)
    offer = await make.offer(tx, by=seller, store_ids=(there.id,))
    coupon = await shop.held(tx, offer=offer)
    [answer] = await hand_in(tx, coupon.offer, line(coupon), desk=here)
    assert answer.reason == "other_store"


async def test_conflicts_are_listed_for_the_merchant_and_for_officers(tx):
    """What was rejected, newest first, page by page; what was honoured is not in it."""
    coupon = await shop.held(tx)
    lines = [line(coupon, f"A-{n}", code="nonsense") for n in range(3)]
    await hand_in(tx, coupon.offer, *lines, line(coupon, "A-9"))
    merchant_id = coupon.offer.merchant.id
    first = await offline_read.conflicts(tx, merchant_id=merchant_id, before=None, limit=2)
    rest = await offline_read.conflicts(tx, merchant_id=merchant_id, before=first[-1].id, limit=9)
    assert {each.order_no for each in first + rest} == {"A-0", "A-1", "A-2"}
    everybody = await offline_read.conflicts(tx, merchant_id=None, before=None, limit=3)
    assert everybody == first + rest
    other = await make.merchant(tx)
    assert await offline_read.conflicts(tx, merchant_id=other.id, before=None, limit=9) == []
