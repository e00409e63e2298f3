"""What the service hands out at `/`: the client, strictly, and nothing else."""

import gzip
import re

import pytest

from app.database import Database
from app.h5 import serve
from app.settings import Settings
from tests import city

FOREIGN = re.compile(rb"(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]{2,}", re.IGNORECASE)


async def test_the_page_may_load_from_here_alone(client):
    """No inline script or style, no frame, no foreign origin: the policy says so."""
    answer = await client.get("/")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son\w+=", answer.text)


def test_no_file_names_a_foreign_origin():
    """Nothing in the build could ask another host, not even for a font."""
    found = {path: FOREIGN.findall(each.body) for path, each in serve.files().items()}
    links = {path: hosts for path, hosts in found.items() if hosts}
    # Vue's own warnings, left in its runtime, name its documentation; nothing asks for it.
    assert {host for hosts in links.values() for host in hosts} <= {b"https://vuejs.org"}


async def test_named_content_is_kept_and_the_page_is_asked_for(client):
    """Files with a digest in their name never change; the page and its worker are looked at."""
    for path in serve.files():
        answer = await client.get(path, headers={"Accept-Encoding": "identity"})
        kept = answer.headers["cache-control"]
        assert ("immutable" in kept) == path.startswith("/assets/"), path
        again = await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_a_phone_gets_packed_bytes(client):
    """With gzip on the way, and the same content without."""
    plain = await client.get("/", headers={"Accept-Encoding": "identity"})
    packed = await client.get("/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert gzip.decompress(serve.files()["/"].packed) == plain.content


async def test_the_worker_keeps_the_shell_and_every_file_of_it(client):
    """The service worker knows each asset of this very build, and keeps no answer of the API."""
    worker = (await client.get("/sw.js")).text
    assets = {path for path in serve.files() if path.startswith("/assets/")}
    assert assets
    assert set(re.findall(r"/assets/[\w.-]+", worker)) == assets
    assert "/v1/" not in worker


@pytest.mark.parametrize(("environment", "development"), [("test", True), ("production", False)])
async def test_a_developers_door_is_shut_in_production(
    environment, development, cache, keys, connection
):
    """Only a place to try things lets a token be pasted; the page learns the programme's zone."""
    import httpx

    from app.main import create_app

    await city.programme(connection)
    settings = Settings(environment="test").model_copy(update={"environment": environment})
    app = create_app(
        settings, database=Database(None, None, single=connection), cache=cache, keys=keys,
        opens=False,
    )  # fmt: skip
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/client.json")).json() == {
            "development": development,
            "zone": "Asia/Shanghai",
        }


async def test_the_apis_own_refusals_are_left_alone(client):
    """An address that nobody serves is a problem document, not the page."""
    answer = await client.get("/assets/nothing.js")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
