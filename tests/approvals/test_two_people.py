"""An action that needs two people happens once, when the second one agrees."""

import asyncio
from uuid import uuid4

import psycopg
import pytest

from app.approvals import decide, proposals, propose
from app.approvals.errors import (
    PayloadUnreadable,
    ProposalDecided,
    ProposalNotFound,
    SameHands,
    UnknownKind,
)
from app.database import savepoint
from app.problems import DomainError
from app.rewards.errors import OfferNotDraft, OfferNotFound
from tests import make
from tests.make import NOON, officer_headers

MAKER, CHECKER = uuid4(), uuid4()
PROPOSALS = "/v1/admin/proposals"


class Ledger:
    """An action that counts how often it was carried out."""

    def __init__(self) -> None:
        self.done = []

    async def __call__(self, tx, *, payload, now):
        await tx.execute("SELECT 1")
        self.done.append((payload, now))


async def proposed(tx, *, kind="room.verb", payload=None):
    """A proposal that the maker made."""
    return await propose.propose(
        tx,
        kind=kind,
        payload=payload or {"n": 1},
        reason="because",
        officer_id=MAKER,
        now=NOON,
    )


async def approve(tx, proposal_id, action, *, officer_id=CHECKER):
    """The checker presses the button."""
    return await decide.approve(
        tx,
        proposal_id=proposal_id,
        officer_id=officer_id,
        actions={"room.verb": action},
        now=NOON,
    )


async def test_approval_carries_it_out_in_the_same_transaction(tx):
    """Approved means done; both acts are on record."""
    action, proposal_id = Ledger(), await proposed(tx)

    await approve(tx, proposal_id, action)

    assert action.done == [({"n": 1}, NOON)]
    rows = await tx.execute(
        "SELECT actor, action FROM audit_record WHERE subject = %s ORDER BY id",
        (f"proposal:{proposal_id}",),
    )
    assert await rows.fetchall() == [
        (f"officer:{MAKER}", "approvals.propose"),
        (f"officer:{CHECKER}", "approvals.approve"),
    ]


async def test_the_maker_cannot_decide(tx):
    """Neither approve nor reject: the rule says so, and the database would too."""
    action, proposal_id = Ledger(), await proposed(tx)
    with pytest.raises(SameHands):
        await approve(tx, proposal_id, action, officer_id=MAKER)
    with pytest.raises(SameHands):
        await decide.reject(tx, proposal_id=proposal_id, officer_id=MAKER, now=NOON)
    assert action.done == []
    with pytest.raises(psycopg.errors.CheckViolation):
        async with savepoint(tx):
            await tx.execute(
                "UPDATE proposal SET decided_by = made_by, verdict = 'approved' WHERE id = %s",
                (proposal_id,),
            )


async def test_a_decision_is_taken_once(tx):
    """What was rejected cannot be approved afterwards, nor the other way round."""
    action, one, other = Ledger(), await proposed(tx), await proposed(tx)
    await decide.reject(tx, proposal_id=one, officer_id=CHECKER, now=NOON)
    await approve(tx, other, action)

    with pytest.raises(ProposalDecided) as refusal:
        await approve(tx, one, action)
    assert refusal.value.facts == {"verdict": "rejected"}
    with pytest.raises(ProposalDecided):
        await decide.reject(tx, proposal_id=other, officer_id=CHECKER, now=NOON)
    with pytest.raises(ProposalNotFound):
        await approve(tx, uuid4(), action)
    assert len(action.done) == 1


async def test_a_refused_action_undoes_the_approval(database):
    """The proposal stays open when what it asks for cannot be done."""

    async def impossible(tx, *, payload, now):
        raise OfferNotFound("There is no such offer.", "没有该商品。")

    async with database.writing() as tx:
        proposal_id = await proposed(tx)
    with pytest.raises(OfferNotFound):
        async with database.writing() as tx:
            await approve(tx, proposal_id, impossible)
    async with database.reading() as tx:
        still_open = await proposals.open_ones(tx, after=None, limit=100)
    assert proposal_id in {each.id for each in still_open}


async def test_a_kind_that_is_gone_cannot_be_approved(tx):
    """A proposal outlives a release that took its action out; it can still be rejected."""
    proposal_id = await proposed(tx, kind="room.gone")
    with pytest.raises(UnknownKind):
        await approve(tx, proposal_id, Ledger())
    await decide.reject(tx, proposal_id=proposal_id, officer_id=CHECKER, now=NOON)


