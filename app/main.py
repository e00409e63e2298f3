"""The web service: every room's routes on one application, and what they share.

Knows all rooms; no room knows it. What a lower room must trigger in a higher one is wired in
here (`ACTIONS`).
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, datetime

from fastapi import FastAPI

from app import memory, probes, problems
from app.app_versions import AppVersions
from app.appeals import routes_citizen as appeals_citizen
from app.appeals import routes_officer as appeals_officer
from app.approvals import routes_officer as approvals_officer
from app.approvals.decide import Action
from app.approvals.propose import Reader
from app.cache import Cache, cache_for
from app.catalogue import budgets_set, submit, suspend, tariffs, withdraw
from app.catalogue import routes_officer as catalogue_officer
from app.catalogue import routes_public as catalogue_public
from app.catalogue.versions import Catalogue
from app.console import routes_till, routes_till_sales
from app.database import Database, Tx, database_for
from app.edge import Service
from app.h5 import serve as h5
from app.intake import routes_public as intake_public
from app.keys import Keys, keys_for
from app.lanes import LaneMap
from app.ledger import officer_adjust, officer_names
from app.ledger import routes_citizen as ledger_citizen
from app.ledger import routes_officer as ledger_officer
from app.ledger import routes_public as ledger_public
from app.merchants import change_account, check, standing
from app.merchants import routes_merchant as merchants_merchant
from app.merchants import routes_merchant_accounts as merchants_merchant_accounts
from app.merchants import routes_officer as merchants_officer
from app.merchants import routes_officer_accounts as merchants_officer_accounts
from app.merchants import routes_public as merchants_public
from app.merchants import routes_public_staff as merchants_staff
from app.merchants.counter import Counter
from app.notices import routes_citizen as notices_citizen
from app.people import routes_citizen as people_citizen
from app.people import routes_officer as people_officer
from app.people.tokens import Tokens
from app.people.vault import vault_for
from app.phone import routes_citizen as phone_citizen
from app.phone import routes_citizen_live as phone_live
from app.phone.hub import Hub
from app.reductions import correct
from app.reductions import routes_citizen as reductions_citizen
from app.reductions import routes_officer as reductions_officer
from app.reductions import routes_officer_review as reductions_review
from app.reductions import routes_provider as reductions_provider
from app.rewards import funding, publish
from app.rewards import routes_citizen as rewards_citizen
from app.rewards import routes_citizen_coupons as rewards_citizen_coupons
from app.rewards import routes_citizen_tickets as rewards_citizen_tickets
from app.rewards import routes_merchant as rewards_merchant
from app.rewards import routes_merchant_offers as rewards_merchant_offers
from app.rewards import routes_merchant_offline as rewards_merchant_offline
from app.rewards import routes_merchant_pictures as rewards_merchant_pictures
from app.rewards import routes_merchant_sales as rewards_merchant_sales
from app.rewards import routes_officer as rewards_officer
from app.rewards import routes_officer_offline as rewards_officer_offline
from app.rewards import routes_officer_paid as rewards_officer_paid
from app.rewards import routes_officer_pictures as rewards_officer_pictures
from app.rewards import routes_public as rewards_public
from app.rewards import routes_public_pictures as rewards_public_pictures
from app.rewards.gate import Gate
from app.rewards.redeem_admission import Admission
from app.rights import routes_citizen as rights_citizen
from app.rights import routes_citizen_claims as rights_claims
from app.rights import routes_citizen_consents as rights_consents
from app.rights import routes_officer as rights_officer
from app.rights import routes_provider as rights_provider
from app.rights import routes_public as rights_public
from app.settings import Settings
from app.settlement import days as settlement_days
from app.settlement import payouts
from app.settlement import routes_merchant as settlement_merchant
from app.settlement import routes_officer as settlement_officer
from app.settlement import routes_officer_payouts as settlement_payouts
from app.sign_in import routes_citizen as sign_in_citizen
from app.sign_in import routes_public as sign_in_public
from app.sign_in import routes_public_inbox as sign_in_inbox
from app.sign_in import routes_public_officers as sign_in_officers
from app.sign_in import routes_public_platforms as sign_in_platforms
from app.sign_in.desk import desk_for


async def _calendar(tx: Tx, now: datetime) -> tuple[date, int]:
    """The programme's civil day, and how many months its points live: for the ledger."""
    versions = await Catalogue().versions(tx)
    return now.astimezone(versions.zone).date(), versions.points_life_months


ACTIONS: Mapping[str, Action] = {
    "rewards.publish": publish.apply,
    "rewards.set_rate": funding.apply_rate,
    "rewards.open_budget": funding.apply_budget,
    submit.KIND: submit.apply,
    suspend.KIND: suspend.apply,
    withdraw.KIND: withdraw.apply,
    "catalogue.set_tariff": tariffs.apply,
    "catalogue.set_budget": budgets_set.apply,
    "reductions.correct": correct.apply,
    officer_adjust.KIND: officer_adjust.action(_calendar),
    "ledger.name_counter_account": officer_names.name_counter_account,
    "ledger.define_unit": officer_names.define_unit,
    check.KIND: check.apply,
    standing.KIND: standing.apply,
    change_account.KIND: change_account.apply,
    settlement_days.KIND: settlement_days.apply_cut_off,
    payouts.KIND: payouts.apply,
}
"""What each kind of proposal does when a second officer approves it."""

