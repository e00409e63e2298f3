"""What an officer uploads is checked, kept under its hash, and moved only in turn."""

import pytest

from tests.catalogue import scooter
from tests.catalogue.scooter import BASE, ONE, TODAY, submitted, tried, uploaded

pytestmark = pytest.mark.usefixtures("town")


async def test_uploading_again(client, ana, bo):
    """The same content is the same version; other content under its number is refused."""
    first = await uploaded(client, ana)
    again = await uploaded(client, bo)
    other = await uploaded(client, bo, factor="0.06")
    elsewhere = await client.post(
        f"{BASE}/bike_ride/versions",
        json={"document": scooter.text(), "reason": "wrong door"},
        headers=ana,
    )

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "version-number-taken")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "document-refused")
    [mine] = [
        each
        for each in (await client.get(BASE, headers=bo)).json()["items"]
        if each["methodology"] == "kick_scooter"
    ]
    life = (await client.get(f"{ONE}/1.0.0", headers=bo)).json()
    assert mine["author"] == life["author"] == life["history"][0]["actor"]
    assert life["document"]["id"] == "kick_scooter"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("submit", {"active_from": TODAY}),
        ("suspend", {}),
        ("resume", {}),
        ("shadow", {"action": "stop"}),
    ],
)
async def test_a_move_out_of_turn_names_what_may_follow(client, ana, path, body):
    """A version that is only checked cannot be submitted, stopped or resumed."""
    await uploaded(client, ana)
    answer = await client.post(f"{ONE}/1.0.0/{path}", json=body | {"reason": "now"}, headers=ana)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "wrong-state")
    assert (problem["state"], problem["allowed"]) == ("checked", "dry_run, shadow, withdrawn")
    assert "checked" in problem["detail"]


async def test_nothing_is_submitted_untried(client, ana):
    """Shadow alone is not enough: at least one dry-run."""
    await uploaded(client, ana)
    body = {"action": "start", "reason": "watch"}
    await client.post(f"{ONE}/1.0.0/shadow", json=body, headers=ana)
    refused = await submitted(client, ana, "1.0.0", TODAY)
    trial = await tried(client, ana, "1.0.0")
    after = await submitted(client, ana, "1.0.0", TODAY)

    assert refused.json()["code"] == "version-not-ready"
    assert trial.status_code == 201
    assert (after.status_code, after.json()["state"]) == (200, "submitted")


@pytest.mark.parametrize(
    ("change", "line", "column"),
    [
        (("result: reduction_kg", "colour: green"), None, None),
        (("distance_km * net_kg_per_km", "distance_km + net_kg_per_km"), 27, 40),
        (("version: 1.0.0", "version: one"), 3, 10),
    ],
)
async def test_a_refused_document_says_where_and_how(client, ana, change, line, column):
    """422 with line, column and what mends it; the check says the same without keeping anything."""
    wrong = scooter.text().replace(*change, 1)
    answer = await client.post(ONE, json={"document": wrong, "reason": "x"}, headers=ana)
    report = (await client.post(f"{BASE}/check", json={"document": wrong}, headers=ana)).json()
    problem = answer.json()

    assert (answer.status_code, problem["code"]) == (422, "document-refused")
    assert problem["problems"] == report["problems"]
    assert (report["passes"], report["tier"]) == (False, None)
    if line is not None:
        assert (problem["line"], problem["column"]) == (line, column)
        assert f"line {line}, column {column}" in problem["detail"]
    assert problem["problems"][0]["fix"]["en"] in problem["detail"]


async def test_a_wrong_example_is_a_named_finding(client, ana):
    """A document whose worked example does not come out is refused by the rule's name."""
    wrong = scooter.text().replace("grams: 100", "grams: 101")
    answer = await client.post(ONE, json={"document": wrong, "reason": "x"}, headers=ana)
    assert answer.status_code == 422
    assert {each["rule"] for each in answer.json()["problems"]} == {"vectors_pass"}


@pytest.mark.parametrize("text", ['title: "\\ud800"', "\x07", "- 1", 'a: "\\0"', "[" * 5000])
async def test_hostile_documents_are_refused_calmly(client, ana, text):
    """Whatever it is, the answer is a report."""
    answer = await client.post(f"{BASE}/check", json={"document": text}, headers=ana)
    assert answer.status_code == 200, answer.text
    assert answer.json()["passes"] is False
