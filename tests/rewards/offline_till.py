"""A till without network: what it writes down, and how it hands it in."""

import hashlib
import hmac
from datetime import timedelta
from uuid import uuid4

from app.people.seats import Role, Seat
from app.rewards import offline, release
from app.rewards.offline import Batch
from app.rewards.tables import RedemptionState
from tests.make import NOON
from tests.merchants import front_door
from tests.rewards import shop
from tests.rewards.counter import KEY

CHECK_CHARS = 7
"""At the end of a key, after what is random."""
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


def signature(secret, raw):
    """What a till writes under a batch: worked out from its key by the published recipe alone."""
    digest = hashlib.sha256(f"puhui till {secret.removeprefix('till_')[:-CHECK_CHARS]}".encode())
    key = hmac.digest(digest.digest(), b"puhui offline batch 1", "sha256")
    return hmac.new(key, raw, "sha256").hexdigest()


async def issued(tx, merchant_id):
    """A till in a store of a merchant: its secret, and where it sits when it has signed in."""
    store = await front_door.store(tx, merchant_id)
    made = await front_door.till(tx, merchant_id, store.id)
    row = await tx.execute("SELECT id FROM till_key WHERE till_id = %s", (made.till_id,))
    [key_id] = await row.fetchone()
    return made.key, Seat(Role.cashier, store.id, made.till_id, key_id)


def line(coupon, order_no="A-1", at=NOON, code=""):
    """What a till writes down."""
    return {"order_no": order_no, "accepted_at": at, "coupon": code or coupon.code}


async def hand_in(tx, offer, *lines, batch_id=None, now=NOON + HOUR, fingerprint=b"f", desk=None):
    """A till hands in what it took; its answer line by line."""
    items = [offline.read_item(place=place, **each) for place, each in enumerate(lines)]
    return await offline.take_batch(
        tx,
        merchant_id=offer.merchant.id,
        batch=Batch(batch_id or uuid4(), uuid4(), fingerprint, items),
        desk=desk or shop.LEFT,
        coupon_key=KEY,
        now=now,
    )


async def swept(tx, coupon, *, now):
    """The hold ran out and the worker came by."""
    bucket = coupon.account_id % 1024
    await release.release_late(
        tx, bucket=bucket, limit=9, now=now
    )  # none, if a neighbour's took it
    row = await (await tx.execute(_STATE, (bucket, coupon.account_id, coupon.id))).fetchone()
    assert row[0] != RedemptionState.held


_STATE = "SELECT state FROM redemption WHERE bucket = %s AND account_id = %s AND id = %s"
