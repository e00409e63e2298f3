"""The providers' door and the citizen's pages, as their programs see them."""

import json

import pytest

from app.people.tokens import Audience
from tests import city
from tests.city import bearer, charge, metro, ride


@pytest.fixture
async def anna(database):
    """A citizen of a city that is set up."""
    async with database.writing() as tx:
        await city.programme(tx)
        return await city.citizen(tx)


@pytest.fixture
def as_bikes(app):
    """The provider's header."""
    return bearer(app.state.tokens, Audience.provider, "bikes")


@pytest.fixture
def as_anna(app, anna):
    """The citizen's header."""
    return bearer(app.state.tokens, Audience.citizen, str(anna.id), anna.account_id)


async def test_a_batch_is_answered_record_by_record(client, anna, as_bikes, as_anna):
    """One credited, one refused; the wallet shows the credited one in the same breath."""
    body = {"records": [ride("a"), ride("b", subject="card-nobody")]}

    answer = await client.post("/v1/provider/batches", json=body, headers=as_bikes)

    assert answer.status_code == 207
    batch = answer.json()
    assert (batch["records"], batch["credited"], batch["rejected"]) == (2, 1, 1)
    assert batch["outcomes"][0] | {"reduction_id": "x"} == {
        "index": 0,
        "ref": "a",
        "outcome": "credited",
        "reason": None,
        "field": None,
        "detail": None,
        "grams": 180,
        "points": 18,
        "reduction_id": "x",
    }
    assert batch["outcomes"][1]["reason"] == "not_linked"
    wallet = (await client.get("/v1/me/wallet", headers=as_anna)).json()
    assert (wallet["available"], wallet["expires_next"]["points"]) == (18, 18)


async def test_a_thousand_records_twice(client, database, anna, as_bikes):
    """1,000 credited, then 1,000 duplicates; a thousand and one is refused whole."""
    async with database.writing() as tx:
        for n in range(1000):
            await city.citizen(tx, f"p{n}")
    records = [ride(f"r{n}", subject=f"card-p{n}") for n in range(1000)]

    first = (
        await client.post("/v1/provider/batches", json={"records": records}, headers=as_bikes)
    ).json()
    again = (
        await client.post("/v1/provider/batches", json={"records": records}, headers=as_bikes)
    ).json()
    more = await client.post(
        "/v1/provider/batches", json={"records": [*records, ride("x")]}, headers=as_bikes
    )

    assert (first["credited"], first["points"]) == (1000, 18_000)
    assert (again["duplicate"], again["points"]) == (1000, 0)
    assert more.status_code == 422
    assert more.json()["code"] == "unreadable-batch"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"{}", b'{"records": []}', b'{"records": 1}', b'{"records": [1], "x": 1}',
     b'{"records": [{"data": {"x": NaN}}]}', b"\xff\xfe", b"[" * 10_000],
)  # fmt: skip
async def test_rubbish_is_a_problem_document(client, anna, as_bikes, body):
    """A body that is no batch is refused with a sentence that says what a batch is."""
    answer = await client.post("/v1/provider/batches", content=body, headers=as_bikes)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unreadable-batch"


async def test_a_json_number_is_read_exactly(client, anna, as_bikes):
    """3.7 as a JSON number is 3.7, not the nearest float; a huge exponent is refused calmly."""
    text = json.dumps({"records": [ride("a", distance_km="@"), ride("b", distance_km="#")]})
    text = text.replace('"@"', "3.7").replace('"#"', "1e999999")

    batch = (await client.post("/v1/provider/batches", content=text, headers=as_bikes)).json()

    assert [each["grams"] for each in batch["outcomes"]] == [180, 0]
    assert batch["outcomes"][1]["reason"] == "malformed"


async def test_an_unknown_provider_is_refused(client, app, anna):
    """A good token of a provider that was never admitted opens nothing."""
    stranger = bearer(app.state.tokens, Audience.provider, "nobody")
    answer = await client.post("/v1/provider/batches", json={"records": [ride()]}, headers=stranger)
    assert (answer.status_code, answer.json()["code"]) == (404, "provider-not-found")


async def test_an_explanation_shows_every_number(client, anna, as_bikes, as_anna):
    """Inputs, factor with source, term and rounding are there, recomputed, in two languages."""
    batch = (
        await client.post("/v1/provider/batches", json={"records": [metro()]}, headers=as_bikes)
    ).json()
    reduction_id = batch["outcomes"][0]["reduction_id"]

    answer = await client.get(f"/v1/me/reductions/{reduction_id}/explanation", headers=as_anna)

    told = answer.json()
    assert (told["grams"], told["recomputed_grams"], told["agrees"]) == (579, 579, True)
    steps = {step["name"]: step for step in told["steps"]}
    assert steps["distance_km"]["value"] == "12.4"
    factor = steps["rail_net_kg_per_pkm"]
    assert factor["value"] == "0.0467"
    assert factor["source"]["issuer"]
    assert factor["source"]["grade"] == "R"
    assert steps["reduction_kg"]["value"] == "0.57908"
    assert "rounding" in {step["kind"] for step in told["steps"]}
    assert "12.4" in told["sentence_zh"]
    assert "12.4" in told["sentence_en"]
    assert all(step["label_zh"] and step["label_en"] for step in told["steps"])


