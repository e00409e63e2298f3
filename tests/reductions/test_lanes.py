"""Batches in lanes: the same answers and books, whichever lanes; and nothing lost when one dies."""

from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.catalogue import budgets_set, budgets_verify
from app.database import Database
from app.lanes import Lanes
from app.ledger import verify as ledger_verify
from app.problems import TryAgain
from app.reductions import lane_credit, lane_names, lane_release, lane_shared
from app.reductions import verify as reductions_verify
from tests import city
from tests.city import MORNING, NOON, charge, metro, ride
from tests.reductions.one_lane import guard

SIXTEEN = Lanes.modulo(16)
BOOKS = """
SELECT (SELECT array_agg(r ORDER BY r) FROM (
          SELECT id, account_id, grams, points, points_per_kg, scope, inputs FROM reduction) AS r)::text,
       (SELECT array_agg((account_id, earned, consumed, held, last_seq) ORDER BY account_id)
          FROM balance WHERE earned > 0)::text,
       (SELECT array_agg((scope, subject, starts_at, ends_at, reduction_id)
                         ORDER BY scope, subject, starts_at) FROM claim)::text,
       (SELECT array_agg((subject, methodology, counted, used) ORDER BY subject, counted)
          FROM cap_use WHERE used <> 0)::text,
       (SELECT array_agg((id, reason_code) ORDER BY id) FROM held_activity)::text
"""
PEOPLE = dict.fromkeys(("anna", "boris", "carl"), city.SCENARIOS) | {"shy": ("bike_ride",)}
acts = st.builds(
    lambda n, kind, hour, km: (kind, n, hour, km),
    st.integers(0, 7),
    st.sampled_from(["ride", "metro", "charge"]),
    st.integers(0, 30),
    st.sampled_from(["0.3", "3.7", "15", "19.999"]),
)


def record(place, act):
    """A record of one act: few starts and two cars, so that much collides across citizens."""
    kind, n, half_hours, km = act
    start = MORNING + timedelta(minutes=30 * half_hours)
    who = f"card-{[*PEOPLE][n % 4]}"
    if kind == "ride":
        return ride(f"ref-{n}", subject=who, start=start, minutes=80, distance_km=km)
    if kind == "metro":
        return metro(f"ref-{n}", subject=who, start=start)
    return charge(f"charge-{place}", subject=who, start=start, vehicle_id=f"car-{n % 2}")


async def books(tx):
    """All that may not depend on lanes."""
    return await (await tx.execute(BOOKS)).fetchone()


async def broken(database):
    """Names of the laws that do not hold."""
    async with database.snapshot() as tx:
        found = await ledger_verify.checks(tx) + await budgets_verify.checks(tx)
        found += await reductions_verify.checks(tx, versions=await city.versions(tx))
    return [check.name for check in found if check.breaches]


async def three_ways(connection, *batches):
    """Outcomes and books of the same batches, each time in the same city: whole, and in lanes."""
    found = []
    database = Database(None, None, single=connection)
    async with connection.transaction(force_rollback=True):
        await city.programme(connection)
        for name, scenarios in PEOPLE.items():
            await city.citizen(connection, name, scenarios=scenarios)
        for lanes in (None, SIXTEEN, Lanes.modulo(1024)):
            async with connection.transaction(force_rollback=True):
                outcomes = []
                for batch in filter(None, batches):
                    done = await city.send_in_lanes(database, *batch, lanes=lanes)
                    outcomes += done.outcomes
                assert await broken(database) == []
                found.append((outcomes, await books(connection)))
    return found


@given(stream=st.lists(acts, max_size=14), cut=st.integers(1, 13))
@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_lanes_change_no_answer_and_no_book(connection, stream, cut):
    """The same two batches without lanes, in 16 and in 1,024: outcomes and rows are the same."""
    records = [record(place, act) for place, act in enumerate(stream)]
    found = await three_ways(connection, records[:cut], records[cut:])
    assert found[0] == found[1] == found[2]


