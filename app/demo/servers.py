"""Where a command finds its servers: in the settings, or the embedded pair while it lives."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.database import Database, database_for
from app.embedded import engines, home_folder
from app.keys import Keys, keys_for
from app.settings import Settings

LONG_STATEMENTS_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Found:
    """Where the servers are, and where our state is."""

    settings: Settings
    database_url: str
    owner_url: str
    redis_url: str | None
    home: Path
    worker_url: str

    @property
    def keys(self) -> Keys:
        """What we sign and digest with."""
        return keys_for(self.settings.keys, self.home)


@contextmanager
def servers() -> Iterator[Found]:
    """The servers of the settings, or the embedded pair while the block runs."""
    settings = Settings()
    home = settings.home or home_folder(os.environ)
    redis = settings.redis.url
    with ExitStack() as stack:
        if settings.database.url is not None:
            url = str(settings.database.url)
            owner, app = str(settings.database.owner_url or url), url
            worker = str(settings.database.worker_url or url)
            store = str(redis) if redis else None
        else:
            pair = stack.enter_context(engines(home))
            home, owner, app, worker = pair.home, pair.owner_url, pair.app_url, pair.worker_url
            store = str(redis) if redis else pair.redis_url
        settings = settings.model_copy(update={"home": home})
        yield Found(settings, app, owner, store, home, worker)


@asynccontextmanager
async def opened(found: Found, *, patient: bool = False) -> AsyncIterator[Database]:
    """Pools for one command; a patient one lets statements run for an hour."""
    few = {"pool_size": 4, "read_pool_size": 2}
    few |= {"statement_timeout_ms": LONG_STATEMENTS_MS} if patient else {}
    database = database_for(found.settings.database.model_copy(update=few), found.database_url)
    # One try tells at once why PostgreSQL cannot be reached; a pool would go on trying.
    await (await psycopg.AsyncConnection.connect(found.database_url, connect_timeout=5)).close()
    await database.open()
    try:
        yield database
    finally:
        await database.close()
