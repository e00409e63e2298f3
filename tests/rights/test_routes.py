"""What people and officers ask about personal data, as they ask it: over HTTP."""

import io
import zipfile
from datetime import date

import pytest

from app.people.register import register_officer
from app.people.vault import vault_for
from app.rights import export_run, requests, rules
from app.rights.export_parts import PARTS
from tests import make
from tests.city import NOON
from tests.rights.leaving import anna, value

PHONE = "13812345678"


@pytest.fixture
async def person(database):
    """Anna."""
    return await anna(database)


@pytest.fixture
def hers(keys, person):
    """Her phone's headers."""
    return make.citizen_headers(keys, person.account_id)


@pytest.fixture
async def officer(database, keys):
    """An officer's headers."""
    async with database.writing() as tx:
        officer_id = await register_officer(tx, name="officer-li", role="operator", now=NOON)
    return make.officer_headers(keys, officer_id)


async def test_a_copy_from_the_wish_to_the_file(client, database, keys, hers):
    """Asked, followed, fetched; a stranger gets 404, and every step is on the privacy page."""
    asked = await client.post("/v1/me/exports", headers=hers)
    assert (asked.status_code, asked.json()["state"]) == (202, "open")
    path = f"/v1/me/exports/{asked.json()['request_id']}"
    early = await client.get(f"{path}/file", headers=hers)
    assert (early.status_code, early.json()["code"]) == (409, "export-not-ready")

    await export_run.run_export(
        database,
        request_id=asked.json()["request_id"],
        vault=vault_for(keys),
        clock=lambda: NOON,
    )
    told = (await client.get(path, headers=hers)).json()
    assert (told["state"], told["done"], told["total"]) == ("done", len(PARTS), len(PARTS))
    file = await client.get(f"{path}/file", headers=hers)
    assert (file.status_code, file.headers["cache-control"]) == (200, "no-store")
    assert "data.json" in zipfile.ZipFile(io.BytesIO(file.content)).namelist()
    stranger = make.citizen_headers(keys, make.account())
    for url in (path, f"{path}/file"):
        assert (await client.get(url, headers=stranger)).status_code == 404

    privacy = (await client.get("/v1/me/privacy", headers=hers)).json()
    actions = [each["action"] for each in privacy["deeds"]]
    assert actions[:3] == ["rights.read_export", "rights.made_export", "rights.ask_export"]
    assert [each["kind"] for each in privacy["requests"]] == ["export"]


async def test_a_correction_is_answered_and_reading_it_is_seen(
    client, database, person, hers, officer
):
    """The words are sealed; whoever reads them is on the privacy page, and they go with the answer."""
    wish = {"topic": "other", "wish": f"my number is {PHONE}"}
    asked = await client.post("/v1/me/corrections", headers=hers, json=wish)
    assert (asked.status_code, asked.json()["due_on"]) == (201, "2026-03-20")
    where = f"/v1/admin/rights-requests/{asked.json()['request_id']}"
    kept = await value(database, "SELECT wish FROM rights_request")
    assert PHONE.encode() not in kept

    due = (await client.get("/v1/admin/rights-requests", headers=officer)).json()["items"]
    assert [(each["topic"], each["late"]) for each in due] == [("other", False)]
    read = await client.post(f"{where}/reading", headers=officer)
    assert read.json()["wish"] == wish["wish"]
    body = {"outcome": "done", "answer": "已更正。"}
    assert (await client.post(f"{where}/answer", headers=officer, json=body)).status_code == 204
    again = await client.post(f"{where}/answer", headers=officer, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "rights-request-closed")

    [mine] = (await client.get("/v1/me/requests", headers=hers)).json()["items"]
    assert (mine["state"], mine["answer"]) == ("done", "已更正。")
    assert await value(database, "SELECT count(*) FROM rights_request WHERE wish IS NOT NULL") == 0
    deeds = (await client.get("/v1/me/privacy", headers=hers)).json()["deeds"]
    assert ("officer", "rights.read_wish", "查看更正申请") in [
        (each["by"], each["action"], each["words_zh"]) for each in deeds
    ]
    assert (await client.get("/v1/admin/rights-requests", headers=officer)).json()["items"] == []


async def test_what_is_due_first_comes_first(client, database, person, hers, officer):
    """The list of what waits begins with what is late, and can be cut at a day."""
    await client.post("/v1/me/exports", headers=hers)
    async with database.writing() as tx:
        await requests.ask_deletion(
            tx, account_id=person.account_id, today=date(2026, 1, 5), now=NOON
        )
    where = "/v1/admin/rights-requests"
    for before, found in (
        ("2026-03-21", [("deletion", True), ("export", False)]),
        ("2026-03-20", [("deletion", True)]),
    ):
        told = await client.get(where, headers=officer, params={"before": before})
        assert [(each["kind"], each["late"]) for each in told.json()["items"]] == found


async def test_leaving_can_be_taken_back(client, database, hers):
    """202 with its day, 204 while it waits, 404 when there is nothing to take back."""
    asked = (await client.post("/v1/me/deletion", headers=hers)).json()
    assert asked["acts_after"] == (NOON + rules.GRACE).isoformat().replace("+00:00", "Z")
    again = (await client.post("/v1/me/deletion", headers=hers)).json()
    assert again["request_id"] == asked["request_id"]
    assert (await client.delete("/v1/me/deletion", headers=hers)).status_code == 204
    gone = await client.delete("/v1/me/deletion", headers=hers)
    assert (gone.status_code, gone.json()["code"]) == (404, "rights-request-not-found")
    [mine] = (await client.get("/v1/me/requests", headers=hers)).json()["items"]
    assert mine["state"] == "cancelled"
    assert await value(database, "SELECT count(*) FROM citizen WHERE nickname = 'anna'") == 1


async def test_a_wish_that_is_sent_again_is_one_wish(client, person, hers):
    """A key makes one correction of two, refuses another body; without a key there are two."""
    keyed, plain = hers | {"Idempotency-Key": "wish-0001"}, make.keyless(hers)
    wish = {"topic": "other", "wish": "I moved."}
    first = await client.post("/v1/me/corrections", headers=keyed, json=wish)
    again = await client.post("/v1/me/corrections", headers=keyed, json=wish)
    assert (again.status_code, again.json()) == (201, first.json())
    other = await client.post("/v1/me/corrections", headers=keyed, json=wish | {"topic": "age"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
    for _ in range(2):
        assert (await client.post("/v1/me/corrections", headers=plain, json=wish)).is_success
    mine = (await client.get("/v1/me/requests", headers=hers)).json()["items"]
    assert len(mine) == 3


async def test_leaving_that_was_taken_back_is_not_asked_for_by_a_late_retry(client, hers):
    """A retry that arrives after one has changed one's mind does not ask to be forgotten again."""
    keyed = hers | {"Idempotency-Key": "leave-0001"}
    assert (await client.post("/v1/me/deletion", headers=keyed)).json()["state"] == "open"
    assert (await client.delete("/v1/me/deletion", headers=hers)).status_code == 204
    late = await client.post("/v1/me/deletion", headers=keyed)
    assert (late.status_code, late.json()["state"]) == (202, "cancelled")
