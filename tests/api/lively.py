"""A city in which something has happened, for tests that call every route of it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from fastapi import FastAPI

from app.cache import Cache
from app.clock import current_time
from app.database import Database, Tx
from app.keys import Keys
from app.main import create_app
from app.people.register import CitizenView
from app.people.seats import Role, Seat
from app.people.tokens import Audience
from app.settings import LimitSettings, Settings
from tests import city, make
from tests.api.doors import token
from tests.make import NOON
from tests.merchants import front_door
from tests.security.matrix import bearers

NOBODYS = "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55"
NEVER = 10**9
UNLIMITED = LimitSettings(
    provider_batches_per_minute=NEVER,
    citizen_writes_per_minute=NEVER,
    merchant_scans_per_minute=NEVER,
    merchant_applications_per_minute=NEVER,
    sign_ins_per_minute=NEVER,
)
"""Who is told to wait a minute finds nothing."""


def service(database: Database, cache: Cache, keys: Keys) -> FastAPI:
    """The whole service at noon, for who calls it more often than a person does."""
    app = create_app(
        Settings(environment="test", limits=UNLIMITED),
        database=database,
        cache=cache,
        keys=keys,
        opens=False,
    )
    app.dependency_overrides[current_time] = lambda: NOON
    return app


@contextmanager
def quiet() -> Iterator[None]:
    """Without log lines: a request costs half as much, and a bug is told by who finds it."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


async def settle(tx: Tx) -> tuple[CitizenView, dict[str, Any]]:
    """A citizen with rides and points, a merchant with a store, a till and an offer."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await make.points(tx, anna.account_id, 1_000_000)
    await city.send(tx, city.ride(), city.metro(), city.charge(energy_kwh="149"))
    merchant = await front_door.onboarded(tx)
    store = await front_door.store(tx, merchant.id)
    till = await front_door.till(tx, merchant.id, store.id)
    person = await front_door.invited(tx, merchant.id, Role.cashier)
    offer = await make.offer(tx, by=merchant, points=1, stock=100_000, per_citizen=1_000)
    waiting = await front_door.checked(tx)
    return anna, {
        "merchant_id": str(merchant.id),
        "store_id": str(store.id),
        "till_id": str(till.till_id),
        "staff_id": str(person.staff_id),
        "offer_id": str(offer.id),
        "application_id": str(waiting.id),
        "proposal_id": str(waiting.proposal_id),
        "account_id": anna.account_id,
        "citizen_id": str(anna.id),
        "provider": "bikes",
        "scenario": "bike_ride",
        "methodology": "bike_ride",
        "version": "1.0.0",
        "day": "2026-02-28",
        "month": "2026-02",
        "period": "2026-02",
        "seq": 1,
    }


async def inhabit(database: Database, app: FastAPI) -> tuple[dict[str, str], dict[str, Any]]:
    """The city, committed: a token for each role of the matrix, and the ids that exist."""
    async with database.writing() as tx:
        anna, ids = await settle(tx)
        found = await bearers(tx, app)
    tokens = app.state.tokens
    found["citizen"] = token(
        tokens, Audience.citizen, now=NOON, subject=str(anna.id), account_id=anna.account_id
    )
    for role in Role:
        found[role.value] = token(
            tokens, Audience.merchant, now=NOON, subject=ids["merchant_id"], seat=Seat(role)
        )
    return {name: bearer for name, bearer in found.items() if bearer is not None}, ids
