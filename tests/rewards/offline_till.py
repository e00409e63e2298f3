"""A till without network: what it writes down, and how it hands it in."""

from datetime import timedelta
from uuid import uuid4

from app.rewards import offline, release
from app.rewards.offline import Batch
from tests.make import NOON
from tests.rewards import shop
from tests.rewards.counter import KEY

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


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
    assert await release.release_late(tx, bucket=bucket, limit=9, now=now) >= 1
