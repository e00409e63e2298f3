"""Offers priced in a campaign's points: another purse from the claim to the settlement."""

from datetime import date, timedelta

import pytest

from app.database import savepoint
from app.ids import new_id
from app.ledger import attribution, balances, contra, units
from app.ledger import verify as ledger_verify
from app.ledger.earn import Earning, earn
from app.ledger.errors import InsufficientPoints
from app.rewards import funding, offline_read, paid, queue, release, scans, withdraw, withdraw_run
from app.rewards.cancel import cancel
from app.rewards.errors import OfferUnsound
from app.rewards.scan import Sale, scan_many
from app.rewards.tables import Mode
from tests import make
from tests.make import NOON, citizen_headers, merchant_headers
from tests.rewards.counter import KEY, claim, sound
from tests.rewards.offline_till import hand_in, line
from tests.rewards.shop import LEFT, give, held, take, take_back

DAY = timedelta(days=1)
LAST = date(2026, 5, 31)


@pytest.fixture
async def spring(database):
    """A campaign's points, which end in May."""
    async with database.writing() as tx:
        return await units.define(
            tx, code="spring", name_zh="春季", name_en="Spring", last_day=LAST
        )


async def with_both(tx, spring, *, source=1):
    """Somebody with 300 ordinary points and 150 of the campaign."""
    anna = await make.rich(tx, 300)
    earning = [Earning(anna, 150, new_id(), NOON, contra=source)]
    await earn(tx, earnings=earning, expires_on=LAST, now=NOON, unit=spring.id)
    return anna


async def purses(tx, account_id, spring):
    """Available, held and consumed: ordinary points, then the campaign's."""
    found = [
        await balances.balance(tx, account_id=account_id, unit=unit)
        for unit in (units.POINTS, spring.id)
    ]
    return [(each.available, each.held, each.consumed) for each in found]


async def whole(tx):
    """Both rooms' invariants hold."""
    await sound(tx)
    assert [check for check in await ledger_verify.checks(tx) if check.breaches] == []


async def test_it_is_paid_from_the_campaigns_purse(tx, spring):
    """Hold, sale, undo, sale again and partial refund move the campaign's points and no others."""
    anna = await with_both(tx, spring)
    offer = await make.offer(tx, unit="spring")
    coupon = await held(tx, offer=offer, account_id=anna)
    untouched = (300, 0, 0)
    assert await purses(tx, anna, spring) == [untouched, (50, 100, 0)]
    await take(tx, coupon)
    assert await purses(tx, anna, spring) == [untouched, (50, 0, 100)]
    await take_back(tx, coupon)
    assert await purses(tx, anna, spring) == [untouched, (50, 100, 0)]
    await take(tx, coupon, order_no="A-2")
    await give(tx, coupon, 30, order_no="A-2")
    assert await purses(tx, anna, spring) == [untouched, (80, 0, 70)]
    await whole(tx)


async def test_what_is_not_used_returns_to_its_own_purse(tx, spring):
    """Cancel, running out, a withdrawn offer and a ticket that is given back."""
    anna = await with_both(tx, spring)
    full = [(300, 0, 0), (150, 0, 0)]
    offer = await make.offer(tx, unit="spring", per_citizen=9)
    made = await claim(tx, anna, offer)
    assert made.unit == "spring"
    await cancel(tx, account_id=anna, redemption_id=made.redemption_id, now=NOON)
    assert await purses(tx, anna, spring) == full

    made = await claim(tx, anna, offer)
    late = made.held_until
    assert await release.release_late(tx, bucket=anna % 1024, limit=9, now=late) == 1
    assert await purses(tx, anna, spring) == full

    await claim(tx, anna, offer)
    await withdraw.withdraw(
        tx, offer_id=offer.id, merchant_id=None, actor="officer:x", reason_zh="停", reason_en="x",
        now=NOON,
    )  # fmt: skip
    voided = await withdraw_run.void_some(
        tx, offer_id=offer.id, bucket=anna % 1024, limit=9, now=NOON
    )
    assert voided == 1
    assert await purses(tx, anna, spring) == full

    line = await make.offer(tx, unit="spring", mode=Mode.queue, per_citizen=1)
    await queue.take_ticket(tx, account_id=anna, offer_id=line.id, coupon_key=KEY, now=NOON)
    assert (await queue.ticket(tx, account_id=anna, offer_id=line.id)).unit == "spring"
    assert await purses(tx, anna, spring) == [(300, 0, 0), (50, 100, 0)]
    await queue.leave(tx, account_id=anna, offer_id=line.id, now=NOON)
    assert await purses(tx, anna, spring) == full
    await whole(tx)