@pytest.mark.parametrize(
    "payload",
    [
        {"n": "\x00"},
        {"\x00": 1},
        {"n": "\ud800"},
        {"n": float("nan")},
        {"n": float("inf")},
        {"n": "x" * 4_000},
        {"n": object()},
    ],
    ids=["nul", "nul-name", "surrogate", "nan", "infinity", "long", "object"],
)
async def test_what_json_cannot_keep_is_refused(tx, payload):
    """A sentence for the officer instead of an error from the database."""
    with pytest.raises(PayloadUnreadable):
        await proposed(tx, payload=payload)


async def test_two_checkers_press_together(committing):
    """One action, not two."""
    action = Ledger()
    async with committing.writing() as tx:
        proposal_id = await proposed(tx)

    async def press():
        try:
            async with committing.writing() as tx:
                await approve(tx, proposal_id, action, officer_id=uuid4())
        except DomainError as error:
            return error.code()
        return "done"

    answers = await asyncio.gather(*(press() for _ in range(6)))

    assert sorted(answers) == ["done"] + ["proposal-decided"] * 5
    assert len(action.done) == 1


async def test_an_offer_is_published_by_two_officers(client, keys, database):
    """Draft, propose, approve: then everybody can see it, and not before."""
    async with database.writing() as tx:
        offer = await make.offer(tx, published=False)
    seen = f"/v1/offers/{offer.id}"
    body = {
        "kind": "rewards.publish",
        "payload": {"offer_id": str(offer.id)},
        "reason": "Spring campaign",
    }
    made = await client.post(PROPOSALS, json=body, headers=officer_headers(keys, MAKER))
    assert made.status_code == 201
    approve = f"{PROPOSALS}/{made.json()['proposal_id']}/approve"
    assert (await client.get(seen)).status_code == 404

    own = await client.post(approve, headers=officer_headers(keys, MAKER))
    assert (own.status_code, own.json()["code"]) == (409, "same-hands")
    done = await client.post(approve, headers=officer_headers(keys, CHECKER))
    assert (done.status_code, done.json()["verdict"]) == (200, "approved")
    assert done.json()["proposal"]["payload"] == body["payload"]
    assert (await client.get(seen)).status_code == 200

    again = await client.post(PROPOSALS, json=body, headers=officer_headers(keys, MAKER))
    twice = await client.post(
        f"{PROPOSALS}/{again.json()['proposal_id']}/approve",
        headers=officer_headers(keys, CHECKER),
    )
    assert (twice.status_code, twice.json()["code"]) == (409, OfferNotDraft.code())


async def test_what_an_officer_is_refused(client, keys):
    """Unknown kinds, payloads that cannot be kept, other people's tokens."""
    maker = officer_headers(keys, MAKER)
    body = {"kind": "rewards.publish", "payload": {}, "reason": "because"}
    unknown = await client.post(PROPOSALS, json=body | {"kind": "a.b"}, headers=maker)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown-kind")
    assert unknown.json()["known"]
    nul = await client.post(PROPOSALS, json=body | {"payload": {"x": "\x00"}}, headers=maker)
    assert (nul.status_code, nul.json()["code"]) == (422, "payload-unreadable")
    reason = await client.post(PROPOSALS, json=body | {"reason": "\x00"}, headers=maker)
    assert (reason.status_code, reason.json()["code"]) == (422, "invalid-request")
    till = make.merchant_headers(keys, uuid4())
    assert (await client.post(PROPOSALS, json=body, headers=till)).status_code == 403
    nonsense = await client.post(PROPOSALS, json=body, headers=maker)
    approve = f"{PROPOSALS}/{nonsense.json()['proposal_id']}/approve"
    refused = await client.post(approve, headers=officer_headers(keys, CHECKER))
    assert (refused.status_code, refused.json()["code"]) == (404, "offer-not-found")


async def test_open_proposals_in_pages(client, keys, database):
    """Oldest first; what is decided has left the list; rejecting does nothing else."""
    async with database.writing() as tx:
        made = [str(await proposed(tx)) for _ in range(5)]
    checker = officer_headers(keys, CHECKER)
    rejected = await client.post(f"{PROPOSALS}/{made[1]}/reject", headers=checker)
    assert rejected.json()["verdict"] == "rejected"

    found, cursor = [], ""
    while cursor is not None:
        page = (await client.get(f"{PROPOSALS}?limit=2{cursor}", headers=checker)).json()
        found += [each["proposal_id"] for each in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"

    assert found == [made[0], *made[2:]]
    bad = await client.get(f"{PROPOSALS}?cursor=WyJ4Il0", headers=checker)
    assert (bad.status_code, bad.json()["code"]) == (400, "bad-cursor")
