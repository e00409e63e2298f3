"""A version is tried on history: exact figures, and nothing changes but the list of reports."""

import time
from datetime import timedelta

import pytest

from app.catalogue import upload
from app.catalogue.check import check
from app.catalogue.errors import WrongState
from app.catalogue.versions import Catalogue
from app.ids import account_number, new_id
from app.intake import evidence
from app.intake.records import Record
from app.reductions import dry_run, shapes
from app.reductions.dry_run_report import Change, Comparison
from tests import city
from tests.catalogue import scooter
from tests.city import NOON

OFFICER = new_id()
KEPT = """
INSERT INTO reduction (id, account_id, occurred_at, grams, points, points_per_kg, duration_s,
                       shape_id, block_no, occurred_on, version_id, factor_set_id, scope, line,
                       bucket, inputs)
SELECT i, a, '2026-02-20T12:00:00Z', %(grams)s, %(grams)s / 2, 500, 0, %(shape)s, %(block)s,
       %(day)s, %(version)s, 1, 0, n - 1, (a %% 1024)::smallint, %(inputs)s
  FROM unnest(%(accounts)s::bigint[], %(ids)s::uuid[]) WITH ORDINALITY AS t (a, i, n)
"""
"""Reductions as a credit writes them; the evidence of the n-th is the n-th line of the block."""
BOOKS = [
    "balance",
    "entry",
    "lot",
    "outbox",
    "evidence",
    "natural_key",
    "reduction",
    "claim",
    "claim_subject",
    "held_activity",
    "batch",
    "tariff",
    "budget",
    "budget_draw",
    "factor_set",
    "programme",
    "redemption",
    "shadow_result",
    "proposal",
]


async def active(tx, text: str, *, since: str = "2026-01-01") -> None:
    """Put a document into force, without its way there."""
    await kept(tx, text)
    await tx.execute(
        "UPDATE methodology_version SET state = 'active', active_from = %s"
        " WHERE methodology = 'kick_scooter' AND state = 'checked'",
        (since,),
    )


async def kept(tx, text: str):
    """Upload a document, as somebody."""
    report = check(text)
    return await upload.upload(
        tx,
        methodology="kick_scooter",
        report=report,
        officer_id=OFFICER,
        reason="a pilot",
        now=NOON,
    )


async def trial(tx, version: str = "1.1.0", **changes):
    """Run a version on everything of the last year."""
    versions = await Catalogue().versions(tx)
    found = await dry_run.dry_run(
        tx,
        candidate=versions.named("kick_scooter", version),
        versions=versions,
        **{"days": 365, "limit": 100_000, "reason": "look", "officer_id": OFFICER, "now": NOON}
        | changes,
    )
    return found.report


@pytest.fixture
async def town(tx):
    """Two citizens with six rides in February, by a version in force."""
    await city.programme(tx)
    await tx.execute("INSERT INTO tariff VALUES ('kick_scooter', '2026-01-01', 500)")
    for name in ("anna", "boris"):
        await city.citizen(tx, name, scenarios=("kick_scooter",))
    await active(tx, scooter.text())
    rides = [
        scooter.ride(f"{name}-{hour}", "2026-02-20", subject=f"card-{name}", hour=hour, km=km)
        for name in ("anna", "boris")
        for hour, km in ((8, "2"), (9, "10"), (10, "0.6"))
    ]
    delivery = await city.send(tx, *rides)
    assert delivery.tally.credited == 6
    return tx


async def test_old_and_new_side_by_side(town):
    """Counts, grams, points, reasons, months, movers and classes, each to the gram."""
    await kept(town, scooter.text("1.1.0", factor="0.04", least="1"))

    report = await trial(town)

    # 2 km, 10 km, 0.6 km: at 0.05 kg/km 100, 500, 30 g; at 0.04 kg/km 80, 400 g and too short.
    assert report["acts"] == 6
    assert report["citizens"] == 2
    assert report["old"] == {
        "credited": 6, "held": 0, "rejected": 0, "grams": 1260, "points": 630,
    }  # fmt: skip
    assert report["new"] == {
        "credited": 4, "held": 0, "rejected": 2, "grams": 960, "points": 480,
    }  # fmt: skip
    assert report["newly_rejected"] == [{"reason": "too_short", "acts": 2}]
    assert (report["newly_credited"], report["newly_held"]) == (0, [])
    assert (report["less"], report["same"], report["more"]) == (6, 0, 0)
    assert report["months"] == [{"month": "2026-02", "old_points": 630, "new_points": 480}]
    assert [each["new_grams"] - each["old_grams"] for each in report["movers"]] == [
        -100, -100, -30, -30, -20, -20,
    ]  # fmt: skip
    classes = {each["at_least"]: each["acts"] for each in report["deltas"] if each["acts"]}
    assert classes == {-999: 2, -99: 4}
    assert report["incomparable"] == report["from_stored_inputs"] == 0


async def test_nothing_else_changes(town):
    """Every book has the rows it had; the version only notes that it was tried."""
    await kept(town, scooter.text("1.1.0", factor="0.04"))

    async def rows():
        return {
            table: (
                await (
                    await town.execute(
                        f"SELECT count(*), md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {table} t"
                    )
                ).fetchone()
            )
            for table in BOOKS
        }

    before = await rows()
    await trial(town)
    await trial(town)
    assert await rows() == before
    reports = await (await town.execute("SELECT count(*) FROM dry_run_report")).fetchone()
    steps = await town.execute(
        "SELECT to_state FROM methodology_transition t JOIN methodology_version v"
        " ON v.id = t.version_id WHERE v.version = '1.1.0' ORDER BY at, t.id"
    )
    assert reports == (2,)
    assert await steps.fetchall() == [("checked",), ("dry_run",)]