async def test_other_points_do_not_pay_it(client, keys, database, spring):
    """A purse full of ordinary points is refused, and told of which points there are too few."""
    async with database.writing() as tx:
        rich = await make.rich(tx, 9_000)
        offer = await make.offer(tx, unit="spring")
        with pytest.raises(InsufficientPoints) as refusal:
            async with savepoint(tx):
                await claim(tx, rich, offer)
    assert refusal.value.facts == {"unit": "spring", "needed": 100, "available": 0}
    answer = await client.post(
        "/v1/me/redemptions",
        json={"offer_id": str(offer.id)},
        headers=citizen_headers(keys, rich),
    )
    assert (answer.status_code, answer.json()["unit"]) == (409, "spring")


async def test_the_unit_is_shown_wherever_the_price_is(client, keys, database, spring):
    """List, offer, claim, redemption and wallet name the campaign's points."""
    async with database.writing() as tx:
        anna = await with_both(tx, spring)
        offer = await make.offer(tx, unit="spring", category="shown")
        plain = await make.offer(tx, category="shown")
    headers = citizen_headers(keys, anna)
    listed = (await client.get("/v1/offers?category=shown")).json()["items"]
    shown = {each["offer_id"]: each["unit"] for each in listed}
    assert shown == {str(offer.id): "spring", str(plain.id): "points"}
    body = {"offer_id": str(offer.id)}
    made = await client.post("/v1/me/redemptions", json=body, headers=headers)
    assert (made.status_code, made.json()["unit"]) == (201, "spring")
    path = f"/v1/me/redemptions/{made.json()['redemption_id']}"
    assert (await client.get(path, headers=headers)).json()["unit"] == "spring"
    [purse] = (await client.get("/v1/me/wallet", headers=headers)).json()["others"]
    assert (purse["unit"], purse["available"], purse["held"]) == ("spring", 50, 100)


async def test_a_till_is_told_which_points(client, keys, database, spring):
    """Looked at, taken, listed, refunded, taken back: each answer names the campaign's points."""
    async with database.writing() as tx:
        anna = await with_both(tx, spring)
        offer = await make.offer(tx, unit="spring")
        coupon = await held(tx, offer=offer, account_id=anna)
    headers = merchant_headers(keys, offer.merchant.id)
    asked = [
        ("coupons/present", {"coupon": coupon.code}),
        ("coupons/redeem", {"coupon": coupon.code, "order_no": "A-1"}),
        ("coupons/redeem", {"coupon": coupon.code, "order_no": "A-1"}),
        ("coupons/undo", {"order_no": "A-1"}),
        ("coupons/redeem", {"coupon": coupon.code, "order_no": "A-2"}),
        ("refunds", {"order_no": "A-2", "refund_no": "R-1", "points": 40}),
        ("refunds", {"order_no": "A-2", "refund_no": "R-1", "points": 40}),
    ]
    answers = []
    for path, body in asked:
        answers.append(await client.post(f"/v1/merchant/{path}", json=body, headers=headers))
    listed = await client.get("/v1/merchant/scans", headers=headers)
    told = [each.json() for each in answers] + listed.json()["items"]
    assert [(each["unit"], each["unit_zh"], each["unit_en"]) for each in told] == [
        ("spring", "春季", "Spring")
    ] * 9


async def test_a_merchants_day_keeps_units_apart(tx, spring):
    """Each sale says which points paid it, and the totals add up unit by unit."""
    anna = await with_both(tx, spring)
    seller = await make.merchant(tx)
    for unit, order_no in (("spring", "S"), ("points", "P"), ("points", "Q")):
        offer = await make.offer(tx, by=seller, unit=unit)
        coupon = await held(tx, offer=offer, account_id=anna)
        await take(tx, coupon, order_no=order_no)
        if order_no != "P":
            await give(tx, coupon, 30, order_no=order_no, refund_no=f"R-{order_no}")
    await take_back(tx, coupon, order_no="P")
    sales = await scans.page(tx, merchant_id=seller.id, since=NOON - DAY, before=None, limit=9)
    assert {each.order_no: each.unit for each in sales} == {
        "S": "spring",
        "P": "points",
        "Q": "points",
    }
    totals = await scans.totals(tx, merchant_id=seller.id, now=NOON)
    assert [(each.unit, each.points, each.refunded_points) for each in totals.units] == [
        ("points", 100, 30),
        ("spring", 100, 30),
    ]
    assert (totals.points, totals.refunded_points) == (200, 60)


