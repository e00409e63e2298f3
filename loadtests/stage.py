"""A city to measure: engines of its own, the service in processes of its own, many citizens.

Everything stands in a folder that is deleted at the end (``PUHUI_BENCH_HOME`` says where).
One citizen is made through the real doors: a card is linked, a ride is delivered and credited.
`loadtests.citizens` copies that one as often as a program needs.
"""

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from uuid import UUID

from app import migrations
from app.catalogue import register
from app.catalogue.versions import Catalogue
from app.database import Database, database_for
from app.embedded import Engines, discard, engines
from app.intake import providers
from app.intake.records import read_records
from app.keys import Keys, keys_for
from app.people import linking
from app.people.register import register_citizen
from app.people.seats import Role, Seat
from app.people.subjects import digest_of
from app.people.tokens import Audience, Tokens
from app.reductions.deliver import deliver
from app.settings import DatabaseSettings, Settings
from loadtests.citizens import PROVIDER, SCENARIO, card, ride

UNLIMITED = 10_000_000
START_LIMIT_S = 60


@dataclass(frozen=True)
class Stage:
    """A running city."""

    pair: Engines
    home: Path
    keys: Keys
    template: int
    """The account of the citizen who was made through the doors."""
    tokens: dict[int, str] = field(default_factory=dict)
    """Tokens of citizens, so that one citizen always sends the same."""

    @property
    def url(self) -> str:
        """PostgreSQL's superuser in our database: fills and measures, never serves."""
        return self.pair.superuser_url.partition("?")[0].rsplit("/", 1)[0] + "/puhui"

    def token(self, audience: Audience, subject: str, account_id: int = 0) -> str:
        """A token for a day."""
        return Tokens(self.keys.token).sign(
            audience,
            seat=Seat(Role.manager) if audience is Audience.merchant else None,
            subject=subject,
            account_id=account_id,
            now=datetime.now(UTC),
            life=timedelta(days=1),
        )

    def citizens_token(self, account_id: int) -> str:
        """What the citizen with this account sends."""
        if (kept := self.tokens.get(account_id)) is None:
            kept = self.token(Audience.citizen, str(UUID(int=account_id)), account_id)
            self.tokens[account_id] = kept
        return kept


@contextmanager
def stage() -> Iterator[Stage]:
    """Fresh engines, the schema, a programme, one citizen with one credited ride."""
    home = Path(tempfile.mkdtemp(prefix="puhui-bench-", dir=os.environ.get("PUHUI_BENCH_HOME")))
    try:
        with engines(home) as pair:
            migrations.migrate(pair.owner_url)
            keys = keys_for(Settings().keys, home)
            yield Stage(pair, home, keys, asyncio.run(_found(pair, keys)))
    finally:
        discard(home)
        shutil.rmtree(home, ignore_errors=True)  # our keys, logs and scripts


async def _found(pair: Engines, keys: Keys) -> int:
    """The programme, and the first citizen's first credit."""
    now = datetime.now(UTC)
    async with opened(pair) as database:
        async with database.writing() as tx:
            await register.register_shipped(tx, active_from=date(2021, 1, 1), now=now)
            await register.set_up(
                tx,
                city_code="3211",
                name_zh="镇江",
                name_en="Zhenjiang",
                zone="Asia/Shanghai",
                pack="CN",
                points_life_months=24,
                points_per_kg={SCENARIO: 100},
                tariff_from=date(2021, 1, 1),
                now=now,
            )
            await providers.admit(tx, code=PROVIDER, name_zh="单车", name_en="Bikes", now=now)
            person = await register_citizen(tx, nickname="bench", district_code="321102", now=now)
            await link(tx, keys, person.account_id, card(person.account_id), now)
        record = ride("first", card(person.account_id), now - timedelta(days=2))
        tally = (await delivered(database, keys, [record])).tally
        assert tally.credited == 1, f"the first ride was not credited: {tally}"
        return person.account_id


