"""A code that was seen stays seen: no way back leads it to somebody else."""

import asyncio
from datetime import timedelta

import pytest
from psycopg.errors import CheckViolation

from app.database import savepoint
from app.ledger import balances
from app.problems import DomainError
from app.rewards import (
    codes_import,
    codes_show,
    coupons_rules,
    release,
    rotating_rules,
    undo,
    verify,
)
from app.rewards.cancel import cancel
from app.rewards.errors import CodeSeen, CouponNotOpen, MerchantCodeInstead
from app.rewards.scan import Sale, scan_many
from app.rewards.tables import Delivery
from app.rewards.withdraw_run import void_some
from tests import make
from tests.make import NOON, citizen_headers, merchant_headers
from tests.merchants import front_door
from tests.rewards import offline_till, shop
from tests.rewards.counter import KEY, claim, sound

LAW = "rewards.codes_are_handed_out_once"


async def coded(tx, content=b"A-1\nA-2", **terms):
    """An offer that hands out a list of codes, which has been read."""
    terms = {"per_citizen": 9, "delivery": Delivery.merchant_code} | terms
    offer = await make.offer(tx, stock=0, **terms)
    listed = await codes_import.receive(tx, offer_id=offer.id, content=content, key=KEY, now=NOON)
    await codes_import.import_some(tx, import_id=listed, limit=99, now=NOON)
    return offer


async def show(tx, coupon, *, now=NOON):
    """The owner looks at the code."""
    seen = await codes_show.show(
        tx, account_id=coupon.account_id, redemption_id=coupon.id, key=KEY, now=now
    )
    return seen.code


async def left(tx, offer):
    """Units in stock, and how many there ever were."""
    rows = await tx.execute(
        "SELECT sum(remaining)::int, sum(initial)::int FROM offer_stock WHERE offer_id = %s",
        (offer.id,),
    )
    return await rows.fetchone()


async def undone_before(tx, monkeypatch, coupon):
    """What older versions left: a look that a till took back."""
    with monkeypatch.context() as older:
        older.setattr(coupons_rules, "ensure_undoable", lambda **_: None)
        await shop.take_back(tx, coupon, order_no=f"code-{coupon.id}")


async def test_a_look_cannot_be_undone(tx):
    """A till that names the look's order number is refused, and nothing moves."""
    coupon = await shop.held(tx, offer=await coded(tx))
    await show(tx, coupon)
    before = await shop.purse(tx, coupon)
    with pytest.raises(CodeSeen):
        await shop.take_back(tx, coupon, order_no=f"code-{coupon.id}")
    with pytest.raises(CouponNotOpen):
        await cancel(tx, account_id=coupon.account_id, redemption_id=coupon.id, now=NOON)
    assert await shop.purse(tx, coupon) == before
    await sound(tx)


async def test_a_refund_of_a_look_leaves_the_code_where_it_is(tx):
    """Points go back when a manager says so; the code stays its viewer's, and is shown again."""
    offer = await coded(tx)
    coupon = await shop.held(tx, offer=offer)
    code = await show(tx, coupon)
    await shop.give(tx, coupon, 100, order_no=f"code-{coupon.id}")
    assert await show(tx, coupon) == code
    assert await left(tx, offer) == (1, 2)
    await sound(tx)


@pytest.mark.parametrize("way", ["cancel", "release", "withdraw"])
async def test_a_seen_code_never_returns_to_the_pool(tx, monkeypatch, way):
    """Where an older version undid a look, points go back, and the code with its unit is gone."""
    offer = await coded(tx)
    coupon, other = await shop.held(tx, offer=offer), await shop.held(tx, offer=offer)
    code = await show(tx, coupon)
    await undone_before(tx, monkeypatch, coupon)
    assert await shop.purse(tx, coupon) == (0, 100, 0)
    if way == "cancel":
        for each in (coupon, other):
            await cancel(tx, account_id=each.account_id, redemption_id=each.id, now=NOON)
    elif way == "release":
        later = NOON + timedelta(days=1)
        for bucket in {coupon.account_id % 1024, other.account_id % 1024}:
            await release.release_late(tx, bucket=bucket, limit=9, now=later)
    else:
        await tx.execute(
            "INSERT INTO offer_withdrawal (offer_id, reason_zh, reason_en, actor, released, points,"
            " made_at) VALUES (%s, 'x', 'x', 'officer:x', 0, 0, %s)",
            (offer.id, NOON),
        )
        for bucket in {coupon.account_id % 1024, other.account_id % 1024}:
            await void_some(tx, offer_id=offer.id, bucket=bucket, limit=9, now=NOON)
    assert await shop.purse(tx, coupon) == (100, 0, 0)
    assert await left(tx, offer) == (1, 1)
    await sound(tx)
    assert await show(tx, await shop.held(tx, offer=offer)) != code
    assert await left(tx, offer) == (0, 1)
    await sound(tx)