async def test_caps_of_the_version_on_trial_count(town):
    """With one ride a day, the second and third of each citizen are newly rejected."""
    await kept(town, scooter.text("1.1.0", rides=1))
    report = await trial(town)
    assert report["newly_rejected"] == [{"reason": "rides_per_day", "acts": 4}]
    assert report["new"]["grams"] == 200


async def test_where_evidence_is_gone_stored_inputs_do(town):
    """Retention is over: the act is tried on what its reduction kept; too little is said so."""
    row = await (
        await town.execute("SELECT account_id, version_id FROM reduction LIMIT 1")
    ).fetchone()
    for names, values in (("distance_km", "3"), ("", "")):
        shape = shapes.number_of(names)
        await town.execute(
            "INSERT INTO input_shape VALUES (%s, %s) ON CONFLICT DO NOTHING", (shape, names)
        )
        arguments = {"accounts": [row[0]], "ids": [new_id()], "version": row[1], "shape": shape}
        await town.execute(
            KEPT, arguments | {"day": "2026-02-21", "grams": 150, "inputs": values, "block": 0}
        )
    await kept(town, scooter.text("1.1.0", factor="0.04"))
    report = await trial(town)
    assert (report["acts"], report["from_stored_inputs"], report["incomparable"]) == (7, 1, 1)
    assert report["new"]["grams"] == 2 * (80 + 400 + 24) + 120


async def test_what_was_held_may_be_newly_credited(town):
    """An act of a suspended version is seen by the one on trial."""
    await town.execute("UPDATE methodology_version SET state = 'suspended' WHERE state = 'active'"
                       " AND methodology = 'kick_scooter'")  # fmt: skip
    held = await city.one(town, scooter.ride("late", "2026-02-22"))
    await kept(town, scooter.text("1.1.0"))
    report = await trial(town)
    assert held.reason == "methodology_suspended"
    assert (report["acts"], report["newly_credited"]) == (7, 1)


async def test_made_up_acts_try_what_has_no_history(town):
    """A methodology nobody has used yet is tried on evidence that nobody sent."""
    await kept(town, scooter.text("1.1.0", factor="0.04"))
    report = await trial(
        town,
        acts=[
            scooter.ride("x", "2026-02-20", km="2")["data"],
            scooter.ride("x", "2026-02-20", km="0.1")["data"],
            {"colour": "green"},
        ],
    )
    assert [(each["status"], each["grams"]) for each in report["made_up"]] == [
        ("credited", 80),
        ("rejected", 0),
        ("rejected", 0),
    ]


async def test_a_sample_is_whole_citizens_and_no_more_than_asked(town):
    """A limit is kept; days before the sample are left out."""
    await kept(town, scooter.text("1.1.0", factor="0.04"))
    assert (await trial(town, limit=3))["acts"] == 3
    assert (await trial(town, days=1))["acts"] == 0


async def test_what_has_force_is_not_tried(town):
    """An active version is compared with by others."""
    with pytest.raises(WrongState):
        await trial(town, version="1.0.0")


async def test_a_hundred_thousand_acts(committing):
    """A large sample is read in a few statements, in reasonable time."""
    async with committing.writing() as tx:
        await city.programme(tx)
        await active(tx, scooter.text())
        await kept(tx, scooter.text("1.1.0", factor="0.04"))
        version = await (
            await tx.execute("SELECT id FROM methodology_version WHERE version = '1.0.0'"
                             " AND methodology = 'kick_scooter'")
        ).fetchone()  # fmt: skip
        ride = scooter.ride("x", "2026-02-20")
        shape = shapes.number_of("distance_km")
        await tx.execute("INSERT INTO input_shape VALUES (%s, 'distance_km')", (shape,))
        for first in range(0, 100_000, 20_000):
            accounts = [account_number(1 + n // 4) for n in range(first, first + 20_000)]
            ids = [new_id() for _ in accounts]
            arguments = {
                "accounts": accounts, "ids": ids, "version": version[0], "day": "2026-02-20",
                "grams": 100, "shape": shape, "inputs": "2",
            }  # fmt: skip
            records = [
                Record(0, str(n), "s", "kick_scooter", ride["data"]) for n in range(len(ids))
            ]
            block = await evidence.keep(tx, provider_id=1, bucket=1, records=records, now=NOON)
            await tx.execute(KEPT, arguments | {"block": block})
    async with committing.writing() as tx:
        began = time.monotonic()
        report = await trial(tx)
        took = time.monotonic() - began
    print(f"100,000 acts tried in {took:.1f} s")
    assert (report["acts"], report["old"]["grams"], report["new"]["grams"]) == (
        100_000,
        10_000_000,
        8_000_000,
    )
    assert took < 60


def test_classes_have_the_right_edges():
    """A difference of one gram is a difference; a thousand begins the last class."""
    comparison = Comparison()
    day = NOON.date() + timedelta(days=0)
    deltas = (-1000, -999, -100, -99, -10, -9, -1, 0, 1, 9, 10, 99, 100, 999, 1000)
    comparison.add_all(
        Change(new_id(), day, 1000, "credited", 5000, "credited", 5000 + delta, None)
        for delta in deltas
    )
    report = comparison.report()
    assert [each["acts"] for each in report["deltas"]] == [1, 2, 2, 2, 1, 2, 2, 2, 1]
    assert (report["less"], report["same"], report["more"]) == (7, 1, 7)
    assert len(report["movers"]) == 14