@asynccontextmanager
async def opened(pair: Engines, *, pool: int = 4) -> AsyncIterator[Database]:
    """The service's own pools."""
    settings = DatabaseSettings(pool_size=pool, read_pool_size=pool, statement_timeout_ms=3_600_000)
    database = database_for(settings, pair.app_url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def link(tx: Any, keys: Keys, account_id: int, number: str, now: datetime) -> None:
    """Link a card with the bench's provider."""
    provider = await providers.by_code(tx, code=PROVIDER)
    await linking.link(
        tx,
        account_id=account_id,
        provider_id=provider.id,
        subject=digest_of(keys.subject, provider_id=provider.id, subject=number),
        scenarios=[SCENARIO],
        now=now,
    )


async def delivered(database: Database, keys: Keys, records: Sequence[Mapping[str, Any]]) -> Any:
    """Deliver records the way the provider's door does."""
    readable, malformed = read_records(list(records))
    async with database.writing() as tx:
        provider = await providers.by_code(tx, code=PROVIDER)
        return await deliver(
            tx,
            provider_id=provider.id,
            records=readable,
            malformed=malformed,
            versions=await Catalogue().versions(tx),
            subject_key=keys.subject,
            now=datetime.now(UTC),
        )


@contextmanager
def served(
    place: Stage,
    *,
    processes: int = 1,
    target: Callable[..., None] | None = None,
    probe: str = "/livez",
) -> Iterator[int]:
    """The service in processes of its own on one port, with limits that nobody meets; the port.

    Args:
        place: whose engines.
        processes: how many take connections from the one socket.
        target: another service to compare with; called like `_serve`.
        probe: a path that answers when the service is there.

    """
    with socket.socket() as listening:
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen(2_048)
        port: int = listening.getsockname()[1]
        context = get_context("spawn")
        running = [
            context.Process(
                target=target or _serve,
                args=(listening, str(place.home), place.pair.app_url, place.pair.redis_url),
                daemon=True,
            )
            for _ in range(processes)
        ]
        for each in running:
            each.start()
        try:
            alive = partial(_all_alive, running)
            until_it_answers(port, probe, alive, place.home)
            yield port
        finally:
            for each in running:
                each.terminate()
            for each in running:
                each.join(20)


def _all_alive(running: Sequence[BaseProcess]) -> bool:
    return all(each.is_alive() for each in running)


def settings_for(home: str) -> Settings:
    """Everything on; the limits are counted, and out of reach."""
    limits = {
        "provider_batches_per_minute": UNLIMITED,
        "citizen_writes_per_minute": UNLIMITED,
        "merchant_scans_per_minute": UNLIMITED,
    }
    return Settings.model_validate({"home": home, "limits": limits})


def quiet(home: str, name: str) -> None:
    """Let this process's log lines go to a file, as a service's do."""
    log = os.open(Path(home) / f"{name}.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.dup2(log, 2)


def _serve(listening: socket.socket, home: str, database_url: str, redis_url: str) -> None:
    """One process of the service, as `puhui serve` runs it."""
    import uvicorn  # in the served process only

    from app import logs, main  # the same
    from app.demo.serving import BACKLOG  # the same

    quiet(home, "serving")
    logs.configure()
    app = main.application(settings_for(home), database_url=database_url, redis_url=redis_url)
    config = uvicorn.Config(app, log_level="warning", access_log=False, backlog=BACKLOG)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listening]))


def until_it_answers(port: int, probe: str, alive: Callable[[], bool], home: Path) -> None:
    """Wait until the port answers a request, or until what is to answer has died."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline and alive():
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as asking:
                head = f"GET {probe} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"
                asking.sendall(head.encode())
                if asking.recv(64).startswith(b"HTTP/1.1"):
                    return
        except OSError:
            time.sleep(0.05)
    told = [path.read_text()[-2_000:] for path in home.glob("*.log")]
    raise TimeoutError("\n".join(["the service did not start", *told]))