async def test_who_paid_is_asked_purse_by_purse(tx, spring):
    """Two sponsors, two units, one citizen, one merchant's day: no part is the other purse's."""
    bank = await contra.name(tx, kind="sponsor", name_zh="银行", name_en="Bank", now=NOON)
    anna = await with_both(tx, spring, source=bank.number)
    seller = await make.merchant(tx)
    for unit, order_no in (("spring", "S"), ("points", "P")):
        offer = await make.offer(tx, by=seller, unit=unit)
        coupon = await held(tx, offer=offer, account_id=anna)
        await take(tx, coupon, order_no=order_no)
    parts = await paid.for_merchant(tx, merchant_id=seller.id, day=date(2026, 3, 1))
    found = {(part.unit, part.source, part.points) for part in parts}
    assert found == {("spring", bank.number, 100), ("points", 1, 100)}
    summed = await attribution.sources(tx, parts=parts)
    assert {(each.unit, each.number, each.settled) for each in summed} == found
    alone = await paid.for_redemption(tx, redemption_id=coupon.id)
    assert [(part.unit, part.points) for part in alone] == [("points", 100)]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"unit": "gold"}, "unit"),
        ({"unit": "spring", "closes_at": NOON + 99 * DAY}, "unit"),
        ({"unit": "spring", "points": None, "face_value_fen": 1_000}, "points"),
    ],
    ids=["unknown", "outlives its points", "no rate"],
)
async def test_a_draft_that_no_purse_could_pay_is_refused(tx, spring, said, field):
    """An unknown unit, an offer that outlives its points, a price by the rate of other points."""
    await funding.apply_rate(tx, payload={"points_per_yuan": 100}, now=NOON)
    with pytest.raises(OfferUnsound) as refusal:
        await make.offer(tx, **said)
    assert refusal.value.facts["field"] == field
    assert await make.offer(tx, unit="spring", closes_at=NOON + 91 * DAY)


async def test_a_basket_of_two_purses_is_paid_at_once(tx, spring, monkeypatch):
    """Six coupons in two kinds of points ask as much of the book as two; each purse pays its own."""
    seller = await make.merchant(tx)
    plain = await make.offer(tx, by=seller, stock=9, per_citizen=9)
    blossom = await make.offer(tx, by=seller, stock=9, per_citizen=9, unit="spring", points=50)
    anna, boris = await with_both(tx, spring), await with_both(tx, spring)
    execute, asked = tx.execute, []

    async def counted(query, *rest, **how):
        asked.append("balance b" in str(query))
        return await execute(query, *rest, **how)

    counts = []
    for people, each in (([anna], 1), ([anna, boris], 2)):
        basket = [
            await held(tx, offer=offer, account_id=who)
            for who in people for offer in (plain, blossom) for _ in range(each)
        ]  # fmt: skip
        sales = [Sale(f"{each}-{n}", coupon.code) for n, coupon in enumerate(basket)]
        asked.clear()
        with monkeypatch.context() as patch:
            patch.setattr(tx, "execute", counted)
            await scan_many(
                tx, merchant_id=seller.id, sales=sales, now=NOON, desk=LEFT, coupon_key=KEY
            )
        counts.append(sum(asked))
    assert counts[0] == counts[1] > 0
    assert await purses(tx, anna, spring) == [(0, 0, 300), (0, 0, 150)]
    assert await purses(tx, boris, spring) == [(100, 0, 200), (50, 0, 100)]
    await whole(tx)


async def test_a_till_without_network_is_told_of_which_points(tx, spring):
    """What was honoured, a conflict, and a code that nobody knows each say the unit of their price."""
    anna = await with_both(tx, spring)
    offer = await make.offer(tx, unit="spring")
    coupon = await held(tx, offer=offer, account_id=anna)
    lines = line(coupon), line(coupon, "A-2"), line(coupon, "A-3", code="nonsense")
    batch_id = new_id()
    told = await hand_in(tx, offer, *lines, batch_id=batch_id)
    assert [(each.outcome, each.points, each.unit) for each in told] == [
        ("redeemed", 100, "spring"),
        ("rejected", 100, "spring"),
        ("rejected", 0, "points"),
    ]
    assert await hand_in(tx, offer, *lines, batch_id=batch_id) == told
    listed = await offline_read.conflicts(tx, merchant_id=offer.merchant.id, before=None, limit=9)
    assert {(each.order_no, each.unit) for each in listed} == {("A-2", "spring"), ("A-3", "points")}
