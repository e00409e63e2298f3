"""What operators' machines and readers see: probes, numbers, documentation."""

import asyncio
import re
from contextlib import asynccontextmanager

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY

from app import migrations, probes
from app.cache import cache_for
from app.database import database_for
from app.settings import DatabaseSettings, RedisSettings

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


class Silent:
    """A PostgreSQL that never answers."""

    @asynccontextmanager
    async def reading(self):
        await asyncio.sleep(3_600)
        yield


class Standing:
    """A PostgreSQL whose schema is at some revision."""

    def __init__(self, revision: str | None, error: Exception | None = None) -> None:
        self.revision, self.error, self.asked = revision, error, 0

    @asynccontextmanager
    async def reading(self):
        yield self

    async def execute(self, _: str):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return self

    async def fetchone(self):
        return None if self.revision is None else (self.revision,)


async def test_alive_needs_nothing(machinery, caller):
    """A process without PostgreSQL and Redis is still alive, so nobody kills it for their sake."""
    machinery.state.database = machinery.state.cache = None
    response = await caller.get("/livez")
    assert (response.status_code, response.json()) == (200, {"status": "alive"})


async def test_ready_on_a_migrated_database(caller):
    """The serving role may read the revision, and finds the one this code needs."""
    response = await caller.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready", "degraded": []})


@pytest.mark.parametrize("url", [None, "redis://127.0.0.1:1/0"])
async def test_a_lost_store_only_degrades(machinery, caller, url):
    """Without Redis or Valkey the service is slower, never wrong: it stays ready."""
    machinery.state.cache = cache_for(RedisSettings(), url)
    response = await caller.get("/readyz")
    assert (response.status_code, response.json()["degraded"]) == (200, ["cache"])


async def test_a_lost_database_is_not_ready(machinery, caller):
    """A refused connection is 503 and a problem document."""
    database = database_for(DatabaseSettings(pool_wait_s=1), NOWHERE)
    pools = [database._writers, database._readers]
    await asyncio.gather(*(pool.open(wait=False) for pool in pools))
    machinery.state.database = database
    response = await caller.get("/readyz")
    await database.close()
    assert response.status_code == 503
    assert response.json()["code"] == "not-ready"
    assert response.json()["part"] == "postgresql"
    assert response.headers["retry-after"] == "1"


async def test_a_silent_database_is_not_waited_for(machinery, caller, monkeypatch):
    """The probe answers in its own time, whatever PostgreSQL does."""
    monkeypatch.setattr(probes, "READY_WITHIN_S", 0)
    machinery.state.database = Silent()
    async with asyncio.timeout(60):
        response = await caller.get("/readyz")
    assert (response.status_code, response.json()["part"]) == (503, "postgresql")


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        (Standing("2020_01_01_0000"), 503),
        (Standing(None), 503),
        (Standing(None, psycopg.errors.UndefinedTable()), 503),
        (Standing(migrations.newest()), 200),
        (Standing("2999_01_01_0000"), 200),
    ],
    ids=["old", "empty", "never migrated", "same", "newer"],
)
async def test_an_older_schema_is_not_ready(machinery, caller, standing, status):
    """Code never serves on a schema it does not know; a newer one was made to be survived."""
    machinery.state.database = standing
    response = await caller.get("/readyz")
    assert response.status_code == status
    if status == 503:
        assert response.json()["part"] == "schema"


async def test_a_good_schema_is_compared_once(machinery, caller, monkeypatch):
    """The migrations are read once per process; PostgreSQL is asked each time."""
    machinery.state.database = standing = Standing(migrations.newest())
    await caller.get("/readyz")
    monkeypatch.delattr(migrations, "newest")
    assert (await caller.get("/readyz")).status_code == 200
    assert standing.asked == 2


def counted(**labels: str) -> int:
    """How many requests of a kind this process has answered."""
    return int(REGISTRY.get_sample_value("puhui_requests_total", labels) or 0)


