"""A city before a sale: many citizens with points, an offer with an opening bell, servers.

Points come from a bicycle ride of each citizen, delivered through the provider's own door a
thousand at a time, so that every invariant of ``puhui verify`` holds before the bell. PostgreSQL
is told to keep the time of each commit: with it the judge knows how many units were left at every
moment of the sale.
"""

import asyncio
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import active_children
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from app.clock import utc_now
from app.embedded import status
from app.merchants.directory import MerchantView
from app.merchants.register import register
from app.rewards import publish, queue_tend
from app.rewards.draft import draft_offer
from app.rewards.offers_terms import Terms
from app.rewards.tables import Mode
from app.settings import Settings
from loadtests.citizens import card, link_copies, ride
from loadtests.sale_people import Habit, account_of, habit_of
from loadtests.stage import Stage, delivered, opened, quiet, served, stage

PRICE_POINTS = 1
"""A citizen can pay for every sale of a run."""
BATCH = 1_000
REVIVAL_S = 60


@dataclass(frozen=True)
class City:
    """Who takes part."""

    place: Stage
    merchant: MerchantView
    citizens: int

    @property
    def numbers(self) -> range:
        """The citizens, by number."""
        return range(self.citizens)


@dataclass(frozen=True)
class Sale:
    """One offer and its bell, in seconds since 1970."""

    offer_id: UUID
    units: int
    bell_s: float
    mode: Mode = Mode.first_come


@contextmanager
def city(citizens: int) -> Iterator[City]:
    """Engines, a programme, a merchant, citizens with points."""
    with stage() as place:
        _keep_commit_times(place)
        _ride_out(place, citizens)
        yield City(place, asyncio.run(_seller(place)), citizens)


def _keep_commit_times(place: Stage) -> None:
    """Let PostgreSQL note when each transaction committed; it has to be started anew."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("ALTER SYSTEM SET track_commit_timestamp = on")
    os.kill(status(place.home).postgres_pid, signal.SIGINT)
    deadline = time.monotonic() + REVIVAL_S
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(place.url) as connection:
                if connection.execute("SHOW track_commit_timestamp").fetchone() == ("on",):
                    return
        except psycopg.OperationalError:
            time.sleep(0.05)
    raise TimeoutError("PostgreSQL did not come back with the times of commits")


def _ride_out(place: Stage, citizens: int) -> None:
    """Link everybody's card, then let all but the penniless ride; a ride earns 18 points."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        numbers = range(citizens)
        link_copies(connection, template=place.template, numbers=numbers, key=place.keys.subject)
        connection.execute("VACUUM ANALYZE")
    riders = [n for n in range(citizens) if habit_of(n) is not Habit.penniless]
    start = utc_now() - timedelta(days=2)

    async def deliver() -> None:
        async with opened(place.pair) as database:
            for at in range(0, len(riders), BATCH):
                rides = [
                    ride(f"ride-{n}", card(account_of(n)), start) for n in riders[at : at + BATCH]
                ]
                tally = (await delivered(database, place.keys, rides)).tally
                assert tally.credited == len(rides), f"not every ride was credited: {tally}"

    asyncio.run(deliver())


async def _seller(place: Stage) -> MerchantView:
    async with opened(place.pair) as database, database.writing() as tx:
        return await register(
            tx,
            code="sale-cafe",
            name_zh="咖啡",
            name_en="Coffee",
            category="food",
            district_code="321102",
            now=utc_now(),
        )


def announce(
    town: City, *, units: int, in_s: float, mode: Mode = Mode.first_come, draw_in_s: float = 0
) -> Sale:
    """Publish an offer that opens in so many seconds; one a person, and one a device."""
    bell = utc_now() + timedelta(seconds=in_s)
    lottery = mode is Mode.lottery
    terms = Terms(
        mode=mode,
        limits=[{"by": "device", "per": "always", "units": 1}],
        shuffle_s=2 if mode is Mode.queue else 0,
        draws_at=bell + timedelta(seconds=draw_in_s) if lottery else None,
    )

    async def write() -> UUID:
        now = utc_now()
        async with opened(town.place.pair) as database, database.writing() as tx:
            made = await draft_offer(
                tx,
                merchant_id=town.merchant.id,
                contra=town.merchant.contra,
                title_zh="秒杀咖啡",
                title_en="Coffee, while it lasts",
                points=PRICE_POINTS,
                stock=units,
                per_citizen=1,
                opens_at=bell,
                closes_at=bell + timedelta(days=1),
                now=now,
                terms=terms,
            )
            await publish.apply(tx, payload={"offer_id": str(made)}, now=now)
            return made

    return Sale(asyncio.run(write()), units, bell.timestamp(), mode)


@contextmanager
def serving(town: City, *, processes: int) -> Iterator[tuple[int, list[BaseProcess]]]:
    """The service in processes of its own; its port, and the processes."""
    before = set(active_children())
    with served(town.place, processes=processes, target=_serve) as port:
        yield port, [each for each in active_children() if each not in before]


def _serve(listening: socket.socket, home: str, database_url: str, redis_url: str) -> None:
    """One process as `puhui serve` runs it, with the limits that everybody has."""
    import uvicorn  # in the served process only

    from app import logs, main  # the same
    from app.demo.serving import BACKLOG  # the same

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    quiet(home, "serving")
    logs.configure()
    settings = Settings(home=Path(home))
    app = main.application(settings, database_url=database_url, redis_url=redis_url)
    config = uvicorn.Config(app, log_level="warning", access_log=False, backlog=BACKLOG)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listening]))


def tend_until(town: City, *, enough: Any, within_s: float) -> float:
    """Tend lines and draws, as the worker does, until ``enough`` is true; the seconds it took."""

    async def run() -> float:
        began = time.monotonic()
        async with opened(town.place.pair) as database:
            while time.monotonic() - began < within_s and not enough():
                await queue_tend.tend_once(database, clock=utc_now)
                await asyncio.sleep(0.05)
        return time.monotonic() - began

    return asyncio.run(run())


def left(connection: psycopg.Connection[Any], sale: Sale) -> int:
    """How many units nobody has."""
    row = connection.execute(_LEFT, (sale.offer_id,)).fetchone()
    return int(row[0]) if row else 0


_LEFT = "SELECT sum(remaining) FROM offer_stock WHERE offer_id = %s"
