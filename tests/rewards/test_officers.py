"""Offers as officers make them: drafted, published by two, fed with codes, funded, taken back."""

from uuid import uuid4

import pytest

from app.people.register import register_officer
from app.rewards import coupons, offers_jobs, pictures
from tests import make
from tests.make import NOON, citizen_headers, officer_headers


@pytest.fixture
async def two(database):
    """Two officers."""
    async with database.writing() as tx:
        return [
            await register_officer(tx, name=f"officer-{uuid4().hex[:8]}", role="rewards", now=NOON)
            for _ in range(2)
        ]


async def agree(client, keys, two, kind, payload):
    """One proposes, the other approves; the answer to the approval."""
    maker, checker = (officer_headers(keys, each) for each in two)
    made = await client.post(
        "/v1/admin/proposals",
        json={"kind": kind, "payload": payload, "reason": "as planned"},
        headers=maker,
    )
    assert made.status_code == 201, made.text
    path = f"/v1/admin/proposals/{made.json()['proposal_id']}/approve"
    return await client.post(path, headers=checker)


def draft_of(merchant, **changes):
    """A voucher of fifteen yuan."""
    return {
        "merchant_id": str(merchant.id),
        "title_zh": "十五元券",
        "title_en": "15 yuan",
        "kind": "cash_voucher",
        "face_value_fen": 1_500,
        "stock": 40,
        "opens_at": "2026-02-28T00:00:00Z",
        "closes_at": "2026-04-01T00:00:00Z",
        **changes,
    }


async def test_from_draft_to_coupon_with_a_subsidy(client, keys, database, two):
    """Rate, budget, draft, publication, claim: each step over HTTP, each by who may."""
    async with database.writing() as tx:
        merchant, anna = await make.merchant(tx), await make.rich(tx, 2_000)
    desk = officer_headers(keys, two[0])
    rate = await agree(client, keys, two, "rewards.set_rate", {"points_per_yuan": 100})
    assert rate.status_code == 200
    budget = {"source": "government", "programme": "消费券", "fen": 10_000}
    assert (await agree(client, keys, two, "rewards.open_budget", budget)).status_code == 200
    [opened] = (await client.get("/v1/admin/funding", headers=desk)).json()["items"]
    assert (opened["source"], opened["fen"], opened["left_fen"]) == ("government", 10_000, 10_000)

    shares = [
        {"source": "government", "thousandths": 333, "budget_id": opened["budget_id"]},
        {"source": "merchant", "thousandths": 667},
    ]
    limits = [{"by": "citizen", "per": "month", "units": 1}]
    body = draft_of(merchant, funding=shares, limits=limits, per_citizen=3)
    drafted = await client.post("/v1/admin/offers", json=body, headers=desk)
    assert drafted.status_code == 201, drafted.text
    offer_id = drafted.json()["offer_id"]
    listed = (await client.get("/v1/admin/offers?state=1", headers=desk)).json()["items"]
    assert (listed[0]["offer_id"], listed[0]["state"]) == (offer_id, "draft")
    assert (await client.get(f"/v1/offers/{offer_id}")).status_code == 404

    done = await agree(client, keys, two, "rewards.publish", {"offer_id": offer_id})
    assert done.status_code == 200
    seen = (await client.get(f"/v1/offers/{offer_id}")).json()
    assert (seen["points"], seen["kind"], seen["remaining"]) == (1_500, "cash_voucher", 40)
    assert seen["limits"] == limits

    claim = await client.post(
        "/v1/me/redemptions", json={"offer_id": offer_id}, headers=citizen_headers(keys, anna)
    )
    assert claim.status_code == 201
    [paid] = (await client.get("/v1/admin/funding", headers=desk)).json()["items"]
    assert (
        paid["left_fen"] == 10_000 - 500
    )  # 499.5 fen: equal remainders, the first share is served
    async with database.reading() as tx:
        rows = await tx.execute(
            "SELECT sum(fen)::int, count(*)::int FROM offer_funding WHERE offer_id = %s",
            (offer_id,),
        )
        assert await rows.fetchone() == (1_500, 2)


async def test_a_draft_that_makes_no_sense_is_refused(client, keys, database, two):
    """The field is named, whether the schema or a rule finds it."""
    async with database.writing() as tx:
        merchant = await make.merchant(tx)
    desk = officer_headers(keys, two[0])
    wrong = {
        "offer-unsound": draft_of(merchant, points=5, audience={"districts": ["x"]}),
        "funding-unsound": draft_of(
            merchant, points=5, funding=[{"source": "merchant", "thousandths": 9}]
        ),
        "merchant-not-found": draft_of(merchant, points=5, merchant_id=str(uuid4())),
        "invalid-request": draft_of(merchant, kind="gold"),
    }
    for code, body in wrong.items():
        answer = await client.post("/v1/admin/offers", json=body, headers=desk)
        assert answer.json()["code"] == code, answer.text