async def test_what_was_undone_before_is_shown_and_paid_again(tx, monkeypatch):
    """The owner of a look that was undone may look again: one more sale, the same code."""
    coupon = await shop.held(tx, offer=await coded(tx))
    code = await show(tx, coupon)
    await undone_before(tx, monkeypatch, coupon)
    assert [await show(tx, coupon), await show(tx, coupon)] == [code, code]
    assert await shop.purse(tx, coupon) == (0, 0, 100)
    await sound(tx)


async def test_the_database_keeps_a_seen_code_out_of_the_pool(tx):
    """No statement, whoever wrote it, can make a code free that somebody has seen."""
    await show(tx, await shop.held(tx, offer=await coded(tx)))
    with pytest.raises(CheckViolation, match="offer_code_shown"):
        async with savepoint(tx):
            await tx.execute(
                "UPDATE offer_code SET state = 1, redemption_id = NULL WHERE state = 2"
            )


async def test_a_code_that_two_have_seen_is_a_breach(tx, monkeypatch):
    """What an older version did is told: the first viewer's code is somebody else's now."""
    offer = await coded(tx, b"ONLY-ONE")
    first = await shop.held(tx, offer=offer)
    code = await show(tx, first)
    await undone_before(tx, monkeypatch, first)
    await tx.execute("UPDATE offer_code SET shown_at = NULL")
    await cancel(tx, account_id=first.account_id, redemption_id=first.id, now=NOON)
    assert await show(tx, await shop.held(tx, offer=offer)) == code
    found = {check.name: check.breaches for check in await verify.breaches(tx)}
    assert {name: n for name, n in found.items() if n} == {LAW: 1}


async def test_a_look_and_a_cancel_at_once(committing):
    """Either the code was seen and is paid, or the points are back and nobody saw it."""
    async with committing.writing() as tx:
        offer = await coded(tx)
        coupon = await shop.held(tx, offer=offer)

    async def cancelling():
        async with committing.writing() as tx:
            await cancel(tx, account_id=coupon.account_id, redemption_id=coupon.id, now=NOON)

    async def looking():
        async with committing.writing() as tx:
            await show(tx, coupon)

    async def undoing():
        async with committing.writing() as tx:
            await undo.undo(
                tx,
                merchant_id=offer.merchant.id,
                order_no=f"code-{coupon.id}",
                desk=shop.LEFT,
                now=NOON,
            )

    told = await asyncio.gather(
        looking(), cancelling(), looking(), undoing(), return_exceptions=True
    )
    looked, cancelled, again, undone = (each is None for each in told)
    assert looked == again != cancelled
    assert not undone
    assert all(each is None or isinstance(each, DomainError) for each in told)
    async with committing.snapshot() as tx:
        balance = await balances.balance(tx, account_id=coupon.account_id)
        assert (balance.consumed, balance.held) == ((100, 0) if looked else (0, 0))
        await sound(tx)


async def taken_before(tx, monkeypatch, coupon):
    """What older versions left: a till took the coupon of a merchant's own code."""
    with monkeypatch.context() as older:
        older.setattr(coupons_rules, "ensure_coupon", lambda **_: None)
        await shop.take(tx, coupon, order_no=f"code-{coupon.id}")


