"""Moves at the counter and in the wallet: coupons, sales, refunds, lines, offers."""

import json
from datetime import timedelta
from uuid import uuid4

from app.people.offices import Office
from app.people.seats import Role
from app.people.tokens import Audience
from app.rewards import codes_import, queue_step
from app.rewards.cancel import cancel
from app.rewards.coupons_rules import UNDO_WITHIN
from app.rewards.queue import take_ticket
from app.rewards.tables import Delivery, Mode
from app.rewards.withdraw import withdraw
from tests import make
from tests.make import NOON
from tests.rewards import offline_till, shop
from tests.rewards.counter import KEY
from tests.rewards.moves import (
    SAME,
    Call,
    Move,
    a_merchant,
    after,
    another_citizen,
    another_merchant,
    doing,
)

WHY = {"reason_zh": "停业", "reason_en": "Closed."}


async def claiming(scene):
    """A citizen with points before an open offer."""
    offer = await make.offer(scene.tx)
    body = {"offer_id": str(offer.id)}
    who = await make.rich(scene.tx)
    return Call("/v1/me/redemptions", body, scene.phone(who), {"offer": offer})


async def taken_back(scene, call):
    """The offer is withdrawn."""
    await withdraw(
        scene.tx,
        offer_id=call.facts["offer"].id,
        merchant_id=None,
        actor="officer:x",
        **WHY,
        now=scene.now,
    )


async def held(scene):
    """A coupon, as a call about it begins."""
    return await shop.held(scene.tx)


async def cancelling(scene):
    """The owner gives a coupon back."""
    coupon = await held(scene)
    path = f"/v1/me/redemptions/{coupon.id}/cancel"
    return Call(path, None, scene.phone(coupon.account_id), {"coupon": coupon})


async def spent(scene, call):
    """The till has taken the coupon."""
    await shop.take(scene.tx, call.facts["coupon"], order_no="BEFORE", now=scene.now)


async def given_back(scene, call):
    """Its owner has given it back."""
    coupon = call.facts["coupon"]
    await cancel(scene.tx, account_id=coupon.account_id, redemption_id=coupon.id, now=scene.now)


async def looking_at_a_code(scene):
    """The owner looks at the merchant's own code."""
    offer = await make.offer(scene.tx, stock=0, delivery=Delivery.merchant_code)
    import_id = await codes_import.receive(
        scene.tx, offer_id=offer.id, content=b"C-1\nC-2", key=KEY, now=NOON
    )
    await codes_import.import_some(scene.tx, import_id=import_id, limit=9, now=NOON)
    coupon = await shop.held(scene.tx, offer=offer)
    path = f"/v1/me/redemptions/{coupon.id}/code"
    return Call(path, None, scene.phone(coupon.account_id), {"coupon": coupon})


async def queueing(scene):
    """A citizen before an offer with a line."""
    offer = await make.offer(
        scene.tx, mode=Mode.queue, shuffle_s=30, per_citizen=1, opens_at=NOON, stock=1
    )
    who = await make.rich(scene.tx)
    facts = {"offer": offer, "who": who}
    return Call("/v1/me/tickets", {"offer_id": str(offer.id)}, scene.phone(who), facts)


async def leaving(scene):
    """Somebody in the line goes."""
    call = await queueing(scene)
    offer, who = call.facts["offer"], call.facts["who"]
    await take_ticket(scene.tx, account_id=who, offer_id=offer.id, coupon_key=KEY, now=NOON)
    return Call(f"/v1/me/tickets/{offer.id}/leave", None, call.headers, call.facts)


async def served(scene, call):
    """The line has moved: everybody whose turn it was has a coupon."""
    scene.at(NOON + timedelta(minutes=5))
    await queue_step.step(scene.tx, offer_id=call.facts["offer"].id, limit=9, now=scene.now)


def counter(path, *, role=Role.cashier, **more):
    """A till's call about a fresh coupon."""

    async def right(scene):
        coupon = await held(scene)
        body = {"coupon": coupon.code} | more
        if path.endswith("redeem-all"):
            body = {"sales": [body]}
        desk = scene.desk(coupon.offer.merchant.id, role)
        return Call(f"/v1/merchant/{path}", body, desk, {"coupon": coupon})

    return right


def sold(path, **body):
    """A manager's call about a sale of this minute."""

    async def right(scene):
        coupon = await held(scene)
        await shop.take(scene.tx, coupon, order_no="A-1", now=scene.now)
        desk = scene.desk(coupon.offer.merchant.id)
        return Call(f"/v1/merchant/{path}", {"order_no": "A-1"} | body, desk, {"coupon": coupon})

    return right


async def undone_before(scene, call):
    """The sale was taken back."""
    await shop.take_back(scene.tx, call.facts["coupon"], now=scene.now)


async def refunded_before(scene, call):
    """A part of the sale was given back."""
    await shop.give(scene.tx, call.facts["coupon"], 10, now=scene.now)


async def rotating(scene):
    """A manager wants live codes for an offer."""
    offer = await make.offer(scene.tx)
    body = {"offer_id": str(offer.id), "rotating": True}
    return Call(
        "/v1/merchant/rotating-codes", body, scene.desk(offer.merchant.id), {"offer": offer}
    )


async def handing_in(scene):
    """A till hands in a coupon that it took without network."""
    coupon = await held(scene)
    call = await _signed(scene, coupon.offer.merchant.id, coupon.code)
    return Call(call.path, None, call.headers, {"coupon": coupon}, call.content)