@pytest.fixture
async def town(committing, fresh_urls):
    """A committed city of eight citizens that nobody may write in two lanes at once."""
    async with committing.writing() as tx:
        await city.programme(tx)
        for n in range(8):
            await city.citizen(tx, f"p{n}", scenarios=(*city.SCENARIOS, "e_statement"))
    guard(fresh_urls.owner, n=16)
    return committing


async def sent(database, *records, now=NOON, lanes=SIXTEEN):
    """Outcomes of one delivery."""
    done = await city.send_in_lanes(database, *records, lanes=lanes, now=now)
    return done.outcomes


def failing(monkeypatch, module, name, fails):
    """The function raises like a lost connection as long as ``fails`` says so."""
    real = getattr(module, name)

    async def harmed(*arguments, **named):
        if fails(*arguments, **named):
            raise psycopg.OperationalError("the node went away")
        return await real(*arguments, **named)

    monkeypatch.setattr(module, name, harmed)


async def test_a_lane_that_fails_leaves_the_others_credited(town, monkeypatch):
    """The sender hears of a failure; a retry finds the others as duplicates with their numbers."""
    batch = [ride(f"r{n}", subject=f"card-p{n}") for n in range(8)]
    asked = []

    def fails(*_, **__):
        asked.append(1)
        return len(asked) == 3

    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", fails)
        with pytest.raises(psycopg.OperationalError):
            await sent(town, *batch)
    assert await broken(town) == []

    again = await sent(town, *batch)

    assert Counter(each.verdict for each in again) == {"duplicate": 7, "credited": 1}
    assert {(each.grams, each.points) for each in again} == {(180, 18)}
    assert await broken(town) == []


async def test_a_vehicle_claimed_for_a_lost_lane_is_free_after_an_hour(town, monkeypatch):
    """Reserved and never credited: others are refused for an hour, the same act never."""
    mine = charge("mine", subject="card-p0", vehicle_id="car")
    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", lambda *_, **__: True)
        with pytest.raises(psycopg.OperationalError):
            await sent(town, mine)
    assert await broken(town) == []

    other = charge("other", subject="card-p1", vehicle_id="car")
    (refused,) = await sent(town, other)
    assert (refused.verdict, refused.reason) == ("rejected", "overlap")
    swept = [
        await lane_release.sweep(town, lanes=SIXTEEN, now=NOON + timedelta(minutes=minutes))
        for minutes in (59, 61, 62)
    ]
    assert swept == [0, 1, 0]
    (credited,) = await sent(town, other)
    assert credited.verdict == "credited"
    (late,) = await sent(town, mine)
    assert (late.verdict, late.reason) == ("rejected", "overlap")
    assert await broken(town) == []


async def test_the_same_act_finds_what_is_reserved_for_it(town, monkeypatch):
    """A retry after a lost lane is credited at once; the sweep then leaves it alone."""
    mine = charge("mine", subject="card-p0", vehicle_id="car")
    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", lambda *_, **__: True)
        with pytest.raises(psycopg.OperationalError):
            await sent(town, mine)

    (again,) = await sent(town, mine)

    assert again.verdict == "credited"
    assert await lane_release.sweep(town, lanes=SIXTEEN, now=NOON + timedelta(hours=2)) == 1
    (once_more,) = await sent(town, mine)
    assert once_more.verdict == "duplicate"
    assert await broken(town) == []


def statement(ref, person, account_hash="a1"):
    """An e-statement of February: one a month for each account number."""
    data = {
        "started_at": "2026-02-01T00:00:00+08:00",
        "ended_at": "2026-02-28T23:00:00+08:00",
        "sheets_avoided": 8,
        "order_no": ref,
        "account_hash": account_hash,
    }
    return {"ref": ref, "subject": f"card-{person}", "methodology": "e_statement", "data": data}


async def test_a_shared_cap_holds_across_lanes(town):
    """Five citizens report one account number in one batch: one is credited, and it is counted."""
    outcomes = await sent(town, *(statement(f"s{n}", f"p{n}") for n in range(5)))

    assert [(each.verdict, each.reason) for each in outcomes] == [
        ("credited", None), *[("rejected", "one_a_month")] * 4,
    ]  # fmt: skip
    async with town.reading() as tx:
        rows = await (await tx.execute("SELECT used FROM cap_use")).fetchall()
        left = await (await tx.execute("SELECT count(*) FROM cap_lane")).fetchone()
    assert ([int(row[0]) for row in rows], left) == ([1], (0,))


