"""An error is put right: shown first, agreed on by two, booked once, and told in words."""

from datetime import date, timedelta
from uuid import uuid4

import pytest

from app.database import savepoint
from app.ledger import balances, contra, hold
from app.reductions import correct, correct_read, correct_run, explain, listing
from app.reductions.errors import CorrectionNotFound, CorrectionRunning, CorrectionUnsound
from tests import city, make
from tests.city import NOON
from tests.make import officer_headers
from tests.reductions import erring
from tests.reductions.erring import DAYS, LATER, WORDS, carried_out, laws_broken, previewed, town

TABLES = ("reduction", "reduction_correction", "entry", "balance", "lot", "outbox")


async def counted(tx):
    """How many rows the tables have that a correction could touch, and their sums."""
    found = [await (await tx.execute(f"SELECT count(*) FROM {each}")).fetchone() for each in TABLES]
    found.append(
        await (await tx.execute("SELECT sum(earned), sum(consumed) FROM balance")).fetchone()
    )
    return found


async def account(tx, name: str = "p0") -> int:
    """Somebody's account."""
    row = await (
        await tx.execute("SELECT account_id FROM citizen WHERE nickname = %s", (name,))
    ).fetchone()
    return int(row[0])


async def spend(tx, account_id: int, points: int) -> None:
    """A coffee."""
    await hold.hold(tx, account_id=account_id, points=points)
    await hold.spend(tx, account_id=account_id, points=points, contra=1_000, ref=uuid4(), now=LATER)


async def test_the_preview_tells_the_effect_and_changes_nothing(tx):
    """People, grams, points, shortfall and movers; no row of a citizen is touched."""
    await town(tx, people=3, each=4)
    await spend(tx, await account(tx), 70)
    before = await counted(tx)

    correction_id = await previewed(tx)

    found = await correct_read.progress(tx, correction_id=correction_id)
    movers = found.preview["top_movers"]
    assert await counted(tx) == before
    assert (found.state, found.reason_zh, found.reason_en) == ("previewed", *WORDS)
    assert {name: found.preview[name] for name in found.preview if name != "top_movers"} == {
        "looked_at": 12,
        "affected": 12,
        "uncomputable": 0,
        "people": 3,
        "grams": -12 * 90,
        "points": -12 * 9,
        "booked_up": 0,
        "booked_down": 2 + 2 * 36,
        "shortfall": 34,
        "complete": True,
        "budget": None,
    }
    assert (len(movers), "account" in str(found.preview)) == (12, False)
    assert {(each["grams_before"], each["grams_after"]) for each in movers} == {(180, 90)}


async def test_the_run_does_what_the_preview_said(tx):
    """The same figures, now booked; every law of every room holds."""
    await town(tx, people=3, each=4)
    anna = await account(tx)
    await spend(tx, anna, 70)

    correction_id = await carried_out(tx, limit=5)

    done = await correct_read.progress(tx, correction_id=correction_id)
    assert (done.state, done.changed, done.people) == ("finished", 12, 3)
    assert (done.grams, done.booked_down, done.shortfall) == (-1080, 74, 34)
    assert (await balances.balance(tx, account_id=anna)).available == 0
    assert (await balances.balance(tx, account_id=await account(tx, "p1"))).available == 36
    assert await laws_broken(tx) == []
    row = await (await tx.execute("SELECT sum(shortfall) FROM reduction_correction")).fetchone()
    assert row == (34,)
    row = await (
        await tx.execute("SELECT sum(amount) FROM entry WHERE contra = %s", (contra.CORRECTION,))
    ).fetchone()
    assert row == (-74,)


async def test_the_citizen_sees_what_changed_and_why(tx):
    """The list shows the grams of today; the explanation computes them, and has the words."""
    await town(tx, people=1, each=2)
    anna = await account(tx)
    await carried_out(tx)

    rows = await listing.page(tx, account_id=anna, before=None, limit=9)
    versions = await city.versions(tx)
    kept = await explain.stored(tx, account_id=anna, reduction_id=rows[0].id)
    told = explain.explain(kept, versions)
    (why,) = await correct_read.of_reduction(tx, account_id=anna, reduction_id=rows[0].id)

    assert [(row.grams, row.points, row.corrected) for row in rows] == [(90, 9, True)] * 2
    assert told.agrees
    assert told.version.name == "bike_ride@1.0.1"
    assert (why.grams_before, why.grams_after, why.booked) == (180, 90, -9)
    assert (why.reason_zh, why.reason_en) == WORDS


