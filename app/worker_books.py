"""Background work behind the book: roll-ups, seals and the daily root. Registered by `app.worker`.

Each step is one transaction with its cursor, so any number of workers may run it at any time: one
does the work, the others find the cursor locked.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import procrastinate
import structlog
from prometheus_client import Gauge

from app.catalogue.errors import CatalogueEmpty
from app.catalogue.versions import Catalogue
from app.clock import utc_now
from app.database import Database
from app.ledger import follow, rollup, seal

log = structlog.get_logger()

EVERY_MINUTE = "* * * * *"
OLD_WATERMARK = timedelta(minutes=5)
"""A transaction that has been open for so long deserves a warning: nothing above it is sealed."""

Patiently = Callable[[Callable[[], Awaitable[object]]], Awaitable[None]]
"""Runs a step, and again when PostgreSQL was away."""

_BEHIND = Gauge(
    "puhui_ledger_behind_transactions",
    "How far a consumer is behind the watermark.",
    ["consumer"],
    multiprocess_mode="mostrecent",
)
_AGE = Gauge(
    "puhui_ledger_watermark_age_seconds",
    "For how long the watermark has not moved, if it should.",
    multiprocess_mode="mostrecent",
)


class Watermark:
    """Watches whether the watermark moves: an open transaction holds all followers back."""

    def __init__(self) -> None:
        self._at: tuple[int, datetime] | None = None

    def age(self, lags: list[follow.Lag], now: datetime) -> timedelta:
        """For how long the oldest transaction has been the same, as far as we have looked."""
        open_xids = max((lag.open_xids for lag in lags), default=0)
        if not open_xids:
            self._at = None
            return timedelta(0)
        watermark_xid = lags[0].watermark_xid
        if self._at is None or self._at[0] != watermark_xid:
            self._at = (watermark_xid, now)
        return now - self._at[1]


def register(jobs: procrastinate.App, database: Database, *, patiently: Patiently) -> None:
    """Add this file's promises to the worker's."""
    watermark = Watermark()

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="roll_up_books", queueing_lock="roll_up_books")
    async def _roll_up(timestamp: int) -> None:
        await patiently(lambda: roll_up(database))

    @jobs.periodic(cron=EVERY_MINUTE)
    @jobs.task(name="seal_books", queueing_lock="seal_books")
    async def _seal(timestamp: int) -> None:
        await patiently(lambda: seal_books(database, now=utc_now()))
        await look(database, watermark, now=utc_now())


async def roll_up(database: Database) -> int:
    """Roll up everything below the watermark; returns how many entries that were."""
    rolled = 0
    try:
        async with database.reading() as tx:
            zone = (await Catalogue().versions(tx)).zone
    except CatalogueEmpty:
        return 0  # a city that nobody has founded has no days
    while True:
        async with database.writing() as tx:
            step = await rollup.fold(tx, zone=zone)
        if step is None:
            return rolled
        rolled += step


async def seal_books(database: Database, *, now: datetime) -> int:
    """Seal everything below the watermark, and close yesterday; returns how many entries."""
    sealed = 0
    while True:
        async with database.writing() as tx:
            done = await seal.seal(tx, now=now)
        if done is None:
            break
        sealed += done.entries
        # Whoever keeps this log elsewhere can prove that nothing was undone (`verify --kept`).
        log.info("books_sealed", round=done.nth, chain=done.chain.hex(), entries=done.entries)
    try:
        async with database.reading() as tx:
            zone = (await Catalogue().versions(tx)).zone
    except CatalogueEmpty:
        return sealed
    yesterday = now.astimezone(zone).date() - timedelta(days=1)
    async with database.writing() as tx:
        if await seal.close_day(tx, day=yesterday, now=now):
            log.info("books_closed", day=yesterday.isoformat())
    return sealed


async def look(database: Database, watermark: Watermark, *, now: datetime) -> None:
    """Tell the dashboards how far the followers are behind."""
    async with database.reading() as tx:
        lags = await follow.lags(tx)
    for lag in lags:
        _BEHIND.labels(lag.consumer).set(lag.behind_xids)
    age = watermark.age(lags, now)
    _AGE.set(age // timedelta(seconds=1))
    if age >= OLD_WATERMARK:
        log.warning("ledger_watermark_is_old", age_s=age // timedelta(seconds=1))