async def test_what_a_lost_lane_drew_on_a_cap_is_given_back(town, monkeypatch):
    """A cap that was drawn on for nothing is free again after the sweep, once."""
    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", lambda *_, **__: True)
        with pytest.raises(psycopg.OperationalError):
            await sent(town, statement("s0", "p0"))
    (refused,) = await sent(town, statement("s1", "p1"))
    assert refused.reason == "one_a_month"

    later = NOON + timedelta(hours=2)
    assert await lane_release.sweep(town, lanes=SIXTEEN, now=later) == 1

    (credited,) = await sent(town, statement("s1", "p1"))
    assert credited.verdict == "credited"
    async with town.reading() as tx:
        rows = await (await tx.execute("SELECT used FROM cap_use")).fetchall()
    assert [int(row[0]) for row in rows] == [1]


async def test_a_budget_pays_lanes_no_more_than_it_has(town):
    """100 points for eight citizens' rides: tapered like without lanes, and every draw is paid."""
    async with town.writing() as tx:
        payload = {"line": "programme", "from_month": "2026-03", "points": 100}
        await budgets_set.apply(tx, payload=payload, now=NOON)

    outcomes = await sent(town, *(ride(f"r{n}", subject=f"card-p{n}") for n in range(8)))

    assert Counter(each.verdict for each in outcomes) == {"credited": 8}
    assert 0 < sum(each.points for each in outcomes) <= 100
    async with town.reading() as tx:
        drawn = await (await tx.execute("SELECT sum(points)::int FROM budget_draw")).fetchone()
    assert drawn == (sum(each.points for each in outcomes),)
    assert await broken(town) == []


async def test_points_drawn_for_a_lost_lane_return_to_the_budget(town, monkeypatch):
    """Drawn and never paid: the sweep puts them back, and the book of draws says so."""
    async with town.writing() as tx:
        payload = {"line": "programme", "from_month": "2026-03", "points": 100_000}
        await budgets_set.apply(tx, payload=payload, now=NOON)
    with monkeypatch.context() as patch:
        failing(patch, lane_credit, "book", lambda *_, **__: True)
        with pytest.raises(psycopg.OperationalError):
            await sent(town, ride("r0", subject="card-p0"))

    await lane_release.sweep(town, lanes=SIXTEEN, now=NOON + timedelta(hours=2))

    async with town.reading() as tx:
        rows = await (await tx.execute("SELECT points FROM budget_draw ORDER BY points")).fetchall()
    assert rows == [(-18,), (18,)]
    assert await broken(town) == []


async def test_a_name_that_is_given_back_cannot_be_relied_on(town):
    """While its claims are being given back an act may not start again: its sender tries later."""
    await sent(town, ride("kept", subject="card-p0"))
    async with town.writing() as tx:
        await tx.execute("UPDATE natural_key_lane SET releasing = true")

    with pytest.raises(TryAgain):
        await sent(town, ride("kept", subject="card-p0"))


async def test_a_claim_is_not_given_back_once_somebody_relies_on_it(town):
    """The first delivery's clean-up finds that a second one has named the act, and leaves it."""
    mine = charge("mine", subject="card-p0", vehicle_id="car")
    await sent(town, mine)
    async with town.reading() as tx:
        row = await (await tx.execute(
            "SELECT id, account_id, delivery, reserved_at, touches, bucket FROM natural_key_lane"
        )).fetchone()  # fmt: skip
    *as_first_seen, bucket = row
    async with town.writing() as tx:
        others = await lane_names.take(
            tx, buckets=[bucket], names=[tuple(row[:2])], delivery=row[0], now=NOON
        )
        assert others == set()
        marked = await lane_names.begin_release(tx, names=[lane_names.Held(*as_first_seen)])
    assert marked == set()


def test_shared_wishes_lie_in_their_subjects_buckets():
    """A car's claim goes to the car's bucket, not to the driver's."""
    assert lane_shared.bucket_of_cap((None, (1024 * 7 + 5, "", "", None), 1, 1)) == 5
