"""Evidence is kept as it was sent, found by its act, and erased citizen by citizen."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from app.intake import providers
from app.intake.records import read_batch
from app.reductions import sent
from app.reductions.deliver import deliver
from tests import city
from tests.city import MORNING, NOON, ride


@pytest.fixture
async def two(tx):
    """Anna and Boris with two rides each, delivered in one batch."""
    await city.programme(tx)
    people = [await city.citizen(tx, name) for name in ("anna", "boris")]
    records = [
        ride(f"{name}-{n}", subject=f"card-{name}", start=MORNING + n * timedelta(hours=1))
        for n in range(2)
        for name in ("anna", "boris")
    ]
    outcomes = (await city.send(tx, *records)).outcomes
    assert [each.verdict for each in outcomes] == ["credited"] * 4
    return people, records, outcomes


async def test_a_batch_is_one_row_and_each_act_finds_its_line(tx, two):
    """The record comes back with its number, its data, who sent it and when."""
    (anna, _), records, outcomes = two
    row = await (await tx.execute("SELECT count(*) FROM evidence")).fetchone()
    assert row == (1,)
    mine = await sent.of_account(tx, account_id=anna.account_id)
    found = mine[outcomes[2].reduction_id]
    assert (found.ref, found.methodology, found.data) == (
        "anna-1",
        "bike_ride",
        records[2]["data"],
    )
    assert found.received_at == NOON
    assert {each.ref for each in mine.values()} == {"anna-0", "anna-1"}


async def test_nobody_reads_anothers_evidence(tx, two):
    """An act is looked for among the citizen's own."""
    (_, boris), _, outcomes = two
    theirs = await sent.of_account(tx, account_id=boris.account_id)
    assert outcomes[0].reduction_id not in theirs
    assert len(theirs) == 2


async def test_a_citizen_is_erased_and_the_neighbours_stay(tx, two):
    """Not a byte of the erased lines is left in the block; the others keep their places."""
    (anna, boris), _, _ = two
    assert await sent.erase_account(tx, account_id=anna.account_id) == 2
    assert await sent.of_account(tx, account_id=anna.account_id) == {}
    theirs = await sent.of_account(tx, account_id=boris.account_id)
    assert {each.ref for each in theirs.values()} == {"boris-0", "boris-1"}
    assert await sent.erase_account(tx, account_id=anna.account_id) == 0


async def test_numbers_are_kept_with_every_digit(tx):
    """What came as a JSON number comes back as the same decimal; the bytes are the sender's."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    body = (
        b'{"records": [{"ref": "r", "subject": "card-anna", "methodology": "bike_ride", "data": '
        b'{"started_at": "2026-02-28T08:00:00+08:00", "ended_at": "2026-02-28T08:15:00+08:00", '
        b'"distance_km": 3.70}}]}'
    )
    records, malformed = read_batch(body, records_max=10)
    delivery = await deliver(
        tx,
        provider_id=(await providers.by_code(tx, code="bikes")).id,
        records=records,
        malformed=malformed,
        versions=await city.versions(tx),
        subject_key=city.SUBJECT_KEY,
        now=NOON,
    )
    assert delivery.outcomes[0].verdict == "credited"
    [kept] = (await sent.of_account(tx, account_id=anna.account_id)).values()
    assert kept.data["distance_km"] == Decimal("3.70")
    assert str(kept.data["distance_km"]) == "3.70"


async def test_the_serving_role_changes_evidence_only_by_forgetting(tx, two):
    """A plain UPDATE is refused; the one function cannot be talked into an old state."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with tx.transaction():
            await tx.execute("UPDATE evidence SET body = ''")
    row = await (await tx.execute("SELECT no FROM evidence")).fetchone()
    stale = await (await tx.execute("SELECT forget_evidence(%s, '', 1, 7)", row)).fetchone()
    assert stale == (False,)
