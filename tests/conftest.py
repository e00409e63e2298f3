"""Fixtures every test may use: a database that forgets, a clock that stands still.

The servers are real: the embedded pair in a folder of its own, or those named by
``PUHUI_TEST_ADMIN_URL`` and ``PUHUI_TEST_REDIS_URL``; of such a store each process of a run
empties and uses the database of its own number. The schema is built by the migrations.
"""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo
from redis import Redis

from app import migrations
from app.cache import Cache, cache_for
from app.clock import current_time
from app.database import APP_ROLE, Database, Tx, database_for
from app.embedded import discard, engines
from app.keys import Keys
from app.settings import DatabaseSettings, RedisSettings, Settings

hypothesis_settings.register_profile(
    "no deadline", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("no deadline")  # a busy machine is not a bug

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
"""Noon of 1 March 2026 in the city: the moment at which tests happen."""


@dataclass(frozen=True)
class Servers:
    """Where the real servers are: an administrator's PostgreSQL, and Redis or Valkey."""

    admin_url: str
    redis_url: str


@dataclass(frozen=True)
class Urls:
    """One migrated database: the owner's way in, the service's way in."""

    owner: str
    app: str


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """The servers named by the environment, or the embedded pair in a folder of its own."""
    admin, redis = os.environ.get("PUHUI_TEST_ADMIN_URL"), os.environ.get("PUHUI_TEST_REDIS_URL")
    with ExitStack() as stack:
        if admin is None or redis is None:
            home = os.environ.get("PUHUI_TEST_HOME")
            folder = Path(home) if home else tmp_path_factory.mktemp("engines")
            if home is None:
                stack.callback(discard, folder)
            pair = stack.enter_context(engines(folder))
            admin, redis = admin or pair.superuser_url, redis or pair.redis_url
        yield Servers(admin, _own_store(redis))


def _own_store(url: str) -> str:
    """The store's database that no other process of this run uses."""
    number = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return urlsplit(url)._replace(path=f"/{number}").geturl()


def empty_store(servers: Servers) -> None:
    """Forget what earlier tests have counted: in a new database accounts have their numbers."""
    with Redis.from_url(servers.redis_url) as store:
        store.flushdb()


@pytest.fixture(scope="session")
def template(servers: Servers) -> Iterator[str]:
    """The name of a migrated, empty database that others are copied from."""
    name = f"puhui_template_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        migrations.migrate(make_conninfo_url(servers.admin_url, name))
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def make_conninfo_url(url: str, database: str) -> str:
    """The same server, another database."""
    base, _, _ = url.partition("?")
    return f"{base.rsplit('/', 1)[0]}/{database}"


@pytest.fixture(scope="session")
def urls(servers: Servers, template: str) -> Iterator[Urls]:
    """The database that forgetting tests share."""
    yield from _copy(servers, template)


@pytest.fixture
def fresh_urls(servers: Servers, template: str) -> Iterator[Urls]:
    """A database of its own, for tests that really commit."""
    yield from _copy(servers, template)


def _copy(servers: Servers, template: str) -> Iterator[Urls]:
    empty_store(servers)
    name = f"puhui_test_{secrets.token_hex(4)}"
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    url = make_conninfo_url(servers.admin_url, name)
    yield Urls(owner=url, app=url)
    with psycopg.connect(servers.admin_url, autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def connection(urls: Urls) -> AsyncIterator[Tx]:
    """Real PostgreSQL, as the serving role, in one transaction that is undone at the end."""
    conninfo = make_conninfo(
        urls.app, options=f"-c role={APP_ROLE} -c timezone=UTC -c search_path=public,queue"
    )
    async with (
        await AsyncConnection.connect(conninfo, autocommit=True) as connection,
        connection.transaction(force_rollback=True),
    ):
        yield connection


@pytest.fixture
def database(connection: Tx) -> Database:
    """The service's way in; every commit of the test is only a savepoint."""
    return Database(None, None, single=connection)


@pytest.fixture
async def tx(database: Database) -> AsyncIterator[Tx]:
    """One open write transaction."""
    async with database.writing() as transaction:
        yield transaction


@pytest.fixture
async def committing(fresh_urls: Urls) -> AsyncIterator[Database]:
    """A database of its own, with pools and real commits, for races."""
    database = database_for(DatabaseSettings(pool_size=24), fresh_urls.app)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(scope="session")
def keys() -> Keys:
    """Keys of this run."""
    return Keys(Ed25519PrivateKey.generate(), b"c" * 32, b"s" * 32)


@pytest.fixture
async def cache(servers: Servers) -> AsyncIterator[Cache]:
    """The real store, empty: a test that counts its requests begins at nought."""
    empty_store(servers)
    cache = cache_for(RedisSettings(), servers.redis_url)
    yield cache
    await cache.close()


@pytest.fixture
def app(database: Database, cache: Cache, keys: Keys) -> FastAPI:
    """The whole service on the test's own connection, at noon in the city."""
    from app.main import create_app

    app = create_app(
        Settings(environment="test"), database=database, cache=cache, keys=keys, opens=False
    )
    app.dependency_overrides[current_time] = lambda: NOON
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who calls the service."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
async def live_client(
    committing: Database, cache: Cache, keys: Keys
) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who calls a service whose commits are real; many calls may run at once."""
    from app.main import create_app

    app = create_app(
        Settings(environment="test"), database=committing, cache=cache, keys=keys, opens=False
    )
    app.dependency_overrides[current_time] = lambda: NOON
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", timeout=60) as client:
        yield client
