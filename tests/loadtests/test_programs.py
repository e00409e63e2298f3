"""Every program of `make bench` runs, at a tiny scale, and tells what it is meant to tell."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from loadtests import bench, growth, hordak, openloop, reading, redeem, settle, wallet
from loadtests.calling import Caller, caller
from loadtests.citizens import link_copies
from loadtests.running import service
from loadtests.stage import Stage, served, stage

ROOT = Path(bench.__file__).parents[1]
CITIZENS = 100


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Stage]:
    """One city for all of them; a run of `make bench` gives each its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUHUI_BENCH_HOME", str(tmp_path_factory.mktemp("bench")))
        with stage() as made:
            yield made


@pytest.fixture(scope="module")
def merchant(place):
    return redeem.prepare(place, CITIZENS)


@pytest.fixture(scope="module")
def port(place) -> Iterator[int]:
    with served(place) as port:
        yield port


@pytest.fixture(scope="module")
def ask() -> Iterator[Caller]:
    with caller() as ask:
        yield ask


def test_all_records_that_reading_measures_go_the_fast_way(monkeypatch):
    """What is told of the fast way is about it: none of its records is read patiently."""
    monkeypatch.setattr(reading, "RECORDS", 20)
    batches = reading.batches()
    monkeypatch.setattr(reading.Reader, "read_patiently", None)
    assert all(reading.microseconds(reader.read, records) > 0 for _, reader, records in batches)


def test_the_wallet_is_compared_with_the_same_select(place, ask):
    """Both sides answer every read, and the bare side's statement is the route's own."""
    with service(place, workers=1) as ours:
        made = wallet.measure(place, ours, ask, citizens=CITIZENS, seconds=0.2, rounds=1)
    found, cost = (each.told() for each in made)
    assert found["promise"] == wallet.PROMISE
    assert found["ratio"] > 0
    assert cost["unit"] == "us of processor each"
    text, places = json.loads((place.home / wallet.SELECT).read_text())
    assert "FROM balance" in text
    assert {"bucket", "account"} <= set(places)


def test_redemptions_are_compared_with_their_own_statements(place, merchant):
    """In pgbench happens what a redemption does: every table grows by as many rows as it ran."""
    text = redeem.script(asyncio.run(redeem.statements(place)), merchant, CITIZENS)
    assert "redeem_hold(" in text.splitlines()[-1], "one statement, so a transaction by itself"
    with psycopg.connect(place.url, autocommit=True) as connection:
        before = rows(connection)
        per_s = redeem.pgbench(place, text, connections=2, seconds=1)
        after = rows(connection)
    assert per_s > 0
    made = {after[table] - before[table] for table in before}
    assert len(made) == 1, "a request, a redemption and a unit of stock each"
    assert made.pop() > 0


def rows(connection) -> dict[str, int]:
    asked = {
        "request": "SELECT count(*) FROM request",
        "redemption": "SELECT count(*) FROM redemption",
        "stock": "SELECT (sum(initial) - sum(remaining))::bigint FROM offer_stock",
        "held": "SELECT sum(held)::bigint FROM balance",
    }
    return {name: connection.execute(text).fetchone()[0] or 0 for name, text in asked.items()}


def test_an_open_loop_sends_every_kind(place, merchant, port, ask):
    """Wallets, redemptions, scans and batches are answered as they should be, none with an error."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        link_copies(
            connection, template=place.template, numbers=range(CITIZENS), key=place.keys.subject
        )
    traffic = openloop.Traffic(place, merchant, CITIZENS)
    traffic.coupons = openloop.coupons(ask, port, traffic, 5)
    planned = [(at / 50, kind, traffic.of(kind)) for at, kind in enumerate(openloop.MIX)]
    lines = openloop.told(50, ask.open_loop(port, planned, 4))
    assert {line["kind"] for line in lines} == set(openloop.MIX)
    assert [line for line in lines if line["errors"]] == []


def test_a_grown_city_is_like_a_credited_one(place, merchant):
    """Every account of a grown city has what a credit leaves, and credits go on."""
    city = growth.City(place)
    city.accounts = CITIZENS  # those have balances, and cards, already
    city.linked |= set(range(CITIZENS))
    told = growth.at_size(city, merchant, 2 * CITIZENS, batches=1, seconds=1)
    assert told["batch_ms_median"] > 0
    assert told["wal_bytes_per_event"] > 100
    assert any("reduction" in plan["statement"] for plan in told["plans"])
    with psycopg.connect(place.url) as connection:
        filled = growth.tables(connection, place.template)
    assert {"balance", "entry", "reduction"} <= set(filled)


def test_transfers_are_told_without_the_other_side(place):
    """Where django-hordak cannot be had, ours is measured and the reason stands beside it."""
    hordak_sizes = hordak.PROCESSES, hordak.SIZES
    hordak.PROCESSES, hordak.SIZES = (1,), (1, 10)
    try:
        found = hordak.measure(place, None, "no registry", seconds=0.2, rounds=1)
    finally:
        hordak.PROCESSES, hordak.SIZES = hordak_sizes
    assert [each.told()["ours"] > 0 for each in found] == [True, True]
    assert {each.note for each in found} == {"no registry"}


def test_a_closed_day_is_compared_with_its_lines(place, merchant):
    """Both sides leave every line of the day, small or large; nothing of a round is in the next."""
    asyncio.run(settle.sell(place, merchant))
    found = settle.measure(place, merchants=3, sales=4, rounds=1)
    assert [each.told()["ratio"] > 0 for each in found] == [True, True]
    assert settle.written(place) == 3 * settle.MORE * 4 + 1
    with psycopg.connect(place.url) as connection:
        row = connection.execute("SELECT count(*), sum(lines)::int FROM settlement").fetchone()
        assert row == (3 * settle.MORE + 1, 3 * settle.MORE * 4 + 1)
        with pytest.raises(psycopg.errors.RestrictViolation):  # the books are closed again
            connection.execute("DELETE FROM settlement_line")


def test_one_command_runs_them(tmp_path):
    """`make bench` runs a program in a process of its own, and describes the machine."""
    path = tmp_path / "bench.json"
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.bench", "--quick", "--only", "quantify", "--json", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(path.read_text())
    assert told["machine"]["cores"] >= 1
    assert told["programs"][0]["figures"][0]["ratio"] > 1, "explaining takes longer"


def test_every_program_is_run():
    """A program that is added is also named, or it would never be measured."""
    named = {path.stem for path in (ROOT / "loadtests").glob("*.py") if runs(path.read_text())}
    assert named - {"bench"} <= set(bench.PROGRAMS)


def runs(text: str) -> bool:
    return "\ndef main(" in text