async def test_everybody_is_told_once(tx):
    """One message to each person, with all that the correction came to for them."""
    await town(tx, people=3, each=4)
    await carried_out(tx, limit=2)

    rows = await (
        await tx.execute("SELECT facts FROM outbox WHERE template = 'reductions_corrected'")
    ).fetchall()
    assert len(rows) == 3
    for (facts,) in rows:
        assert (facts["acts"], facts["grams"], facts["points"]) == (4, -360, -36)
        assert (facts["reason_zh"], facts["reason_en"]) == WORDS


async def test_an_upward_correction_is_paid_out(tx):
    """Who got too little gets the rest, with a lot of its own."""
    await town(tx, people=2, each=3, formula="min(distance_km, max_ride_km) * 2")
    anna = await account(tx)

    await carried_out(tx)

    assert (await balances.balance(tx, account_id=anna)).available == 3 * 36
    assert await laws_broken(tx) == []


async def test_what_the_new_version_refuses_comes_to_nothing(tx):
    """An act that is none after all keeps its row, at zero grams."""
    await town(tx, people=1, each=2, shortest_km="5")
    anna = await account(tx)
    await carried_out(tx)
    assert (await balances.balance(tx, account_id=anna)).available == 0
    assert [row.grams for row in await listing.page(tx, account_id=anna, before=None, limit=9)] == [
        0,
        0,
    ]
    assert await laws_broken(tx) == []


async def test_only_the_acts_of_the_days_and_versions_named_change(tx):
    """Half-open days; other methodologies and other versions are left alone."""
    await town(tx, people=1, each=3)
    await city.send(tx, city.metro(subject="card-p0", start=NOON + timedelta(hours=9)), now=LATER)

    none = await previewed(tx, days=(date(2026, 3, 2), date(2026, 4, 1)))
    other = await previewed(tx, days=(date(2026, 2, 1), date(2026, 3, 1)))
    some = await previewed(tx, days=(date(2026, 3, 1), date(2026, 3, 2)))

    counts = [
        (await correct_read.progress(tx, correction_id=each)).preview["affected"]
        for each in (none, other, some)
    ]
    assert counts == [0, 0, 3]


async def test_what_cannot_be_computed_stays_and_is_counted(tx):
    """A version that needs what was not stored changes nothing it cannot prove."""
    await town(tx, people=1, each=2)
    versions = await city.versions(tx)
    plan = correct.Plan("bike_ride", (versions.by_methodology["bike_ride"][-1].id,), 0, *DAYS)
    seen = await correct.look(tx, plan=plan, after=correct.START, limit=9)
    changes, uncomputable = correct.assess(seen.found, plan, versions)
    assert (len(seen.found), changes, uncomputable) == (2, [], 2)


async def test_a_second_correction_follows_the_first(tx):
    """Up again after down: the reserve is repaid first, and nobody gains by the detour."""
    await town(tx, people=1, each=2)
    anna = await account(tx)
    await spend(tx, anna, 30)
    await carried_out(tx)
    assert (await balances.balance(tx, account_id=anna)).available == 0
    await erring.corrected_version(tx, version="1.0.2", formula="min(distance_km, max_ride_km)")

    second = await carried_out(tx, old_versions=["1.0.0", "1.0.1"], new_version="1.0.2")

    done = await correct_read.progress(tx, correction_id=second)
    assert (done.booked_up, done.shortfall) == (6, -12)
    assert (await balances.balance(tx, account_id=anna)).available == 6
    assert await laws_broken(tx) == []
    rows = await listing.page(tx, account_id=anna, before=None, limit=9)
    assert [(row.grams, row.points) for row in rows] == [(180, 18)] * 2


