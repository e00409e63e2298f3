"""Exported reductions can be computed again from the file alone, and name nobody."""

import json
from datetime import date, timedelta

from app.reductions import export
from methodologies.canonical import content_hash
from methodologies.recompute import FORMAT, replayed
from tests import city, make
from tests.city import MORNING, charge, metro, ride
from tests.reductions import erring


async def exported(tx, **wanted):
    """The file, line by line; what it holds comes out to the gram without us."""
    lines = []
    count = await export.export(
        tx, write=lines.append, versions=await city.versions(tx), wanted=export.Wanted(**wanted)
    )
    again = replayed(lines)
    assert all(each.endswith("\n") and "\n" not in each[:-1] for each in lines)
    assert (again.clean, again.reductions, count) == (True, count, len(lines) - 1), again.found
    return [json.loads(each) for each in lines]


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

    header, *acts = await exported(tx)

    assert header["format"] == FORMAT
    assert len(acts) >= 5
    assert any(act["limits"] for act in acts)
    for part in ("documents", "factor_sets"):
        assert all(content_hash(text) == digest for digest, text in header[part].items())


async def test_a_corrected_reduction_is_exported_as_it_counts(tx):
    """The version that put it right is in the file, and so are its grams."""
    await erring.town(tx, people=2, each=2)
    await erring.carried_out(tx)
    header, *acts = await exported(tx)
    assert [act["grams"] for act in acts] == ["90"] * 4
    assert len(header["documents"]) == 1


async def test_what_a_correction_refused_is_exported_as_nothing(tx):
    """An act that is none after all stays in the file, at zero grams, and replays to them."""
    await erring.town(tx, people=1, each=2, shortest_km="5")
    await erring.carried_out(tx)
    _, *acts = await exported(tx)
    assert [act["grams"] for act in acts] == ["0"] * 2


async def test_nobody_is_named_and_acts_of_one_person_do_not_stand_together(tx):
    """No account, no card, no moment; lines are in the order of crediting."""
    await city.programme(tx)
    people = [await city.citizen(tx, f"p{n}") for n in range(5)]
    for hour in range(3):
        start = MORNING + timedelta(hours=hour)
        rides = (ride(f"{n}-{hour}", subject=f"card-p{n}", start=start) for n in range(5))
        await city.send(tx, *rides)
    _, *acts = await exported(tx)
    assert [act["id"] for act in acts] == sorted(act["id"] for act in acts)
    keys = {"id", "methodology", "factor_set", "occurred_on", "inputs", "limits", "waived", "grams"}
    assert all(set(act) == keys for act in acts)
    text = json.dumps(acts)
    assert not any(make.names(text, person.account_id) for person in people)
    assert "card-" not in text
    assert "T08" not in text


async def test_a_part_can_be_exported(tx):
    """By days and by methodology; an empty part is a header."""
    await city.programme(tx)
    await city.citizen(tx)
    await city.send(tx, ride(), metro(start=MORNING + timedelta(hours=1)))
    assert len(await exported(tx, methodology="bike_ride")) == 2
    assert len(await exported(tx, until_on=date(2026, 2, 28))) == 1
    assert len(await exported(tx, from_on=date(2026, 2, 28), until_on=date(2026, 3, 1))) == 3
    assert len(await exported(tx, methodology="flying")) == 1


async def test_a_file_is_written_in_one_go(database, tx, tmp_path):
    """The command's way in: a whole file, of one moment."""
    await city.programme(tx)
    await city.citizen(tx)
    await city.send(tx, ride())
    target = tmp_path / "acts.jsonl"
    assert await export.export_file(database, to=target, wanted=export.Wanted()) == 1
    assert replayed(target.read_text().splitlines()).clean
