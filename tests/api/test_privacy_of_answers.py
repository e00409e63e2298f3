"""What is somebody's own is kept by nobody on the way, and not sent twice to its owner."""

import re

import pytest

from tests import city, make
from tests.api import doors
from tests.city import NOON

STREAMS = {"/v1/me/events": "a stream without an end; its own tests read its headers"}
KEPT = {"no-store", "private, no-cache"}
NAMED = (
    "links", "consents", "claims", "appeals", "privacy", "statement", "redemptions", "requests",
    "household", "reductions", "wallet", "feed", "account", "profile", "messages", "sessions",
    "link-claims", "guardian", "wards",
)  # fmt: skip


async def test_no_personal_answer_is_kept_on_the_way(app, client, keys):
    """Every GET of a citizen, merchant, officer or provider says so, refused or not."""
    asked, loose = 0, {}
    for each in doors.routes(app):
        path = str(each.path)
        audience = doors.audience_of(path)
        if audience is None or "GET" not in each.methods or path in STREAMS:
            continue
        signed = doors.token(app.state.tokens, audience, now=NOON)
        url = re.sub(r"\{\w+\}", str(doors.SOMEBODY), path)
        answer = await client.get(url, headers={"Authorization": f"Bearer {signed}"})
        without = await client.get(url)
        asked += 1
        for found in (answer, without):
            if found.headers.get_list("cache-control") not in [[kept] for kept in KEPT]:
                loose[path] = found.headers.get_list("cache-control")
    assert asked > 50
    assert loose == {}


@pytest.fixture
async def hers(database, keys):
    """A citizen with a household, and a card."""
    async with database.writing() as tx:
        await city.programme(tx)
        person = await city.citizen(tx)
    return make.citizen_headers(keys, person.account_id)


async def test_what_is_unchanged_is_not_sent_again(client, hers):
    """A list of tags, weak or strong, is understood by each of a citizen's lists in one way."""
    assert (await client.post("/v1/me/household", headers=hers)).status_code == 201
    for name in NAMED:
        first = await client.get(f"/v1/me/{name}", headers=hers)
        assert first.status_code == 200, name
        etag = first.headers["etag"]
        assert name in {"wallet", "profile"} or first.headers["vary"] == "Accept-Language"
        for known in (etag, f'W/{etag}, "zz"', f'"a,b", {etag}', "*"):
            again = await client.get(f"/v1/me/{name}", headers=hers | {"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b""), (name, known)
            assert again.headers["etag"] == etag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        for other in ('"zz"', etag.strip('"'), 'W/"zz", "yy"', ""):
            again = await client.get(f"/v1/me/{name}", headers=hers | {"If-None-Match": other})
            assert (again.status_code, again.content) == (200, first.content), (name, other)
