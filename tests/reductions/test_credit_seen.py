"""What was credited before is found again, and quickly; what cannot be true is not credited."""

from datetime import timedelta
from uuid import UUID

import pytest

from app import columns
from app.intake import providers
from app.intake.evidence import act_id
from app.reductions import quantify, recent, seen
from tests import city
from tests.city import MORNING, ride


async def test_a_record_of_before_is_not_credited_again(tx):
    """Acts that have ids of their own are found by the digest that was kept of their number."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    first = await city.one(tx, ride("new"))
    provider = (await providers.by_code(tx, code="bikes")).id
    digest = act_id(city.SUBJECT_KEY, provider_id=provider, ref="old")
    await tx.execute("SET LOCAL ROLE NONE")
    await tx.execute(
        "INSERT INTO natural_key VALUES (%s, %s, %s, '2026-02-28')",
        (digest, anna.account_id, first.reduction_id),
    )
    await tx.execute("SET LOCAL ROLE puhui_app")

    again = await city.one(tx, ride("old", start=MORNING + timedelta(hours=5)))

    assert (again.verdict, again.grams, again.reduction_id) == (
        "duplicate",
        180,
        first.reduction_id,
    )


async def test_an_act_too_large_to_be_true_is_held(tx, monkeypatch):
    """Two thousand tonnes fit no row and no belief: a person looks first, and the batch goes on."""
    await city.programme(tx)
    await city.citizen(tx)
    monkeypatch.setattr(quantify, "LARGEST", 100)

    outcome = await city.one(tx, ride())

    assert (outcome.verdict, outcome.reason) == ("held", "too_large")


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (recent._RECENT, "reduction_days"),
        (seen._EARLIER, "reduction_pkey"),
    ],
)
async def test_what_a_batch_asks_is_answered_by_an_index(tx, sql, index):
    """A table of a million acts is never walked through for a batch."""
    await city.programme(tx)
    await tx.execute("SET LOCAL enable_seqscan = off")
    empty = {
        "places": columns.int4s([0]),
        "accounts": columns.int8s([1025]),
        "first": columns.dates([MORNING.date()]),
        "last": columns.dates([MORNING.date()]),
        "versions": columns.int2s([1]),
        "scopes": columns.int2s([1]),
        "starts": columns.moments([MORNING]),
        "ends": columns.moments([MORNING]),
        "ids": columns.uuids([UUID(int=1)]),
    }
    plan = "\n".join([row[0] async for row in await tx.execute(f"EXPLAIN {sql}", empty)])
    assert index in plan, plan
    assert "Seq Scan on reduction" not in plan


async def test_a_number_that_stands_twice_is_judged_line_by_line(tx):
    """The first line overlaps an act of before; the second, at another time, does not."""
    await city.programme(tx)
    await city.citizen(tx)
    await city.one(tx, ride("first"))

    delivery = await city.send(tx, ride("twice"), ride("twice", start=MORNING + timedelta(hours=3)))

    assert [each.reason for each in delivery.outcomes] == ["overlap", None]