async def test_no_till_takes_what_is_used_by_the_merchants_code(tx):
    """Asked, taken alone, taken with others or without network: refused, and nothing moves."""
    offer = await coded(tx)
    coupon, plain = await shop.held(tx, offer=offer), await make.offer(tx, by=offer.merchant)
    other = await shop.held(tx, offer=plain)
    with pytest.raises(MerchantCodeInstead):
        await shop.ask(tx, coupon)
    with pytest.raises(MerchantCodeInstead):
        await shop.take(tx, coupon)
    with pytest.raises(MerchantCodeInstead):
        await scan_many(
            tx,
            merchant_id=offer.merchant.id,
            sales=[Sale("A-1", other.code), Sale("A-2", coupon.code)],
            now=NOON,
            desk=shop.LEFT,
            coupon_key=KEY,
        )
    [answer] = await offline_till.hand_in(tx, offer, offline_till.line(coupon))
    assert (answer.outcome, answer.reason) == ("rejected", "merchant_code")
    await offline_till.swept(tx, coupon, now=coupon.held_until)
    late = NOON + timedelta(hours=20)
    [answer] = await offline_till.hand_in(
        tx, offer, offline_till.line(coupon, at=NOON), now=late, fingerprint=b"g"
    )
    assert (answer.outcome, answer.reason) == ("rejected", "merchant_code")
    assert await shop.purse(tx, coupon) == (100, 0, 0)
    await sound(tx)


async def test_what_a_till_took_shows_no_code(tx, monkeypatch):
    """One good for one redemption, also where an older version let a till take it."""
    coupon = await shop.held(tx, offer=await coded(tx))
    await taken_before(tx, monkeypatch, coupon)
    with pytest.raises(CouponNotOpen):
        await show(tx, coupon)
    with pytest.raises(CodeSeen):
        await shop.take_back(tx, coupon, order_no=f"code-{coupon.id}")


async def test_a_look_needs_no_till(tx):
    """Neither stores nor codes that rotate stand between a citizen and the merchant's code."""
    merchant = await make.merchant(tx)
    store = await front_door.store(tx, merchant.id)
    offer = await coded(tx, by=merchant, store_ids=[store.id])
    await rotating_rules.switch(
        tx, merchant_id=merchant.id, offer_id=None, rotating=True, actor="staff:x", now=NOON
    )
    assert await show(tx, await shop.held(tx, offer=offer)) in {"A-1", "A-2"}
    await sound(tx)


async def test_the_phone_is_shown_no_coupon(client, database, keys):
    """The redemption says that a code is used; picture, live codes and tills are refused."""
    async with database.writing() as tx:
        coupon = await shop.held(tx, offer=await coded(tx))
    phone = citizen_headers(keys, coupon.account_id)
    mine = f"/v1/me/redemptions/{coupon.id}"
    told = (await client.get(mine, headers=phone)).json()
    assert (told["delivery"], told["coupon"]) == ("merchant_code", None)
    counter = merchant_headers(keys, coupon.offer.merchant.id)
    door, sale = "/v1/merchant/coupons", {"coupon": coupon.code, "order_no": "A-1"}
    answers = [
        await client.get(f"{mine}/qr.svg", headers=phone),
        await client.get(f"{mine}/qr.png", headers=phone),
        await client.get(f"{mine}/live-codes", headers=phone),
        await client.post(f"{door}/present", json={"coupon": coupon.code}, headers=counter),
        await client.post(f"{door}/redeem", json=sale, headers=counter),
        await client.post(f"{door}/redeem-all", json={"sales": [sale]}, headers=counter),
    ]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {
        (409, "merchant-code-instead")
    }
    assert (await client.post(f"{mine}/code", headers=phone)).status_code == 200


async def test_the_walk_over_http(client, database, keys):
    """Claim, look, undo, cancel: the last two are refused, and the next citizen gets another code."""
    async with database.writing() as tx:
        offer = await coded(tx)
        anna, boris = await shop.held(tx, offer=offer), await make.rich(tx)
    phone = citizen_headers(keys, anna.account_id)
    mine = f"/v1/me/redemptions/{anna.id}"
    seen = await client.post(f"{mine}/code", headers=phone)
    assert seen.status_code == 200, seen.text
    counter = merchant_headers(keys, offer.merchant.id)
    body = {"order_no": f"code-{anna.id}"}
    refused = await client.post("/v1/merchant/coupons/undo", json=body, headers=counter)
    assert (refused.status_code, refused.json()["code"]) == (409, "code-seen")
    assert (await client.post(f"{mine}/cancel", headers=phone)).status_code == 409
    async with database.writing() as tx:
        theirs = await claim(tx, boris, offer)
    second = await client.post(
        f"/v1/me/redemptions/{theirs.redemption_id}/code", headers=citizen_headers(keys, boris)
    )
    assert {seen.json()["code"], second.json()["code"]} == {"A-1", "A-2"}
