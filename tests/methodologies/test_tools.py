"""Replay by strangers, the suite for plug-ins, entry points, and the author's tools."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import methodologies as package
from methodologies import authoring
from methodologies.conformance import Finding, Report, conformance_suite, report, tier
from methodologies.contract import Context, Plugin, Quantification
from methodologies.documents import load_document, load_text
from methodologies.evidence import reader_for
from methodologies.purity import impurities
from methodologies.recompute import ExportError, header, line, replay_file, replayed
from methodologies.replay import inputs_to_json
from methodologies.trials import acts_of
from tests.methodologies.given import RECEIVED_AT, RECORDS, SHANGHAI, methodologies, packs
from tests.methodologies.test_contract import PLUGIN

PACKAGE = Path(package.__file__).parent
GRAMS = {"bike_ride": 180, "transit_rail": 579, "ev_charge": 8441}


def export(**wrong: str) -> list[str]:
    """An export of three reductions; ``wrong`` replaces grams by methodology."""
    cn = packs()["CN"]
    lines = [header([methodologies()[name] for name in GRAMS], [cn])]
    for name, grams in GRAMS.items():
        manifest = methodologies()[name].manifest
        evidence = reader_for(manifest).read(RECORDS[name], received_at=RECEIVED_AT, zone=SHANGHAI)
        lines.append(
            line(
                reduction_id=f"r-{name}",
                methodology=manifest.content_hash,
                factor_set=cn.content_hash,
                inputs=inputs_to_json(evidence, manifest),
                limits={},
                waived=(),
                grams=int(wrong.get(name, grams)),
            )
        )
    return lines


def test_an_export_comes_out_to_the_gram() -> None:
    """Documents, factors and inputs are enough; nothing is looked up."""
    found = replayed(export())
    assert (found.reductions, found.agreed, found.grams) == (3, 3, 180 + 579 + 8441)
    assert found.clean


def test_a_limit_and_a_waiver_are_part_of_an_export() -> None:
    """An act that a cap had cut comes out as it was cut."""
    first, bike, *_ = export()
    content = json.loads(bike) | {"limits": {"counted_km": "2"}, "grams": "97"}
    assert replayed([first, json.dumps(content)]).clean
    fast = json.loads(bike) | {"waived": ["too_fast"], "grams": "180"}
    fast["inputs"]["duration_min"] = "5"
    assert replayed([first, json.dumps(fast)]).clean
    assert not replayed([first, json.dumps(fast | {"waived": []})]).clean


def test_what_does_not_come_out_is_told() -> None:
    """A wrong gram, a strange hash, a missing input or a broken line: told, with its number."""
    lines = export(bike_ride="181")
    lines[2] = lines[2].replace(methodologies()["transit_rail"].manifest.content_hash, "0" * 64)
    lines[3] = lines[3].replace('"energy_kwh"', '"energy"')
    found = replayed([*lines, "nonsense", ""])
    assert (found.reductions, found.agreed) == (4, 0)
    assert [each.line for each in found.found] == [2, 3, 4, 5]
    assert (found.found[0].exported, found.found[0].recomputed) == ("181", "180")
    assert not found.clean


@pytest.mark.parametrize("first", ["", "{}", "[]", '{"format": "puhui-replay/1"}', "no"])
def test_a_file_that_is_no_export_is_refused(first: str) -> None:
    """Without its documents an export proves nothing."""
    with pytest.raises(ExportError):
        replayed([first])


def test_a_forged_document_is_found_out() -> None:
    """A document under a hash that is not its own stops the replay."""
    for old, new in (("reduction_kg", "reduction_KG"), ("0.0487", "0.0488")):
        with pytest.raises(ExportError):
            replayed([export()[0].replace(old, new)])


def test_a_stranger_replays_with_this_package_alone(tmp_path: Path) -> None:
    """Copied away, with PyYAML and nothing else on the path, the package still recomputes."""
    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(PACKAGE, tmp_path / "alone" / "methodologies", ignore=skip)
    shutil.copytree(Path(yaml.__file__).parent, tmp_path / "alone" / "yaml", ignore=skip)
    file = tmp_path / "export.jsonl"
    file.write_text("\n".join(export()), encoding="utf-8")
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("\n".join(export(ev_charge="1")), encoding="utf-8")

    def run(*arguments: object) -> Any:
        code = "import runpy, sys; sys.path[:0] = [sys.argv.pop(1)]; "
        code += "runpy.run_module('methodologies', run_name='__main__')"
        command = [sys.executable, "-I", "-S", "-c", code, tmp_path / "alone", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    good = run("replay", file)
    assert (good.returncode, good.stderr) == (0, "")
    assert "3 of 3 reductions agree" in good.stdout
    bad = run("replay", wrong)
    assert bad.returncode == 1
    assert "r-ev_charge: exported 1 g, recomputed 8441" in bad.stdout
    checked = run("check", tmp_path / "alone" / "methodologies" / "bike_ride" / "1.0.0")
    assert (checked.returncode, checked.stdout) == (0, "tier: gold\n")
    assert run("replay", tmp_path / "nothing").returncode == 1
    assert replay_file(file).clean


def run_well(evidence: Any, context: Context, note: Any) -> Quantification:
    """One gram per item."""
    return PLUGIN.run(evidence, context, note)


def run_with_a_clock(evidence: Any, context: Context, note: Any) -> Quantification:
    """Worth more in the afternoon."""
    return Quantification.of(Decimal(datetime.now().hour))  # noqa: DTZ005 - planted


def run_with_chance(evidence: Any, context: Context, note: Any) -> Quantification:
    """Worth what the dice say."""
    return Quantification.of(Decimal(random.random()))


def run_with_a_file(evidence: Any, context: Context, note: Any) -> Quantification:
    """Worth what is written somewhere."""
    return Quantification.of(Decimal(len(open("/etc/hostname").read())))  # noqa: PTH123 - planted


def run_with_a_network(evidence: Any, context: Context, note: Any) -> Quantification:
    """Worth what somebody far away says, and silent about it when nobody answers."""
    try:
        socket.create_connection(("example.invalid", 80), timeout=1)
    except Exception:  # noqa: BLE001 - planted
        return Quantification.of(Decimal(0))
    return Quantification.of(Decimal(time.time()))


@pytest.mark.parametrize(
    ("run", "reached"),
    [
        (run_well, ""),
        (run_with_a_clock, "datetime.now"),
        (run_with_chance, "random.random"),
        (run_with_a_file, "builtins.open"),
        (run_with_a_network, "socket.create_connection"),
    ],
)
def test_code_that_reaches_out_is_found(run: Any, reached: str) -> None:
    """Clock, chance, file and network are told by name, even where the code hides it."""
    found = list(impurities(Plugin(PLUGIN.manifest, run, PLUGIN.vectors)))
    assert [reached in each for each in found] == ([True] if reached else [])
    assert time.time() > 0
    assert datetime.now().year > 2000  # noqa: DTZ005 - the clock is back


TestBike = conformance_suite("tests.methodologies.given:BIKE")


def test_the_suite_names_every_rule() -> None:
    """One line in a test file is one test for each rule."""
    tests = [name for name in vars(TestBike) if name.startswith("test_")]
    assert len(tests) == 11
    assert all(getattr(TestBike, name).__doc__ for name in tests)


def test_a_tier_is_earned() -> None:
    """Nothing wrong and a second opinion is gold; none is silver; flaws cost more."""
    assert tier(Report((), ())) == "gold"
    assert tier(Report((), None)) == "silver"
    assert tier(Report((), ("one: grams is 1, not 2",))) == "silver"
    assert tier(Report((Finding("labels_in_both_languages", "x"),), ())) == "bronze"
    assert tier(Report((Finding("vectors_pass", "x"),), ())) == "none"
    bike = methodologies()["bike_ride"]
    said = report(bike, random_acts=5, second=lambda _: ["they say 181"])
    assert tier(said) == "silver"


PLUGGED = '''
"""A methodology from somebody else."""
from decimal import Decimal
from methodologies.contract import *
ITEMS = {"zh": "件数", "en": "items"}
def run(evidence, context, note):
    kg = EXACT.divide(evidence["items"], Decimal(1000))
    note("reduction_kg", kg, "kgCO2e")
    return Quantification.of(kg)
METHODOLOGY = Plugin(
    Manifest(id="foreign_items", version="1.0.0", title=ITEMS, sentence=ITEMS, largest_act=99,
             evidence=EvidenceSpec("A", True, 90, required=("items",)),
             inputs={"items": InputSpec("items", "integer", ITEMS, "item", Decimal(0), Decimal(99))},
             labels={"items": ITEMS, "reduction_kg": ITEMS}),
    run,
    (Vector("three", {"items": "3"}, {}, {"status": "quantified", "grams": "3"}),),
)
'''


def test_an_installed_package_brings_its_methodology(tmp_path: Path) -> None:
    """An entry point is enough: the registry finds it, and it passes the suite."""
    (tmp_path / "foreign.py").write_text(PLUGGED)
    info = tmp_path / "foreign-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[puhui.methodologies]\nitems = foreign:METHODOLOGY\n")
    code = (
        "from methodologies import conformance, registry\n"
        "found = {m.manifest.id: m for m in registry.shipped()}['foreign_items']\n"
        "print(conformance.check(found), conformance.tier(conformance.report(found)))\n"
    )
    path = os.pathsep.join([str(tmp_path), str(PACKAGE.parent)])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout == "[] silver\n", done.stderr
    twice = (info / "entry_points.txt").read_text() + "again = foreign:METHODOLOGY\n"
    (info / "entry_points.txt").write_text(twice)
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "there twice" in done.stderr


ANSWERS = {
    "id": "stairs",
    "title_zh": "爬楼梯",
    "title_en": "Stairs: up, not down",
    "measured": "climb_m m",
    "factor": "stairs_kg_per_m",
    "source": 'Somebody, "A paper", 2024',
}


def test_six_answers_make_a_document_that_passes() -> None:
    """The draft loads, passes every rule, and even satisfies the second opinion."""
    assert authoring.QUESTIONS.keys() == ANSWERS.keys()
    document = load_text(authoring.new_document(ANSWERS))
    assert document.manifest.title["en"] == "Stairs: up, not down"
    assert document.manifest.upstream[0]["document"] == '"A paper", 2024'
    assert tier(report(document)) == "gold"
    with pytest.raises(ValueError, match="measured"):
        authoring.new_document(ANSWERS | {"measured": "metres"})
    with pytest.raises(KeyError):
        authoring.new_document({})


def test_a_difference_is_told_in_parts_and_grams() -> None:
    """What changed in the text, who gains, who is newly refused, the top movers first."""
    folder = PACKAGE / "bike_ride" / "1.0.0"
    old = load_document(folder)
    text = (folder / "methodology.yaml").read_text(encoding="utf-8")
    new = load_text(
        text.replace("value: 20, unit: km", "value: 10, unit: km").replace(
            "value: 0.5, unit: km", "value: 1, unit: km"
        )
    )
    acts = list(acts_of(old, 0))
    found = authoring.diff(old, new, acts)
    assert found.acts == len(acts)
    parameters = {"parameters.max_ride_km", "parameters.min_ride_km"}
    assert parameters <= set(found.changed)
    assert not {"terms.counted_km", "caps", "id", "version"} & set(found.changed)
    assert found.newly_refused == 1
    assert found.newly_accepted == 0
    assert found.grams_after < found.grams_before
    moves = [abs(each.after - each.before) for each in found.movers]
    assert moves == sorted(moves, reverse=True)
    assert found.differing == len(found.movers)
    assert authoring.diff(old, old, acts).differing == 0


def test_a_bundle_is_one_file_and_always_the_same() -> None:
    """Document, page, hash and report in canonical JSON."""
    folder = PACKAGE / "clothes_recycle" / "1.0.0"
    one, two = authoring.bundle(folder), authoring.bundle(folder)
    assert one == two
    content = json.loads(one)
    assert content["tier"] == "gold"
    assert content["content_hash"] == methodologies()["clothes_recycle"].manifest.content_hash
    assert content["readme"].startswith("# Clothes recycling")
