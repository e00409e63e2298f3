"""Held acts: an officer releases or refuses them, once, and every number still agrees."""

import asyncio
from datetime import timedelta

import pytest

from app.database import savepoint
from app.ids import new_id
from app.intake import providers
from app.intake.evidence import act_id
from app.ledger import balances
from app.people import linking
from app.people.subjects import digest_of
from app.problems import DomainError
from app.reductions import explain, review, review_read, verify
from app.reductions.decisions import Verdict
from app.reductions.errors import HeldDecided, HeldNotFound, NotReleasable
from tests import city, make
from tests.city import MORNING, NOON, SUBJECT_KEY

OFFICER = new_id()
HOUR = timedelta(hours=1)
WHY = review.Decision(OFFICER, "已核实。", "Checked.")


def fast(ref="fast-1", *, start=MORNING, **data):
    """Twelve kilometres in a quarter of an hour: too fast to be believed."""
    return city.ride(ref, start=start, distance_km="12", **data)


async def held(tx, record=None):
    """Anna's ride, held; its id."""
    record = record or fast()
    outcome = await city.one(tx, record)
    assert (outcome.verdict, outcome.reason) == (Verdict.held, "too_fast")
    provider = await providers.by_code(tx, code="bikes")
    return act_id(SUBJECT_KEY, provider_id=provider.id, ref=record["ref"])


async def release(tx, held_id, **more):
    """As an officer does it."""
    return await review.release(
        tx,
        held_id=held_id,
        decision=WHY,
        versions=await city.versions(tx),
        subject_key=SUBJECT_KEY,
        now=NOON + timedelta(hours=1),
        **more,
    )


async def refuse(tx, held_id):
    """As an officer does it."""
    versions = await city.versions(tx)
    await review.refuse(tx, held_id=held_id, decision=WHY, versions=versions, now=NOON)


async def breaches(tx):
    """The laws of the reductions that are broken."""
    versions = await city.versions(tx)
    return [each.name for each in await verify.checks(tx, versions=versions) if each.breaches]


async def points_of(tx, account_id):
    """What somebody has."""
    wallet = await balances.wallet(tx, account_id=account_id)
    return sum(each.earned - each.consumed for each in wallet.values())


async def test_a_released_act_is_a_reduction_like_any_other(tx):
    """Same id, grams by the formula, points booked, explained with what was waived, provable."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    act = await held(tx)

    done = await release(tx, act)

    assert (done.act_id, done.grams, done.points) == (act, 584, 58)
    assert await points_of(tx, anna.account_id) == 58
    kept = await explain.stored(tx, account_id=anna.account_id, reduction_id=act)
    told = explain.explain(kept, await city.versions(tx))
    assert told.agrees
    assert [each.value for each in told.steps if each.kind == "rule"].count("waived") == 1
    assert await breaches(tx) == []
    again = await city.one(tx, fast())
    assert (again.verdict, again.grams, again.reduction_id) == (Verdict.duplicate, 584, act)


async def test_a_refused_act_stays_refused(tx):
    """It pays nothing, its record is a duplicate for ever, and nobody decides again."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    act = await held(tx)

    await refuse(tx, act)

    for decide in (release, refuse):
        with pytest.raises(HeldDecided) as refused:
            await decide(tx, act)
        assert refused.value.facts == {"decision": "refused"}
    assert (await city.one(tx, fast())).verdict is Verdict.duplicate
    assert await points_of(tx, anna.account_id) == 0
    assert await breaches(tx) == []
    done = await release(tx, act, reopens=True)  # after an appeal
    assert done.grams == 584
    assert await breaches(tx) == []
    with pytest.raises(HeldDecided):
        await release(tx, act, reopens=True)
    with pytest.raises(HeldNotFound):
        await release(tx, new_id())


async def _overlap(tx):
    assert (await city.one(tx, city.ride("true-one"))).verdict is Verdict.credited
    return "overlap"


async def _unlink(tx):
    provider = await providers.by_code(tx, code="bikes")
    card = digest_of(SUBJECT_KEY, provider_id=provider.id, subject="card-anna")
    row = await (await tx.execute("SELECT account_id FROM link")).fetchone()
    await linking.unlink(tx, account_id=row[0], subject=card, now=NOON)
    return "no_consent"