async def test_requests_are_counted_by_template(caller):
    """Two orders are one line: the label is the route's template, never an id."""
    labels = {"route": "/orders/{order_id}", "method": "POST", "status": "4xx"}
    before = counted(**labels)
    for order_id in (981_001, 981_002):
        await caller.post(f"/orders/{order_id}", json={})
    assert counted(**labels) == before + 2
    text = (await caller.get("/metrics")).text
    assert 'route="/orders/{order_id}"' in text
    # Labels only: a value, such as a sum of seconds, may hold any digits.
    assert not [line for line in text.splitlines() if "98100" in line.rpartition(" ")[0]]


async def test_failures_and_strange_requests_are_counted(caller):
    """A bug counts as 5xx; unknown paths and made-up methods share one line each."""
    broken = {"route": "/broken", "method": "GET", "status": "5xx"}
    unknown = {"route": "unmatched", "method": "other", "status": "4xx"}
    before = counted(**broken), counted(**unknown)
    await caller.get("/broken")
    await caller.request("BREW", "/nowhere-1")
    await caller.request("STEEP", "/nowhere-2")
    assert (counted(**broken), counted(**unknown)) == (before[0] + 1, before[1] + 2)


async def test_batches_are_counted_by_outcome(caller):
    """An operator sees how many records were credited and how many were not."""
    probes.count_records({"credited": 3, "rejected": 1})
    text = (await caller.get("/metrics")).text
    assert re.search(r'puhui_records_total\{outcome="credited"\} \d+', text)


async def test_the_documentation_loads_nothing_foreign(caller):
    """Every address on the page is this service's own, and answers."""
    page = await caller.get("/docs")
    assert page.status_code == 200
    assert not re.search(r"(https?:)?//", page.text)
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "unsafe-inline" not in page.headers["content-security-policy"].split("style-src")[0]
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    start = (await caller.get("/docs/start.js")).text
    assert not re.search(r"(https?:)?//", start)
    addresses += re.findall(r'url: "([^"]+)"', start)
    assert len(addresses) >= 6
    for address in addresses:
        assert address.startswith("/")
        assert (await caller.get(address)).status_code == 200, address


def words(part, found):
    """Every name of a member, anywhere in a document."""
    if isinstance(part, dict):
        for name, value in part.items():
            found.add(name)
            words(value, found)
    elif isinstance(part, list):
        for value in part:
            words(value, found)
    return found


async def test_the_viewer_gets_a_document_it_can_draw(caller):
    """The bundled viewer refuses OpenAPI 3.1, so it is shown the same routes in the words of 3.0."""
    newer = (await caller.get("/openapi.json")).json()
    older = (await caller.get("/docs/openapi.json")).json()
    assert newer["openapi"].startswith("3.1")
    assert older["openapi"] == "3.0.3"
    assert list(older["paths"]) == list(newer["paths"])
    assert "const" not in words(older, set())
    assert '"null"' not in str(older).replace("'", '"')


async def test_the_document_tells_the_refusals_that_are_really_sent(caller):
    """No operation promises the framework's own validation error."""
    document = (await caller.get("/openapi.json")).json()
    assert "HTTPValidationError" not in str(document)
    order = document["paths"]["/orders/{order_id}"]["post"]["responses"]
    problem = {"$ref": "#/components/schemas/Problem"}
    for status in ("422", "default"):
        assert order[status]["content"] == {"application/problem+json": {"schema": problem}}


async def test_every_kind_of_refusal_is_public(caller):
    """A developer can look up each code: titles in both languages and a sentence."""
    listed = (await caller.get("/problems")).json()["problems"]
    codes = [each["code"] for each in listed]
    assert codes == sorted(set(codes)), "no code has two meanings"
    assert {"invalid-request", "internal-error", "http-404", "too-many-requests"} <= set(codes)
    for each in listed:
        assert each["title"] != each["title_zh"]
        assert len(each["description"]) > 15, each["code"]
        assert 400 <= each["status"] <= 599


async def test_two_services_in_one_process(machinery):
    """Making the service again neither fails nor counts a request twice."""
    again = FastAPI()
    probes.install(again)
    again.add_middleware(probes.Metrics)
    labels = {"route": "/livez", "method": "GET", "status": "2xx"}
    before = counted(**labels)
    for app in (again, machinery):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await client.get("/livez")
    assert counted(**labels) == before + 2