READERS: Mapping[str, Reader] = {
    "rewards.set_rate": funding.read_rate,
    "rewards.open_budget": funding.read_budget,
}
"""What looks at a payload when it is proposed, so that the maker learns what is wrong with it."""

_ROUTERS = (
    ledger_citizen.hot,  # the first match is the cheapest
    rewards_citizen.hot,
    reductions_provider.router,
    ledger_citizen.router,
    ledger_officer.router,
    reductions_citizen.router,
    phone_citizen.router,
    phone_live.router,
    notices_citizen.router,
    rewards_citizen.router,
    rewards_citizen_tickets.router,
    rewards_public.router,
    rewards_citizen_coupons.router,
    rewards_merchant.router,
    rewards_merchant_sales.router,
    rewards_merchant_offline.router,
    rewards_officer_offline.router,
    rewards_officer_paid.router,
    rewards_merchant_offers.router,
    rewards_officer.router,
    rewards_public_pictures.router,
    rewards_merchant_pictures.router,
    rewards_officer_pictures.router,
    settlement_merchant.router,
    settlement_officer.router,
    settlement_payouts.router,
    rights_citizen.router,
    rights_consents.router,
    rights_claims.router,
    rights_provider.router,
    rights_public.router,
    rights_officer.router,
    merchants_public.router,
    merchants_staff.router,
    intake_public.router,
    merchants_merchant.router,
    merchants_merchant_accounts.router,
    merchants_officer.router,
    merchants_officer_accounts.router,
    catalogue_public.router,
    catalogue_officer.router,
    catalogue_officer.tariff_router,
    reductions_officer.router,
    reductions_officer.trials,
    people_citizen.router,
    people_officer.router,
    reductions_review.router,
    appeals_officer.router,
    appeals_citizen.router,
    approvals_officer.router,
    ledger_officer.books,
    ledger_public.router,
    sign_in_public.router,
    sign_in_citizen.router,
    sign_in_officers.router,
    sign_in_platforms.router,
)


def create_app(
    settings: Settings, *, database: Database, cache: Cache, keys: Keys, opens: bool = True
) -> FastAPI:
    """The whole service on parts that somebody else made.

    Args:
        settings: limits and sizes.
        database: where the truth is.
        cache: where nothing that matters is.
        keys: what tokens, coupons and card digests are made with.
        opens: whether start-up opens the pools and shutdown closes them (not in tests).

    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if opens:
            await database.open()
            memory.settle()
        yield
        app.state.hub.close()
        if opens:
            await database.close()
        await cache.close()

    app = Service(
        title="Puhui 普惠",
        version="1",
        summary="Acts become verified grams, grams become points, points buy coffee.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,  # a client's method: `read_wallet`
        max_body_size=settings.limits.body_bytes,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.cache = cache
    app.state.keys = keys
    app.state.tokens = Tokens(keys.token)
    app.state.vault = vault_for(keys)
    app.state.counter = Counter(database)
    app.state.desk = desk_for(settings, keys, database=database, tokens=app.state.tokens)
    app.state.key_ring = app.state.desk.key_ring
    app.state.sessions = app.state.desk.sessions
    app.state.catalogue = Catalogue()
    app.state.actions = ACTIONS
    app.state.readers = READERS
    app.state.admission = Admission(Gate(cache.store), device_key=keys.subject)
    app.state.hub = Hub(
        database,
        cache,
        per_citizen=settings.limits.streams_per_citizen,
        streams=settings.limits.streams,
    )
    app.state.lanes = LaneMap(settings.lanes)
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router, prefix="/v1")
    app.include_router(sign_in_public.well_known)
    app.include_router(sign_in_inbox.router)
    app.include_router(routes_till.router)
    app.include_router(routes_till_sales.router)
    h5.install(app, development=settings.environment != "production")
    probes.install(app)
    if settings.apps.min_versions:
        app.add_middleware(
            AppVersions,
            oldest=settings.apps.min_versions,
            stores={name: str(url) for name, url in settings.apps.stores.items()},
        )
    app.add_middleware(probes.Metrics)
    return app


def application(settings: Settings, *, database_url: str, redis_url: str | None) -> FastAPI:
    """The service of one process, on the given servers.

    Args:
        settings: the process's settings.
        database_url: PostgreSQL, as the serving role.
        redis_url: Redis or Valkey; None works, slower.

    """
    assert settings.home is not None, "the caller has chosen a state folder"
    return create_app(
        settings,
        database=database_for(settings.database, database_url),
        cache=cache_for(settings.redis, redis_url),
        keys=keys_for(settings.keys, settings.home),
    )
