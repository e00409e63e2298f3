"""The ledger's promises: points expire, citizens are told before, debts are collected.

Each goes bucket range by bucket range in transactions of its own. All find their work by
themselves, so running twice, late or again after a crash ends like one undisturbed run.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import procrastinate
import structlog

from app.catalogue.errors import CatalogueEmpty
from app.catalogue.versions import Catalogue
from app.clock import utc_now
from app.database import Database, Tx
from app.ids import BUCKETS, new_id
from app.ledger.expire import expire
from app.ledger.expiring import Expiring, expiring
from app.ledger.repay import repay
from app.ledger.sweep import finish_buckets, next_buckets
from app.ledger.units import UnitView, units
from app.notices.enqueue import enqueue

log = structlog.get_logger()

EVERY_MINUTE = "* * * * *"
EVERY_TEN_MINUTES = "3-53/10 * * * *"
"""A day's sweep begins soon after the programme's midnight, and rests once the day is done."""
ACCOUNTS_PER_STEP = 5_000

Patiently = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]
"""Runs a step, and again when PostgreSQL was away."""


def register(jobs: procrastinate.App, database: Database, *, patiently: Patiently) -> None:
    """Add the ledger's promises to those that the worker keeps."""

    @jobs.periodic(cron=EVERY_TEN_MINUTES)
    @jobs.task(name="expire_points", queueing_lock="expire_points")
    async def _expire(timestamp: int) -> None:
        await patiently(lambda: expire_points(database, now=utc_now()))

    @jobs.periodic(cron=EVERY_TEN_MINUTES)
    @jobs.task(name="tell_of_expiry", queueing_lock="tell_of_expiry")
    async def _tell(timestamp: int) -> None:
        await patiently(lambda: tell_of_expiry(database, now=utc_now()))

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="collect_debts", queueing_lock="collect_debts")
    async def _collect(timestamp: int) -> None:
        await patiently(lambda: collect_debts(database, now=utc_now()))


async def expire_points(database: Database, *, now: datetime) -> int:
    """Expire what is due, once a day; returns how many balances were looked at.

    Args:
        database: opens the transactions.
        now: when (UTC); the programme's zone says which day that is.

    """
    zone, kinds = await _programme(database)
    if zone is None:
        return 0
    ref = new_id()

    async def step(tx: Tx, unit: UnitView, buckets: range) -> int:
        return await expire(
            tx,
            buckets=buckets,
            limit=ACCOUNTS_PER_STEP,
            today=now.astimezone(zone).date(),
            zone=str(zone),
            ref=ref,
            now=now,
            unit=unit.id,
        )

    return await _daily(database, "expire_points", now.astimezone(zone).date(), kinds, step)


async def tell_of_expiry(database: Database, *, now: datetime) -> int:
    """Promise a message to whoever has points that expire in 30, 7 or 1 days; returns how many.

    Args:
        database: opens the transactions.
        now: when (UTC); the programme's zone says which day that is.

    """
    zone, kinds = await _programme(database)
    if zone is None:
        return 0
    today = now.astimezone(zone).date()

    async def step(tx: Tx, unit: UnitView, buckets: range) -> int:
        found = await expiring(
            tx, buckets=buckets, limit=ACCOUNTS_PER_STEP, today=today, now=now, unit=unit.id
        )
        await _promise(tx, unit, found, now)
        return len(found)

    return await _daily(database, "tell_of_expiry", today, kinds, step)


async def collect_debts(database: Database, *, now: datetime) -> int:
    """Let whoever owes points and has some pay; returns how many accounts were looked at."""
    async with database.reading() as tx:
        kinds = await units(tx)
    ref, total = new_id(), 0
    for unit in kinds:
        paid = ACCOUNTS_PER_STEP
        while paid == ACCOUNTS_PER_STEP:
            async with database.writing() as tx:
                paid = await repay(
                    tx,
                    buckets=range(BUCKETS),
                    limit=ACCOUNTS_PER_STEP,
                    ref=ref,
                    now=now,
                    unit=unit.id,
                )
            total += paid
    if total:
        log.info("debts_collected", accounts=total)
    return total


async def _daily(
    database: Database,
    name: str,
    day: Any,
    kinds: Sequence[UnitView],
    step: Callable[[Tx, UnitView, range], Awaitable[int]],
) -> int:
    """Walk over all buckets once a day, from wherever an earlier run stopped."""
    total = 0
    while True:
        async with database.writing() as tx:
            buckets = await next_buckets(tx, name=name, day=day)
        if buckets is None:
            break
        for unit in kinds:
            done = ACCOUNTS_PER_STEP
            while done == ACCOUNTS_PER_STEP:
                async with database.writing() as tx:
                    done = await step(tx, unit, buckets)
                total += done
        async with database.writing() as tx:
            await finish_buckets(tx, name=name, day=day, buckets=buckets)
    if total:
        log.info(name, accounts=total, day=day.isoformat())
    return total


async def _programme(database: Database) -> tuple[Any, list[UnitView]]:
    """The programme's zone, None before there is one; and every unit."""
    async with database.reading() as tx:
        kinds = await units(tx)
        try:
            return (await Catalogue().versions(tx)).zone, kinds
        except CatalogueEmpty:
            return None, kinds


async def _promise(tx: Tx, unit: UnitView, found: Sequence[Expiring], now: datetime) -> None:
    """One message for each; an account that has two lots in the window gets two."""
    rest = list(found)
    while rest:
        first = {each.account_id: each for each in reversed(rest)}
        await enqueue(
            tx,
            template="points_expiring",
            facts_of={
                account_id: {
                    "unit": unit.code,
                    "points": each.points,
                    "expires_on": each.expires_on.isoformat(),
                    "days_left": each.days_left,
                }
                for account_id, each in first.items()
            },
            now=now,
        )
        rest = [each for each in rest if first[each.account_id] is not each]
