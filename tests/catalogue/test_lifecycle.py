"""An officer writes a methodology; another lets it take force; it credits, without a restart."""

from datetime import timedelta

import pytest

from app.worker_acts import turn_calendar
from tests.catalogue import scooter
from tests.catalogue.scooter import (
    BASE,
    ONE,
    TODAY,
    approve,
    at,
    deliver,
    in_force,
    officer_at,
    somebody,
    state,
    submitted,
    tried,
    uploaded,
)
from tests.city import NOON

pytestmark = pytest.mark.usefixtures("town", "looks_at_once")


async def test_a_new_methodology_credits_its_first_act(client, app, ana, bo):
    """Checked, uploaded, tried, submitted, approved by another officer, credited."""
    before = await deliver(client, app, scooter.ride("early", TODAY))
    checked = await client.post(f"{BASE}/check", json={"document": scooter.text()}, headers=ana)
    kept = await uploaded(client, ana)
    hidden = await client.get("/v1/methodologies/kick_scooter/versions/1.0.0")
    trial = await tried(client, ana, "1.0.0")
    asked = await submitted(client, ana, "1.0.0", TODAY)
    proposal = asked.json()["proposal_id"]
    own = await approve(client, ana, proposal)
    done = await approve(client, bo, proposal)

    [outcome] = await deliver(client, app, scooter.ride("first", TODAY))

    assert before[0]["reason"] == "unknown_methodology"
    report = checked.json()
    assert (report["passes"], report["tier"], report["problems"]) == (True, "gold", [])
    assert report["bounds"][0]["greatest"] == "2.5"
    assert (kept.status_code, kept.json()["state"]) == (201, "checked")
    assert kept.json()["content_hash"] == report["content_hash"]
    assert hidden.status_code == 404
    assert (trial.status_code, trial.json()["figures"]["acts"]) == (201, 0)
    assert (asked.status_code, asked.json()["state"]) == (200, "submitted")
    assert (own.status_code, own.json()["code"]) == (409, "same-hands")
    assert done.status_code == 200, done.text
    assert (outcome["outcome"], outcome["grams"], outcome["points"]) == ("credited", 100, 100)
    assert await state(client, ana) == (
        "active",
        [
            ("checked", "officer:"),
            ("dry_run", "officer:"),
            ("submitted", "officer:"),
            ("approved", "officer:"),
            ("scheduled", "officer:"),
            ("active", "process:"),
        ],
    )
    public = (await client.get("/v1/methodologies")).json()["items"]
    mine = next(each for each in public if each["methodology"] == "kick_scooter")
    assert (mine["state"], mine["active_from"], mine["active_until"]) == ("active", TODAY, None)


async def test_the_day_of_the_act_chooses_the_version(client, app, ana, bo):
    """A version scheduled for the tenth judges acts from the tenth on; late evidence the old one."""
    await in_force(client, ana, bo, TODAY)
    answer = await in_force(client, ana, bo, "2026-03-10", "1.1.0", factor="0.04")
    assert answer.status_code == 200, answer.text
    assert (await state(client, ana, "1.1.0"))[0] == "scheduled"
    at(app, NOON + timedelta(days=11))
    late = officer_at(app, ana)

    outcomes = await deliver(
        client,
        app,
        scooter.ride("ninth", "2026-03-09"),
        scooter.ride("tenth", "2026-03-10"),
        scooter.ride("first", "2026-03-01"),
        scooter.ride("never", "2026-02-28"),
    )

    assert [each["grams"] for each in outcomes] == [100, 80, 100, 0]
    assert outcomes[3]["reason"] == "not_in_force"
    public = {
        each["version"]: each
        for each in (await client.get("/v1/methodologies")).json()["items"]
        if each["methodology"] == "kick_scooter"
    }
    assert (public["1.0.0"]["state"], public["1.0.0"]["active_until"]) == (
        "superseded",
        "2026-03-10",
    )
    assert (public["1.1.0"]["state"], public["1.1.0"]["active_from"]) == ("active", "2026-03-10")
    assert await turn_calendar(app.state.database, now=NOON + timedelta(days=11)) == 2
    assert (await state(client, late, "1.0.0"))[1][-1] == ("superseded", "process:")
    assert (await state(client, late, "1.1.0"))[1][-1] == ("active", "process:")


