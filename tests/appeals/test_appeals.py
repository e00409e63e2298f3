"""Claims for missing trips and appeals about acts: asked once, answered once, credited rightly."""

import asyncio
from datetime import timedelta

import pytest

from app.appeals import decide, make, reading
from app.appeals.decide import Answer
from app.appeals.errors import AppealDecided, NotCreditable
from app.appeals.make import MissingTrip
from app.database import savepoint
from app.ids import new_id
from app.people import links
from app.problems import DomainError
from app.reductions.decisions import Verdict
from tests import city
from tests import make as built
from tests.city import MORNING, NOON, SUBJECT_KEY
from tests.reductions.test_review import breaches, held, points_of, refuse

OFFICER = new_id()
YES = Answer(OFFICER, "已核实。", "Checked.")
WINDOW = (MORNING - timedelta(minutes=5), MORNING + timedelta(minutes=55))


def found(**more):
    """What an officer found: 3.7 km in a quarter of an hour."""
    return city.ride(**more)["data"]


async def claimed(tx, account_id, *, window=WINDOW):
    """A claim of Anna's for this morning."""
    (link,) = await links.of_account(tx, account_id=account_id)
    trip = MissingTrip("bikes", "bike_ride", link.id, *window)
    return await make.claim(
        tx,
        account_id=account_id,
        trip=trip,
        note="From South Gate.",
        versions=await city.versions(tx),
        now=NOON,
    )


async def appealed(tx, account_id, act_id):
    """An appeal of hers about an act."""
    versions = await city.versions(tx)
    return await make.appeal(
        tx, account_id=account_id, act_id=act_id, note="Downhill.", versions=versions, now=NOON
    )


async def accept(tx, asked, *, evidence=None, held_id=None):
    """As an officer does it."""
    return await decide.accept(
        tx,
        appeal_id=asked.id,
        answer=YES,
        evidence=evidence,
        held_id=held_id,
        versions=await city.versions(tx),
        subject_key=SUBJECT_KEY,
        now=NOON + timedelta(days=1),
    )


async def test_an_accepted_claim_is_credited_by_the_ordinary_path(tx):
    """180 g and 18 points, once: a second answer is refused, and the provider's own comes late."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    asked = await claimed(tx, anna.account_id)
    assert asked.due_on.isoformat() == "2026-03-13"

    closed = await accept(tx, asked, evidence=found())

    assert (closed.state.name, closed.grams, closed.points) == ("accepted", 180, 18)
    assert await points_of(tx, anna.account_id) == 18
    with pytest.raises(AppealDecided):
        await accept(tx, asked, evidence=found())
    late = await city.one(tx, city.ride("the-true-one"))
    assert (late.verdict, late.reason) == (Verdict.rejected, "overlap")
    assert await breaches(tx) == []


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (None, "nothing_named"),
        (found(start=MORNING + timedelta(hours=3)), "outside_window"),
        (found(start=MORNING + timedelta(minutes=20)), "overlap"),
        (found(distance_km="-1"), "out_of_bounds"),
    ],
)
async def test_a_claim_is_credited_for_what_it_was_made_for(tx, evidence, reason):
    """Not for nothing, another time, a ride that was credited, or nonsense; and it stays open."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.one(tx, city.ride("known", start=MORNING + timedelta(minutes=20)))
    asked = await claimed(tx, anna.account_id)

    with pytest.raises(NotCreditable) as refused:
        async with savepoint(tx):
            await accept(tx, asked, evidence=evidence)

    assert refused.value.facts == {"reason": reason}
    assert await points_of(tx, anna.account_id) == 18
    again = await reading.one(tx, appeal_id=asked.id)
    assert again.state.name == "open"


async def test_evidence_that_would_be_held_is_the_officers_word(tx):
    """A claim that an officer accepts is released from the rule that would have held it."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    asked = await claimed(tx, anna.account_id)

    closed = await accept(tx, asked, evidence=found(distance_km="12"))

    assert closed.grams == 584
    assert await points_of(tx, anna.account_id) == 58
    assert await breaches(tx) == []


@pytest.mark.parametrize("refused_before", [True, False])
async def test_an_appeal_opens_a_held_act(tx, refused_before):
    """Waiting or refused before, an accepted appeal releases it; only one waits at a time."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    act = await held(tx)
    if refused_before:
        await refuse(tx, act)
    asked = await appealed(tx, anna.account_id, act)
    with pytest.raises(DomainError, match="waits"):
        async with savepoint(tx):
            await appealed(tx, anna.account_id, act)

    closed = await accept(tx, asked)

    assert (closed.credited_id, closed.points) == (act, 58)
    assert await breaches(tx) == []
    second = await appealed(tx, anna.account_id, act)  # about a credited act: only answered
    assert (await accept(tx, second)).credited_id is None
    assert await points_of(tx, anna.account_id) == 58