async def test_codes_and_withdrawal_over_http(live_client, committing, keys):
    """A list is sent and read by a job; a citizen sees the code; the offer is taken back."""
    async with committing.writing() as tx:
        officer = await register_officer(tx, name="desk", role="rewards", now=NOON)
        other = await register_officer(tx, name="chief", role="rewards", now=NOON)
        merchant = await make.merchant(tx)
        anna, boris = await make.rich(tx), await make.rich(tx)
    desk = officer_headers(keys, officer)
    body = draft_of(merchant, points=100, stock=0, delivery="merchant_code")
    offer_id = (await live_client.post("/v1/admin/offers", json=body, headers=desk)).json()[
        "offer_id"
    ]
    await agree(live_client, keys, (officer, other), "rewards.publish", {"offer_id": offer_id})
    sent = await live_client.post(
        f"/v1/admin/offers/{offer_id}/codes",
        content=b"code\nK-1\nK-2\nK-1\n",
        headers=desk | {"Content-Type": "text/csv"},
    )
    assert (sent.status_code, sent.json()["done"]) == (202, 0)
    await offers_jobs.resume(committing, clock=lambda: NOON)
    path = f"/v1/admin/offers/{offer_id}/codes/{sent.json()['import_id']}"
    read = (await live_client.get(path, headers=desk)).json()
    assert (read["lines"], read["taken"], read["rejected"]) == (3, 2, 1)
    rejects = (await live_client.get(f"{path}/rejects", headers=desk)).json()
    assert rejects == {"items": [{"line": 3, "reason": "duplicate"}], "next_cursor": None}

    wish = {"offer_id": offer_id}
    phone = citizen_headers(keys, anna)
    made = (await live_client.post("/v1/me/redemptions", json=wish, headers=phone)).json()
    show = f"/v1/me/redemptions/{made['redemption_id']}/code"
    first = await live_client.post(show, headers=citizen_headers(keys, anna))
    assert first.json()["code"] in {"K-1", "K-2"}
    assert first.headers["cache-control"] == "no-store"
    assert (
        await live_client.post(show, headers=citizen_headers(keys, anna))
    ).json() == first.json()
    theirs = await live_client.post(show, headers=citizen_headers(keys, boris))
    assert (theirs.status_code, theirs.json()["code"]) == (404, "redemption-not-found")
    held = await live_client.post(
        "/v1/me/redemptions", json=wish, headers=citizen_headers(keys, boris)
    )
    assert held.status_code == 201

    why = {"reason_zh": "停业", "reason_en": "Closed"}
    gone = await live_client.post(f"/v1/admin/offers/{offer_id}/withdraw", json=why, headers=desk)
    assert gone.status_code == 202
    await offers_jobs.resume(committing, clock=lambda: NOON)
    progress = await live_client.get(f"/v1/admin/offers/{offer_id}/withdrawal", headers=desk)
    assert (progress.json()["released"], progress.json()["points"]) == (1, 100)
    shown = await live_client.get(
        f"/v1/me/redemptions/{held.json()['redemption_id']}", headers=citizen_headers(keys, boris)
    )
    assert (shown.json()["state"], shown.json()["coupon"]) == ("void", None)


async def test_households_ages_and_pictures_are_promised_and_shown(client, keys, database, two):
    """An offer may count households, ask for an age and show a picture: all three are published."""
    async with database.writing() as tx:
        merchant = await make.merchant(tx)
        kept = await pictures.keep(
            tx, content=coupons.qr_png("c1"), actor="officer:x", merchant_id=None, now=NOON
        )
    promise = {
        "points": 5,
        "limits": [{"by": "household", "per": "month", "units": 2}],
        "audience": {"age_at_least": 70},
        "picture": kept.path,
    }
    desk = officer_headers(keys, two[0])
    drafted = await client.post(
        "/v1/admin/offers", json=draft_of(merchant, **promise), headers=desk
    )
    assert drafted.status_code == 201, drafted.text
    offer_id = drafted.json()["offer_id"]
    assert (await agree(client, keys, two, "rewards.publish", {"offer_id": offer_id})).is_success
    seen = (await client.get(f"/v1/offers/{offer_id}")).json()
    assert seen["limits"] == promise["limits"]
    assert seen["audience"]["age_at_least"] == 70
    assert seen["picture"] == kept.path
    assert (await client.get(seen["picture"])).content == coupons.qr_png("c1")


@pytest.mark.parametrize(
    "picture",
    [
        f"/v1/pictures/{'ab' * 32}",
        "/v1/pictures/coffee.webp",
        "https://evil.example/a.png",
        f"/v1/pictures/{'AB' * 32}",
    ],
)
async def test_an_offer_names_only_a_picture_that_exists(client, keys, database, two, picture):
    """A digest that nobody uploaded, and whatever is no digest, is refused with the field."""
    async with database.writing() as tx:
        merchant = await make.merchant(tx)
    answer = await client.post(
        "/v1/admin/offers",
        json=draft_of(merchant, points=5, picture=picture),
        headers=officer_headers(keys, two[0]),
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "offer-unsound")
    assert answer.json()["field"] == "picture"


@pytest.mark.parametrize(
    ("kind", "payload", "field", "words"),
    [
        ("set_rate", {"points_per_yuan": 0}, "points_per_yuan", "from 1 to 1000000"),
        ("set_rate", {"points_per_yuan": True}, "points_per_yuan", "whole number"),
        ("open_budget", {"source": "merchant"}, "source", "government"),
        ("open_budget", {"source": ["carbon"]}, "source", "government"),
        ("open_budget", {"source": "carbon", "programme": " "}, "programme", "1 to 60"),
        ("open_budget", {"source": "carbon", "programme": "x", "fen": 0}, "fen", "from 1 to"),
    ],
)
async def test_who_proposes_learns_what_is_wrong(client, keys, two, kind, payload, field, words):
    """A rate or a budget out of its bounds is refused when proposed, in words about that field."""
    answer = await client.post(
        "/v1/admin/proposals",
        json={"kind": f"rewards.{kind}", "payload": payload, "reason": "as planned"},
        headers=officer_headers(keys, two[0]) | {"Accept-Language": "en"},
    )
    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (422, "funding-unsound", field)
    assert words in body["detail"]
    assert "thousandths" not in body["detail"]