async def test_one_officer_stops_two_let_go_on(client, app, ana, bo):
    """Acts of a suspended version are held; after two agreed, acts are credited again."""
    await in_force(client, ana, bo, TODAY)
    stopped = await client.post(f"{ONE}/1.0.0/suspend", json={"reason": "a doubt"}, headers=bo)
    [held] = await deliver(client, app, scooter.ride("held", TODAY))
    asked = await client.post(f"{ONE}/1.0.0/resume", json={"reason": "settled"}, headers=bo)
    again = await client.post(f"{ONE}/1.0.0/resume", json={"reason": "settled"}, headers=ana)
    alone = await approve(client, bo, asked.json()["proposal_id"])
    author = await approve(client, ana, asked.json()["proposal_id"])
    third = somebody(app)
    done = await approve(client, third, asked.json()["proposal_id"])
    [paid] = await deliver(client, app, scooter.ride("paid", TODAY))

    assert stopped.json()["state"] == "suspended"
    assert (held["outcome"], held["reason"]) == ("held", "methodology_suspended")
    assert (again.status_code, again.json()["code"]) == (409, "version-not-ready")
    assert (alone.json()["code"], author.json()["code"]) == ("same-hands", "authors-hands")
    assert done.status_code == 200
    assert (paid["outcome"], paid["grams"]) == ("credited", 100)
    assert (await state(client, ana))[0] == "active"


async def test_the_author_does_not_approve_what_another_submitted(client, ana, bo):
    """The author is barred even when somebody else is the maker; nothing happens."""
    await uploaded(client, ana)
    await tried(client, ana, "1.0.0")
    asked = await submitted(client, bo, "1.0.0", TODAY)

    answer = await approve(client, ana, asked.json()["proposal_id"])

    assert (answer.status_code, answer.json()["code"]) == (409, "authors-hands")
    assert (await state(client, ana))[0] == "submitted"


async def test_a_proposal_made_by_hand_activates_nothing(client, ana, bo):
    """Only the proposal that submitting made counts: its copy by the author's friend does not."""
    await uploaded(client, ana)
    await tried(client, ana, "1.0.0")
    real = (await submitted(client, ana, "1.0.0", TODAY)).json()["proposal_id"]
    waiting = (await client.get("/v1/admin/proposals", headers=bo)).json()["items"]
    payload = next(each["payload"] for each in waiting if each["proposal_id"] == real)
    copy = await client.post(
        "/v1/admin/proposals",
        json={"kind": "catalogue.activate", "payload": payload, "reason": "psst"},
        headers=bo,
    )

    answer = await approve(client, ana, copy.json()["proposal_id"])

    assert (answer.status_code, answer.json()["code"]) == (409, "version-not-ready")
    assert (await state(client, ana))[0] == "submitted"


async def test_withdrawing(client, app, ana, bo):
    """What never had force goes at one word, and the one before goes on; what had, takes two."""
    await in_force(client, ana, bo, TODAY)
    await in_force(client, ana, bo, "2026-03-10", "1.1.0", factor="0.04")
    gone = await client.post(f"{ONE}/1.1.0/withdraw", json={"reason": "typo"}, headers=ana)
    life = (await client.get(f"{ONE}/1.0.0", headers=ana)).json()
    asked = await client.post(f"{ONE}/1.0.0/withdraw", json={"reason": "wrong"}, headers=ana)
    done = await approve(client, bo, asked.json()["proposal_id"])
    [outcome] = await deliver(client, app, scooter.ride("after", TODAY))

    assert (gone.json()["state"], gone.json()["proposal_id"]) == ("withdrawn", None)
    assert life["active_until"] is None
    assert (asked.json()["state"], done.status_code) == ("active", 200)
    assert (await state(client, ana))[0] == "withdrawn"
    assert outcome["outcome"] == "rejected"


@pytest.mark.parametrize(
    ("day", "code"),
    [("2026-02-21", "day-taken"), (TODAY, "day-taken"), ("2026-03-02", None), ("2026-02-19", None)],
)
async def test_days_that_are_over_stay_judged(client, ana, bo, day, code):
    """What a version judged stays judged by it; days that nobody had may still be taken."""
    await in_force(client, ana, bo, "2026-02-20")
    await in_force(client, ana, bo, TODAY, "1.0.1")
    await uploaded(client, ana, version="1.1.0", factor="0.04")
    await tried(client, ana, "1.1.0")
    answer = await submitted(client, ana, "1.1.0", day)
    assert answer.json().get("code") == code


async def test_every_step_stands_in_the_audit_and_stays(client, tx, ana, bo):
    """Who did what to which content; and not even the owner of the tables rewrites it."""
    await in_force(client, ana, bo, TODAY)
    rows = await tx.execute(
        "SELECT action, facts ->> 'hash' FROM audit_record"
        " WHERE subject = 'methodology:kick_scooter@1.0.0' ORDER BY id"
    )
    found = await rows.fetchall()
    assert [each[0] for each in found] == [
        "catalogue.checked",
        "catalogue.dry_run",
        "catalogue.submitted",
        "catalogue.scheduled",
        "catalogue.active",
    ]
    assert len({each[1] for each in found}) == 1