async def _signed(scene, merchant_id, code):
    secret, seat = await offline_till.issued(scene.tx, merchant_id)
    item = {"coupon": code, "order_no": "O-1", "accepted_at": scene.now.isoformat()}
    raw = json.dumps({"batch_id": str(uuid4()), "items": [item]}).encode()
    signature = offline_till.signature(secret, raw)
    signed = scene.headers(Audience.merchant, merchant_id, seat=seat)
    signed |= {"Batch-Signature": signature, "Content-Type": "application/json"}
    return Call("/v1/merchant/offline-batches", None, signed, {}, raw)


async def the_tills_of_another(scene, _):
    """Another merchant's till, which signs with its own key."""
    call = await _signed(scene, (await make.merchant(scene.tx)).id, "x")
    return call.headers


def withdrawing(audience):
    """An offer is taken back, by its merchant or by an officer."""

    async def right(scene):
        offer = await make.offer(scene.tx)
        manager = scene.desk(offer.merchant.id)
        who = manager if audience == "merchant" else await scene.officer(Office.operator)
        return Call(f"/v1/{audience}/offers/{offer.id}/withdraw", WHY, who, {"offer": offer})

    return right


async def drafting(scene):
    """An officer writes an offer down."""
    merchant = await make.merchant(scene.tx)
    body = {
        "merchant_id": str(merchant.id),
        "title_zh": "一杯咖啡",
        "title_en": "One coffee",
        "points": 100,
        "stock": 5,
        "opens_at": NOON.isoformat(),
        "closes_at": (NOON + timedelta(days=7)).isoformat(),
    }
    return Call("/v1/admin/offers", body, await scene.officer(Office.operator))


async def importing(scene):
    """An officer sends a list of codes."""
    offer = await make.offer(scene.tx, stock=0, delivery=Delivery.merchant_code)
    signed = await scene.officer(Office.operator) | {"Content-Type": "text/csv"}
    return Call(f"/v1/admin/offers/{offer.id}/codes", None, signed, {"offer": offer}, b"A\nB")


DAY = after(days=1, seconds=1)
WEEK = after(days=8)
NOT_OPEN, NO_SALE = "409 coupon-not-open", "404 sale-not-found"
EVERYBODYS = "an open offer is everybody's"

MOVES = [
    Move("POST /v1/me/redemptions", claiming, (taken_back, "404 offer-not-found"), EVERYBODYS,
         SAME, (WEEK, "404 offer-not-found")),
    Move("POST /v1/me/redemptions/{redemption_id}/cancel", cancelling, (spent, NOT_OPEN),
         (another_citizen, "404 redemption-not-found"), SAME, (DAY, NOT_OPEN)),
    Move("POST /v1/me/redemptions/{redemption_id}/code", looking_at_a_code, (given_back, NOT_OPEN),
         (another_citizen, "404 redemption-not-found"), SAME, (DAY, NOT_OPEN)),
    Move("POST /v1/me/tickets", queueing, (taken_back, "404 offer-not-found"), EVERYBODYS,
         SAME, (WEEK, "404 offer-not-found")),
    Move("POST /v1/me/tickets/{offer_id}/leave", leaving, (served, "409 ticket-closed"),
         (another_citizen, "404 ticket-not-found"), SAME, (served, "409 ticket-closed")),
    Move("POST /v1/merchant/coupons/present", counter("coupons/present"), (given_back, "200"),
         (another_merchant, "404 coupon-not-found"), SAME, (DAY, "200")),
    Move("POST /v1/merchant/coupons/redeem", counter("coupons/redeem", order_no="A-1"),
         (given_back, NOT_OPEN), (another_merchant, "404 coupon-not-found"), SAME,
         (DAY, NOT_OPEN)),
    Move("POST /v1/merchant/coupons/redeem-all", counter("coupons/redeem-all", order_no="A-1"),
         (spent, NOT_OPEN), (another_merchant, "404 coupon-not-found"), SAME, (DAY, NOT_OPEN)),
    Move("POST /v1/merchant/coupons/undo", sold("coupons/undo"),
         (refunded_before, "409 sale-refunded"), (another_merchant, NO_SALE), SAME,
         (after(seconds=UNDO_WITHIN.seconds + 1), "409 undo-too-late")),
    Move("POST /v1/merchant/refunds", sold("refunds", refund_no="R-9", points=40),
         (undone_before, "409 sale-undone"), (another_merchant, NO_SALE), SAME,
         (after(days=60), "200")),
    Move("PUT /v1/merchant/rotating-codes", rotating, (taken_back, "204"),
         (another_merchant, "404 offer-not-found"), SAME, (WEEK, "204")),
    Move("POST /v1/merchant/offline-batches", handing_in, (doing(spent), "200"),
         (the_tills_of_another, "401 batch-signature-wrong"), SAME, (after(days=4), "200")),
    Move("POST /v1/merchant/offers/{offer_id}/withdraw", withdrawing("merchant"),
         (taken_back, "409 offer-withdrawn"), (another_merchant, "404 offer-not-found"),
         "409 offer-withdrawn", (WEEK, "202")),
    Move("POST /v1/admin/offers/{offer_id}/withdraw", withdrawing("admin"),
         (taken_back, "409 offer-withdrawn"), (a_merchant, "403 wrong-audience"),
         "409 offer-withdrawn", (WEEK, "202")),
    # A draft is seen by nobody, whatever its times; a list sent twice has only doubles.
    Move("POST /v1/admin/offers", drafting, "a draft has no state before it",
         (a_merchant, "403 wrong-audience"), "201", (WEEK, "201")),
    Move("POST /v1/admin/offers/{offer_id}/codes", importing, (taken_back, "404 offer-not-found"),
         (a_merchant, "403 wrong-audience"), "202", (WEEK, "202")),
]  # fmt: skip
