"""A till with its key, and the service where a browser finds it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from fastapi import FastAPI

from app.cache import Cache
from app.clock import current_time
from app.database import Database, Tx
from app.merchants import equip
from app.merchants.counter import Counter
from app.settings import Settings
from tests import make
from tests.browser import browser, serving  # noqa: F401  # a fixture that several folders share
from tests.make import NOON, Offer
from tests.merchants import front_door
from tests.rewards import shop


@dataclass
class Site:
    """The service as a browser sees it; ``now`` can be moved."""

    address: str
    app: FastAPI
    database: Database
    now: datetime = NOON

    def later(self, **span: int) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@dataclass(frozen=True)
class ShopCounter:
    """A shop with one till."""

    offer: Offer
    store_id: UUID
    till_id: UUID
    key: str


@pytest.fixture
async def site(committing, cache, keys) -> AsyncIterator[Site]:
    """The whole service on loopback, with real commits; revocations are seen at once."""
    from app.main import create_app

    app = create_app(
        Settings(environment="test"), database=committing, cache=cache, keys=keys, opens=False
    )
    app.state.counter = Counter(committing, believed_s=0)
    async with serving(app) as address:
        site = Site(address, app, committing)
        app.dependency_overrides[current_time] = lambda: site.now
        yield site


@pytest.fixture
def cache() -> Cache:
    """No store: the limits of one test are not the next one's."""
    return Cache(None)


async def a_shop(tx: Tx, *, title_zh: str = "", title_en: str = "") -> ShopCounter:
    """A shop with an offer and a till in its store; titles unless they are the usual ones."""
    offer = await make.offer(tx, stock=50)
    if title_zh:
        await tx.execute(
            "UPDATE offer SET title_zh = %s, title_en = %s WHERE id = %s",
            (title_zh, title_en, offer.id),
        )
    store = await front_door.store(tx, offer.merchant.id)
    issued = await front_door.till(tx, offer.merchant.id, store.id)
    return ShopCounter(offer, store.id, issued.till_id, issued.key)


async def revoke(tx: Tx, counter: ShopCounter) -> None:
    """The manager closes the till."""
    await equip.revoke(
        tx,
        merchant_id=counter.offer.merchant.id,
        till_id=counter.till_id,
        actor="staff:x",
        now=NOON,
    )


async def coupon(tx: Tx, counter: ShopCounter) -> shop.Held:
    """A customer's coupon of the shop's offer."""
    return await shop.held(tx, offer=counter.offer)