async def test_a_correction_is_begun_once_and_alone(tx):
    """Neither twice, nor beside another one of its methodology."""
    await town(tx, people=1, each=1)
    first, second = await previewed(tx), await previewed(tx)
    await correct.apply(tx, payload={"correction_id": str(first)}, now=LATER)
    for again in (first, second):
        with pytest.raises(CorrectionRunning):
            await correct.apply(tx, payload={"correction_id": str(again)}, now=LATER)
    for unknown in (str(uuid4()), "none", None):
        with pytest.raises(CorrectionNotFound):
            await correct.apply(tx, payload={"correction_id": unknown}, now=LATER)


async def test_only_a_version_that_was_agreed_on_corrects(tx):
    """A draft can be tried, and changes nothing before two officers have approved it as well."""
    await town(tx, people=1, each=1)
    correction_id = await previewed(tx)
    await tx.execute("UPDATE methodology_version SET state = 'withdrawn' WHERE version = '1.0.1'")
    with pytest.raises(CorrectionUnsound):
        await correct.apply(tx, payload={"correction_id": str(correction_id)}, now=LATER)


UNSOUND = [
    {"new_version": "9.9.9"},
    {"old_versions": ["9.9.9"]},
    {"new_version": "1.0.0", "old_versions": ["1.0.1"]},
    {"old_versions": ["1.0.1"]},
    {"days": (date(2026, 3, 1), date(2026, 3, 1))},
    {"methodology": "flying"},
    {"reason": ("有", "")},
]


@pytest.mark.parametrize("changes", UNSOUND, ids=str)
async def test_what_is_no_correction_is_refused(tx, changes):
    """Only a version that says it corrects an error may rewrite what was credited."""
    await town(tx, people=1, each=1)
    with pytest.raises(CorrectionUnsound):
        async with savepoint(tx):
            await previewed(tx, **changes)


async def test_nothing_happens_before_approval(tx):
    """A preview is not carried out, whoever asks the worker to."""
    await town(tx, people=1, each=1)
    versions = await city.versions(tx)
    for each in (await previewed(tx), uuid4()):
        assert not await correct_run.step(
            tx, correction_id=each, versions=versions, limit=9, now=LATER
        )
    assert await correct_run.unfinished(tx) == []


async def test_officers_preview_approve_and_watch(client, keys, database):
    """Over HTTP: preview, proposal, approval by another, job, and the citizen's explanation."""
    async with database.writing() as tx:
        await town(tx, people=1, each=1)
        anna = await account(tx)
    maker, checker = (officer_headers(keys, uuid4()) for _ in range(2))
    body = {
        "methodology": "bike_ride",
        "old_versions": ["1.0.0"],
        "new_version": "1.0.1",
        "from_on": "2026-01-01",
        "until_on": "2026-04-01",
    }
    shown = await client.post("/v1/admin/corrections", json=body, headers=maker)
    assert shown.status_code == 201, shown.text
    correction_id = shown.json()["correction_id"]
    proposal = {
        "kind": "reductions.correct",
        "payload": {"correction_id": correction_id},
        "reason": "x",
    }
    made = (await client.post("/v1/admin/proposals", json=proposal, headers=maker)).json()
    approve = f"/v1/admin/proposals/{made['proposal_id']}/approve"
    assert (await client.post(approve, headers=maker)).status_code == 409
    assert (await client.post(approve, headers=checker)).status_code == 200
    async with database.writing() as tx:
        row = await (
            await tx.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'run_correction'"
            )
        ).fetchone()
        assert row == (1,)
        versions = await city.versions(tx)
        (waiting,) = await correct_run.unfinished(tx)
        while await correct_run.step(
            tx, correction_id=waiting, versions=versions, limit=9, now=LATER
        ):
            pass
        (mine,) = await listing.page(tx, account_id=anna, before=None, limit=9)
    done = (await client.get(f"/v1/admin/corrections/{correction_id}", headers=checker)).json()
    assert (done["state"], done["changed"], done["old_versions"]) == ("finished", 1, ["1.0.0"])
    url = f"/v1/me/reductions/{mine.id}/explanation"
    told = (await client.get(url, headers=make.citizen_headers(keys, anna))).json()
    assert (told["grams"], told["recomputed_grams"], told["agrees"]) == (90, 90, True)
    assert told["corrections"][0]["reason_zh"] == WORDS[0]
    assert (await client.get(f"/v1/admin/corrections/{uuid4()}", headers=maker)).status_code == 404
