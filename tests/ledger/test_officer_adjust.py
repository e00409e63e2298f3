"""Officers' adjustments: two people, one booking, and the claw-back's rule downwards."""

from uuid import uuid4

import pytest

from app.database import savepoint
from app.ids import new_id
from app.ledger import contra, statement, units
from app.ledger.claw_back import ClawBack, claw_back
from app.ledger.errors import AccountNotFound, AdjustmentUnsound, NameUnsound
from app.ledger.officer_adjust import (
    OfficerAdjusted,
    OfficerAdjustment,
    action,
    adjust_accounts,
    read,
)
from app.ledger.officer_names import define_unit, name_counter_account
from app.people.register import register_citizen
from tests import city, make
from tests.ledger.book import available, broken
from tests.make import NOON, QUARTER_END, officer_headers

TEXTS = {"reason_zh": "补发", "reason_en": "Lost by a faulty till"}


async def booked(tx, *wishes: OfficerAdjustment) -> list[OfficerAdjusted]:
    """Adjust, with at most ten points of debt."""
    return await adjust_accounts(
        tx, adjustments=wishes, expires_on=QUARTER_END, now=NOON, debt_cap=10
    )


def payload(account_id: int, points: int, **other) -> dict:
    """What a proposal carries."""
    return {
        "account_id": account_id,
        "points": points,
        "unit": "points",
        "ref": str(new_id()),
        **TEXTS,
        **other,
    }


async def test_ups_and_downs_are_booked_together_and_once(tx):
    """Any number in one call; what is missing downwards is owed, then borne; a retry is answered."""
    anna, boris = await make.rich(tx, 100), await make.rich(tx, 5)
    wishes = [
        OfficerAdjustment(anna, 30, new_id()),
        OfficerAdjustment(anna, -40, new_id()),
        OfficerAdjustment(boris, -20, new_id()),
    ]

    answers = [await booked(tx, *wishes) for _ in range(2)]

    expected = [OfficerAdjusted(30, 0, 0), OfficerAdjusted(-40, 0, 0), OfficerAdjusted(-5, 10, 5)]
    assert answers == [expected, expected]
    assert [await available(tx, who) for who in (anna, boris)] == [90, 0]
    rows = await tx.execute("SELECT DISTINCT kind, contra FROM entry WHERE kind <> 1")
    assert await rows.fetchall() == [(6, contra.ADJUSTMENT)]
    assert await broken(tx) == []


@pytest.mark.parametrize(
    "spoilt",
    [
        {"points": 0},
        {"points": 10**7},
        {"points": "5"},
        {"points": True},
        {"ref": "x"},
        {"planted": 1},
        {"account_id": -1},
        {"reason_zh": ""},
    ],
)
def test_a_payload_is_read_strictly(spoilt):
    """Whatever an officer's program sends as a proposal, only a whole adjustment is booked."""
    with pytest.raises(AdjustmentUnsound):
        read(payload(1024, 5) | spoilt)


async def test_nobodys_account_is_not_adjusted(tx):
    """An account without a citizen is refused before anything is booked."""
    await city.programme(tx)

    async def calendar(tx, now):
        return NOON.date(), 24

    with pytest.raises(AccountNotFound):
        await action(calendar)(tx, payload=payload(make.account(), 5), now=NOON)


@pytest.mark.parametrize("by", ["citizen_id", "account_id"])
async def test_two_officers_adjust_over_http(client, keys, tx, by):
    """One proposes, another approves; the points are there at once, and the act is on record."""
    await city.programme(tx)
    anna = await register_citizen(tx, nickname="anna", district_code="321102", now=NOON)
    maker, checker = officer_headers(keys, uuid4()), officer_headers(keys, uuid4())
    who = {"citizen_id": str(anna.id)} if by == "citizen_id" else {"account_id": anna.account_id}

    made = await client.post(
        "/v1/admin/adjustments", json={"points": 50, **who, **TEXTS}, headers=maker
    )
    assert made.status_code == 201
    assert await available(tx, anna.account_id) == 0
    approve = f"/v1/admin/proposals/{made.json()['proposal_id']}/approve"
    refused = await client.post(approve, headers=maker)
    done = await client.post(approve, headers=checker)

    assert refused.json()["code"] == "same-hands"
    assert done.status_code == 200
    [line] = await statement.page(tx, account_id=anna.account_id, before_seq=None, limit=9)
    assert (line.kind, line.points) == ("adjust", 50)
    row = await (
        await tx.execute(
            "SELECT facts ->> 'booked' FROM audit_record WHERE action = 'ledger.adjust'"
        )
    ).fetchone()
    assert row == ("50",)
    assert await broken(tx) == []


async def test_a_proposal_names_one_citizen_and_some_points(client, keys, tx):
    """Nobody, two at once, strangers, unknown units and nothing at all are refused."""
    officer = officer_headers(keys, uuid4())
    anna = await register_citizen(tx, nickname="anna", district_code="321102", now=NOON)
    both = {"citizen_id": str(anna.id), "account_id": anna.account_id}
    bodies = [
        ({"points": 5}, 422),
        ({"points": 5, **both}, 422),
        ({"points": 0, "account_id": anna.account_id}, 422),
        ({"points": 5, "account_id": make.account()}, 404),
        ({"points": 5, "account_id": anna.account_id, "unit": "gold"}, 404),
    ]
    for body, status in bodies:
        answer = await client.post("/v1/admin/adjustments", json=body | TEXTS, headers=officer)
        assert answer.status_code == status, body


async def test_sponsors_pools_and_units_are_made_by_proposals(tx):
    """What was approved is there; what is none, or taken, is refused."""
    names = {"name_zh": "春", "name_en": "Spring"}
    await name_counter_account(tx, payload={"kind": "pool", **names}, now=NOON)
    await define_unit(tx, payload={"code": "spring", "life_months": 3, **names}, now=NOON)

    assert [each.name_en for each in await contra.catalogue(tx, kind="pool")] == ["Spring"]
    assert (await units.unit(tx, code="spring")).life_months == 3
    for do, bad in (
        (name_counter_account, {"kind": "merchant", **names}),
        (define_unit, {"code": "spring", "life_months": 3, **names}),
        (define_unit, {"code": "summer", **names}),
        (define_unit, {"code": "a b", "life_months": 3, **names}),
    ):
        with pytest.raises(NameUnsound):
            async with savepoint(tx):
                await do(tx, payload=bad, now=NOON)


async def test_a_claw_back_and_an_adjustment_may_share_a_ref(tx):
    """A cause is known by its kind too: two books, two bookings."""
    anna, ref = await make.rich(tx, 100), new_id()
    await booked(tx, OfficerAdjustment(anna, -10, ref))
    await claw_back(tx, claw_backs=[ClawBack(anna, 10, ref, NOON)], now=NOON)
    assert await available(tx, anna) == 80
    assert await broken(tx) == []
