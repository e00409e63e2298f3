"""Exported reductions can be computed again from the file alone, and name nobody."""

import json
from datetime import date, timedelta
from decimal import Decimal

from app.reductions import export
from methodologies.canonical import content_hash
from methodologies.contract import Context
from methodologies.documents import from_canonical
from methodologies.packs import pack_from_canonical
from methodologies.replay import inputs_from_json
from tests import city
from tests.city import MORNING, charge, metro, ride
from tests.reductions import erring


async def lines(tx, **wanted):
    """The file, parsed."""
    written = []
    count = await export.export(
        tx, write=written.append, versions=await city.versions(tx), wanted=export.Wanted(**wanted)
    )
    assert all(each.endswith("\n") and "\n" not in each[:-1] for each in written)
    assert count == len(written) - 1
    return [json.loads(each) for each in written]


def recomputed(header, line) -> int:
    """The grams of a line, by nothing but the file and the methodologies package."""
    methodology = from_canonical(header["methodologies"][line["methodology"]])
    pack = pack_from_canonical(header["factor_sets"][line["factor_set"]])
    inputs = inputs_from_json(line["inputs"], methodology.manifest)
    day = date.fromisoformat(line["occurred_on"])
    factors = pack.resolve(
        methodology.manifest.factors, occurred_on=day, grid_region=inputs.get("grid_region")
    )
    limits = {name: Decimal(value) for name, value in line["limits"].items()}
    return methodology.quantify(inputs, Context(day, factors, limits)).grams


async def test_the_file_alone_gives_every_gram_again(tx):
    """Inputs, documents and factors are in it, under the hashes they have."""
    await city.programme(tx)
    await city.citizen(tx)
    long_day = [
        ride(f"r{n}", start=MORNING + timedelta(hours=8 + 2 * n), minutes=60, distance_km="15")
        for n in range(4)
    ]
    await city.send(tx, ride(), metro(start=MORNING + timedelta(hours=1)))
    await city.send(tx, charge(start=MORNING + timedelta(hours=3)), *long_day)

    header, *acts = await lines(tx)

    assert header["format"] == export.FORMAT
    assert len(acts) >= 5
    assert any(act["limits"] for act in acts)
    for part in ("methodologies", "factor_sets"):
        assert all(content_hash(text) == digest for digest, text in header[part].items())
    assert [recomputed(header, act) for act in acts] == [act["grams"] for act in acts]


async def test_a_corrected_reduction_is_exported_as_it_counts(tx):
    """The version that put it right is in the file, and so are its grams."""
    await erring.town(tx, people=2, each=2)
    await erring.carried_out(tx)
    header, *acts = await lines(tx)
    assert [act["grams"] for act in acts] == [90] * 4
    assert [recomputed(header, act) for act in acts] == [90] * 4
    assert len(header["methodologies"]) == 1


async def test_nobody_is_named_and_acts_of_one_person_do_not_stand_together(tx):
    """No account, no card, no moment; lines are in the order of crediting."""
    await city.programme(tx)
    people = [await city.citizen(tx, f"p{n}") for n in range(5)]
    for hour in range(3):
        await city.send(
            tx,
            *(
                ride(f"{n}-{hour}", subject=f"card-p{n}", start=MORNING + timedelta(hours=hour))
                for n in range(5)
            ),
        )
    _, *acts = await lines(tx)
    assert [act["id"] for act in acts] == sorted(act["id"] for act in acts)
    keys = {"id", "methodology", "factor_set", "occurred_on", "inputs", "limits", "grams"}
    assert all(set(act) == keys for act in acts)
    text = json.dumps(acts)
    assert not any(str(person.account_id) in text for person in people)
    assert "card-" not in text
    assert "T08" not in text


async def test_a_part_can_be_exported(tx):
    """By days and by methodology; an empty part is a header."""
    await city.programme(tx)
    await city.citizen(tx)
    await city.send(tx, ride(), metro(start=MORNING + timedelta(hours=1)))
    assert len(await lines(tx, methodology="bike_ride")) == 2
    assert len(await lines(tx, until_on=date(2026, 2, 28))) == 1
    assert len(await lines(tx, from_on=date(2026, 2, 28), until_on=date(2026, 3, 1))) == 3
    assert len(await lines(tx, methodology="flying")) == 1