@pytest.mark.parametrize("meanwhile", [_overlap, _unlink])
async def test_what_happened_meanwhile_counts(tx, meanwhile):
    """A ride of the same time, or a withdrawn consent, keeps it from being credited."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    act = await held(tx)
    reason = await meanwhile(tx)
    before = await points_of(tx, anna.account_id)

    with pytest.raises(NotReleasable) as refused:
        async with savepoint(tx):
            await release(tx, act)

    assert refused.value.facts == {"reason": reason}
    assert await points_of(tx, anna.account_id) == before
    waiting = await review_read.waiting(tx, after=None, limit=9, zone="Asia/Shanghai")
    assert [each.id for each in waiting] == [act]  # as before
    assert await breaches(tx) == []


async def test_a_release_keeps_the_days_caps(tx):
    """Of 40 km a day 35 are used: five of twelve count, and of the next act none."""
    await city.programme(tx)
    await city.citizen(tx)
    first, second = await held(tx), await held(tx, fast("fast-2", start=MORNING + HOUR))
    for nth, km in ((2, "20"), (4, "15")):
        long = city.ride(f"long-{nth}", start=MORNING + nth * HOUR, minutes=100, distance_km=km)
        assert (await city.one(tx, long)).verdict is Verdict.credited

    done = await release(tx, first)
    assert done.grams == 243
    with pytest.raises(NotReleasable) as refused:
        async with savepoint(tx):
            await release(tx, second)

    assert refused.value.facts == {"reason": "km_per_day"}
    assert await breaches(tx) == []


async def test_a_planted_review_is_found(tx):
    """A waived reason without an officer, and a release without its act, are breaches."""
    await city.programme(tx)
    await city.citizen(tx)
    act = await held(tx)
    await release(tx, act)
    await tx.execute("SET LOCAL ROLE NONE")
    await tx.execute("ALTER TABLE held_review DISABLE TRIGGER USER")
    await tx.execute("UPDATE held_review SET decision = 2, grams = 0, points = 0")
    assert await breaches(tx) == [
        "reductions.reviews_are_what_became_of_acts",
        "reductions.an_officer_set_reasons_aside",
    ]


async def test_many_officers_decide_once(committing):
    """Eight officers and a resending provider at once: one decision, paid once or never."""
    async with committing.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx)
        acts = [
            await held(tx, fast(f"fast-{n}", start=MORNING - timedelta(days=n))) for n in range(4)
        ]

    async def decide(n, act):
        try:
            async with committing.writing() as tx:
                await (release if n % 2 else refuse)(tx, act)
        except DomainError as error:
            return type(error).__name__
        return "release" if n % 2 else "refuse"

    async def resend(n):
        async with committing.writing() as tx:
            return await city.one(tx, fast(f"fast-{n}", start=MORNING - timedelta(days=n)))

    paid = 0
    for n, act in enumerate(acts):
        found = await asyncio.gather(
            *(decide(m, act) for m in range(8)), *(resend(n) for _ in range(2))
        )
        decisions, resent = found[:8], found[8:]
        done = [each for each in decisions if each in {"release", "refuse"}]
        assert len(done) == 1, decisions
        assert set(decisions) - set(done) == {"HeldDecided"}
        assert {each.verdict for each in resent} == {Verdict.duplicate}
        paid += done == ["release"]
    async with committing.snapshot() as tx:
        assert await points_of(tx, anna.account_id) == 58 * paid
        assert await breaches(tx) == []


async def test_release_and_a_truer_record_race(committing):
    """An officer releases while the same ride arrives from a sensor: one of the two is paid."""
    async with committing.writing() as tx:
        await city.programme(tx)
        anna = await city.citizen(tx)
        acts = [
            await held(tx, fast(f"fast-{n}", start=MORNING - timedelta(days=n))) for n in range(6)
        ]

    async def officer(act):
        try:
            async with committing.writing() as tx:
                return (await release(tx, act)).points
        except NotReleasable:
            return 0

    async def provider(n):
        async with committing.writing() as tx:
            true = city.ride(f"true-{n}", start=MORNING - timedelta(days=n))
            return (await city.one(tx, true)).points

    for n, act in enumerate(acts):
        both = await asyncio.gather(officer(act), provider(n))
        assert sorted(both) in ([0, 18], [0, 58]), both
    async with committing.snapshot() as tx:
        assert await breaches(tx) == []
        assert await points_of(tx, anna.account_id) > 0


async def test_officers_work_through_the_line(client, tx, keys):
    """Listed with the record as it was sent and no name; decided; the citizen is told why."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    for n in range(3):
        await held(tx, fast(f"fast-{n}", start=MORNING + timedelta(hours=n)))
    officer = make.officer_headers(keys, OFFICER)

    first = (await client.get("/v1/admin/held?limit=2", headers=officer)).json()
    rest = await client.get(
        "/v1/admin/held", params={"cursor": first["next_cursor"]}, headers=officer
    )
    items = first["items"] + rest.json()["items"]

    assert len(items) == 3
    assert (items[0]["reason"], items[0]["provider"]) == ("too_fast", "bikes")
    assert items[0]["record"]["distance_km"] == "12"
    assert not make.names(str(items), anna.account_id)
    why = {"reason_zh": "已核实。", "reason_en": "Checked."}
    path = f"/v1/admin/held/{items[0]['held_id']}"
    done = await client.post(f"{path}/release", json=why, headers=officer)
    assert (done.status_code, done.json()["points"]) == (200, 58)
    again = await client.post(f"{path}/refuse", json=why, headers=officer)
    assert (again.status_code, again.json()["code"]) == (409, "held-decided")
    no = f"/v1/admin/held/{items[1]['held_id']}/refuse"
    assert (await client.post(no, json=why, headers=officer)).status_code == 204
    mine = make.citizen_headers(keys, anna.account_id)
    told = (await client.get("/v1/me/messages", headers=mine)).json()["items"]
    assert [each["kind"] for each in told] == ["act_refused", "act_released"]
    feed = (await client.get("/v1/me/feed", headers=mine)).json()["items"]
    assert sorted(each["state"] for each in feed) == ["credited", "refused", "under_review"]
    assert {each["subtitle"] for each in feed if each["state"] == "refused"} == {"Checked."}