async def test_a_strangers_act_is_no_act(tx):
    """Neither to appeal about, nor to have released by a claim."""
    await city.programme(tx)
    await city.citizen(tx)
    boris = await city.citizen(tx, "boris")
    act = await held(tx)
    with pytest.raises(DomainError) as refused:
        await appealed(tx, boris.account_id, act)
    assert refused.value.facts == {"field": "act_id"}
    asked = await claimed(tx, boris.account_id)
    with pytest.raises(NotCreditable, match="not_theirs"):
        await accept(tx, asked, held_id=act)


async def test_officers_answer_once(committing):
    """Yes and no from eight officers at once: one answer, credited once or never."""
    async with committing.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx)
        asked = [
            await claimed(
                tx, anna.account_id, window=[each + timedelta(hours=n) for each in WINDOW]
            )
            for n in range(3)
        ]

    async def answer(n, hours):
        try:
            async with committing.writing() as tx:
                if n % 2:
                    start = MORNING + timedelta(hours=hours)
                    return (await accept(tx, asked[hours], evidence=found(start=start))).points
                await decide.refuse(tx, appeal_id=asked[hours].id, answer=YES, now=NOON)
                return 0
        except AppealDecided:
            return None

    paid = 0
    for hours in range(3):
        answers = await asyncio.gather(*(answer(n, hours) for n in range(8)))
        (given,) = [each for each in answers if each is not None]
        paid += given
    async with committing.snapshot() as tx:
        assert await points_of(tx, anna.account_id) == paid
        assert await breaches(tx) == []


async def test_a_phone_sends_its_claim_again(client, tx, keys):
    """The same key is the same claim; the officer's answer reaches feed, inbox and list."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    (link,) = await links.of_account(tx, account_id=anna.account_id)
    headers = built.citizen_headers(keys, anna.account_id, key="offline-0001")
    body = {
        "provider": "bikes",
        "scenario": "bike_ride",
        "link_id": str(link.id),
        "happened_from": WINDOW[0].isoformat(),
        "happened_until": WINDOW[1].isoformat(),
        "note": "From South Gate.",
    }
    answers = [await client.post("/v1/me/claims", json=body, headers=headers) for _ in range(3)]
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1
    other = await client.post("/v1/me/claims", json=body | {"note": "Other."}, headers=headers)
    assert other.json()["code"] == "idempotency-key-reused"
    (pending,) = (await client.get("/v1/me/feed", headers=headers)).json()["items"]
    assert (pending["kind"], pending["state"], pending["expected_on"]) == (
        "pending",
        "open",
        "2026-03-13",
    )

    officer = built.officer_headers(keys, OFFICER)
    (due,) = (await client.get("/v1/admin/appeals", headers=officer)).json()["items"]
    path = f"/v1/admin/appeals/{due['id']}"
    assert (await client.post(f"{path}/assign", headers=officer)).json()["state"] == "assigned"
    why = {"reason_zh": "已核实。", "reason_en": "Checked."}
    done = await client.post(f"{path}/accept", json=why | {"evidence": found()}, headers=officer)
    assert (done.status_code, done.json()["points"]) == (200, 18), done.text

    (mine,) = (await client.get("/v1/me/claims", headers=headers)).json()["items"]
    assert (mine["state"], mine["reason"], mine["reduction_id"]) == (
        "accepted",
        "Checked.",
        done.json()["reduction_id"],
    )
    (act,) = (await client.get("/v1/me/feed", headers=headers)).json()["items"]
    assert (act["kind"], act["id"]) == ("act", mine["reduction_id"])
    (told,) = (await client.get("/v1/me/messages", headers=headers)).json()["items"]
    assert told["text"] == "Your request was accepted: 180 g, 18 points. Checked."
    stranger = built.citizen_headers(keys, built.account())
    assert (await client.get(f"/v1/me/claims/{mine['id']}", headers=stranger)).status_code == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scenario": "teleport"}, "scenario"),
        ({"link_id": str(new_id())}, "link_id"),
        ({"happened_until": (NOON + timedelta(days=1)).isoformat()}, "happened_until"),
        ({"happened_until": WINDOW[0].isoformat()}, "happened_until"),
    ],
)
async def test_a_claim_must_be_possible(client, tx, keys, change, field):
    """A scenario nobody has, a card that is not theirs, a window in the future or of no length."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    (link,) = await links.of_account(tx, account_id=anna.account_id)
    body = {
        "provider": "bikes",
        "scenario": "bike_ride",
        "link_id": str(link.id),
        "happened_from": WINDOW[0].isoformat(),
        "happened_until": WINDOW[1].isoformat(),
        "note": "From South Gate.",
    }
    headers = built.citizen_headers(keys, anna.account_id)
    answer = await client.post("/v1/me/claims", json=body | change, headers=headers)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_the_line_is_bounded(tx, monkeypatch):
    """One citizen cannot fill the officers' table."""
    monkeypatch.setattr(make, "OPEN_MAX", 2)
    await city.programme(tx)
    anna = await city.citizen(tx)
    for n in range(2):
        await claimed(tx, anna.account_id, window=[each - timedelta(days=n) for each in WINDOW])
    with pytest.raises(DomainError, match="wait already"):
        await claimed(tx, anna.account_id)