async def test_an_act_that_was_cut_by_a_cap_explains_the_cut(client, anna, as_bikes, as_anna):
    """What was left of the day's kilometres stands among the steps, and the numbers agree."""
    rides = [
        ride(f"r{n}", start=city.MORNING.replace(hour=7 + 2 * n), minutes=60, distance_km="15")
        for n in range(3)
    ]
    batch = (
        await client.post("/v1/provider/batches", json={"records": rides}, headers=as_bikes)
    ).json()
    last = batch["outcomes"][2]

    told = (
        await client.get(f"/v1/me/reductions/{last['reduction_id']}/explanation", headers=as_anna)
    ).json()

    assert (last["grams"], told["recomputed_grams"], told["agrees"]) == (487, 487, True)
    assert "cap" in {step["kind"] for step in told["steps"]}


async def test_anothers_reduction_does_not_exist(client, app, database, anna, as_bikes):
    """Somebody else's id is answered like one that nobody has."""
    async with database.writing() as tx:
        boris = await city.citizen(tx, "boris")
    batch = (
        await client.post("/v1/provider/batches", json={"records": [ride()]}, headers=as_bikes)
    ).json()
    as_boris = bearer(app.state.tokens, Audience.citizen, str(boris.id), boris.account_id)

    answer = await client.get(
        f"/v1/me/reductions/{batch['outcomes'][0]['reduction_id']}/explanation", headers=as_boris
    )

    assert answer.status_code == 404


async def test_pages_of_reductions_and_entries_are_the_whole(client, anna, as_bikes, as_anna):
    """Seven acts in pages of three: each once, newest first, and no cursor at the end."""
    days = [city.MORNING.replace(day=20 + n) for n in range(7)]
    records = [ride(f"r{n}", start=day) for n, day in enumerate(days)]
    await client.post("/v1/provider/batches", json={"records": records}, headers=as_bikes)

    for path, name in (("reductions", "occurred_on"), ("statement", "seq")):
        seen, cursor = [], ""
        for _ in range(3):
            page = (await client.get(f"/v1/me/{path}?limit=3{cursor}", headers=as_anna)).json()
            seen += [item[name] for item in page["items"]]
            cursor = f"&cursor={page['next_cursor']}"
        assert len(seen) == 7
        assert seen == sorted(set(seen), reverse=True)
        assert page["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "W10", "WzFd", "WyJhIiwiYiJd", "%00", "a" * 300])
async def test_a_strange_cursor_is_refused(client, anna, as_anna, cursor):
    """A cursor that is not of this list is a problem, never an error of ours."""
    answer = await client.get(f"/v1/me/reductions?cursor={cursor}", headers=as_anna)
    assert answer.status_code in {400, 422}


async def test_the_wallet_is_not_sent_twice(client, anna, as_bikes, as_anna):
    """The same ETag is answered 304 until something is booked."""
    first = await client.get("/v1/me/wallet", headers=as_anna)
    match = as_anna | {"If-None-Match": first.headers["etag"]}
    assert (await client.get("/v1/me/wallet", headers=match)).status_code == 304
    await client.post("/v1/provider/batches", json={"records": [charge()]}, headers=as_bikes)
    assert (await client.get("/v1/me/wallet", headers=match)).status_code == 200


async def test_a_citizen_links_and_unlinks_a_card(client, app, database, anna, as_bikes):
    """Linked, the card's rides are credited; unlinked, it is a stranger's; taken, it says so."""
    async with database.writing() as tx:
        boris = await city.citizen(tx, "boris")
    as_boris = bearer(app.state.tokens, Audience.citizen, str(boris.id), boris.account_id)
    as_anna = bearer(app.state.tokens, Audience.citizen, str(anna.id), anna.account_id)
    wish = {"provider": "bikes", "card": "new-card", "scenarios": ["bike_ride"]}

    linked = await client.post("/v1/me/links", json=wish, headers=as_boris)
    again = await client.post("/v1/me/links", json=wish, headers=as_boris)
    taken = await client.post("/v1/me/links", json=wish, headers=as_anna)
    batch = {"records": [ride(subject="new-card")]}
    credited = (await client.post("/v1/provider/batches", json=batch, headers=as_bikes)).json()
    [mine] = [link for link in linked.json()["items"] if link["scenarios"] and link["valid_from"]][
        -1:
    ]
    ids = {link["link_id"] for link in again.json()["items"]}
    for link_id in ids:
        assert (await client.delete(f"/v1/me/links/{link_id}", headers=as_boris)).status_code == 204
    stopped = (
        await client.post(
            "/v1/provider/batches",
            json={"records": [ride("next", subject="new-card")]},
            headers=as_bikes,
        )
    ).json()

    assert (linked.status_code, again.status_code) == (201, 201)
    assert len(ids) == 2
    assert mine["provider"] == "bikes"
    assert (taken.status_code, taken.json()["code"]) == (409, "card-taken")
    assert credited["credited"] == 1
    assert stopped["outcomes"][0]["reason"] in {"not_linked", "no_consent"}
    assert (
        await client.delete(f"/v1/me/links/{mine['link_id']}", headers=as_anna)
    ).status_code == 404
