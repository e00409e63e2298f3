"""What is shipped: conformance, worked examples to the gram, and the conformance rules."""

import json
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import methodologies as package
from methodologies import registry
from methodologies.conformance import RULES, check, report, tier
from methodologies.contract import Context, Quantification, Step, Vector
from methodologies.documents import load_text
from methodologies.language.tokens import RESERVED
from methodologies.replay import Evidence, inputs_from_json, inputs_to_json
from methodologies.trials import context_of, evidence_of, factors_of
from tests.methodologies.given import SMALL, methodologies, packs, small
from tests.methodologies.test_contract import PLUGIN

PACKAGE = Path(package.__file__).parent
VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["vectors"]
REST: dict[str, dict[str, str]] = {
    "transit_rail": {"entry_station": "A", "exit_station": "B", "duration_min": "30"},
    "transit_bus": {"duration_min": "30", "minutes_since_same_line": "500000"},
    "bike_ride": {"duration_min": "15"},
    "ebike_ride": {"duration_min": "15"},
    "ev_charge": {"duration_min": "60"},
    "home_elec_daily": {
        "prior_90_day_mean_kwh": "0",
        "prior_5_day_max_kwh": "1000",
        "year_balance_kwh": "0",
    },
    "home_elec_hist": {"appliance_kwh": "0"},
}
"""What the reference leaves out because only verification or history reads it."""
KEYS = {
    "secondhand": {"model": "iphone-14-pro-max"},
    "green_product": {"sku": "recycled-office-paper"},
}
CARDS = sorted({vector["id"].split(".")[0] for vector in VECTORS})


@pytest.mark.parametrize("name", sorted(methodologies()))
def test_a_shipped_methodology_has_no_findings(name: str) -> None:
    """What ships passes every rule an upload must pass."""
    assert check(methodologies()[name]) == []


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_the_domain_reference_is_met_to_the_gram(vector: dict[str, Any]) -> None:
    """The published worked examples come out exactly, with their factors and with the pack's."""
    name = vector["id"].split(".")[0]
    methodology = methodologies()[name]
    manifest = methodology.manifest
    given = {**REST.get(name, {}), "days_late": "0", **vector["inputs"]}
    day = date.fromisoformat(given.pop("occurred_on", "2026-07-15"))
    region = given.get("grid_region")
    texts = {k: ",".join(v) if isinstance(v, list) else v for k, v in given.items()}
    texts = {k: v for k, v in texts.items() if k in manifest.inputs}
    evidence = evidence_of(Vector("", texts, {}, {}), manifest)
    values = {k: Decimal(v) for k, v in vector["factors"].items()}
    values |= {n.name: n.maximum or Decimal(1) for n in manifest.factors if n.name not in values}
    chosen = [factors_of(manifest, values)]
    pack = packs()[vector["pack"]]
    if pack.enabled:
        keys = KEYS.get(name, {})
        chosen.append(
            pack.resolve(manifest.factors, occurred_on=day, grid_region=region, keys=keys)
        )
    for factors in chosen:
        found = methodology.quantify(evidence, Context(day, factors))
        assert found.unrounded_kg == Decimal(vector["er_kg_exact"])
        assert found.grams == vector["er_g"]


def test_every_card_is_a_document() -> None:
    """The 21 cards, and what can be said honestly beyond them."""
    assert len(CARDS) == 21
    assert set(CARDS) <= methodologies().keys()
    assert len(methodologies()) == 40


@pytest.mark.parametrize("name", sorted(methodologies()))
def test_a_second_implementation_agrees(name: str) -> None:
    """What ships is gold: exact fractions come to the same grams on every worked example."""
    found = report(methodologies()[name], random_acts=50)
    assert found.disagreements == ()
    assert tier(found) == "gold"


@pytest.mark.parametrize("name", sorted(methodologies()))
def test_a_record_is_read_kept_and_read_back(name: str) -> None:
    """Every worked example survives as a stored reduction, lists and history included."""
    methodology = methodologies()[name]
    manifest = methodology.manifest
    for vector in methodology.vectors:
        evidence = evidence_of(vector, manifest)
        moment = datetime(2026, 1, 2, tzinfo=UTC)
        kept = Evidence.of({}, date(2026, 1, 2), moment, moment, 0, 0, {})
        kept.update({n: evidence.get(n, Decimal(0)) for n in manifest.inputs})
        again = inputs_from_json(inputs_to_json(kept, manifest), manifest)
        context = context_of(vector, manifest)
        assert methodology.quantify(again, context) == methodology.quantify(evidence, context)


def findings(text: str) -> set[str]:
    """The rules a document breaks."""
    return {finding.rule for finding in check(load_text(text), random_acts=20)}


VECTOR = """
vectors:
  - name: one
    given: {x: 2, y: 1, w: 0, c: A, d: B}
    factors: {f: 0.5}
    expect: {status: quantified, kg: 1, grams: 1000}
  - name: none
    given: {x: 0, y: 1, w: 0, c: A, d: B}
    factors: {f: 0.5}
    expect: {status: not_applicable, because: not_so}
"""


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("grams: 1000", "grams: 1001", "vectors_pass"),
        ("kg: 1,", "kg: 2,", "vectors_pass"),
        ("because: not_so}\n", "because: else}\n", "vectors_pass"),
        ("{x: 0,", "{x: 3,", "every_branch_has_a_vector"),
        ("{f: 0.5}", "{g: 0.5}", "names_agree"),
        ("{x: 2,", "{x: 2, z: 1,", "names_agree"),
        ("{x: 2,", "{x: two,", "names_agree"),
        ("largest_act: 9000000", "largest_act: 8999999", "largest_act_holds"),
        ("largest_act: 9000000 gCO2e\n", "", "largest_act_holds"),
        ("max: 9000, because", "max: 8999, because", "largest_act_holds"),
        ("FORMULA", "x * f - y * f", "caps_are_obeyed"),
        ("FORMULA", "x * f * y / y", "largest_act_holds"),
        ("kg: 1,", "tonnes: 1,", "names_agree"),
        ("status: quantified,", "", "names_agree"),
        ("FORMULA", "if y > 5 [km] then y * f else x * f", "every_branch_has_a_vector"),
    ],
)
def test_a_flaw_breaks_its_rule(old: str, new: str, rule: str) -> None:
    """Each rule of the suite bites on the flaw it is there for."""
    text = SMALL + VECTOR
    good = text.replace("FORMULA", "x * f").replace("RULE", "x > 0 [km]")
    assert findings(good) == set()
    flawed = text.replace(old, new, 1)
    flawed = flawed.replace("FORMULA", "x * f").replace("RULE", "x > 0 [km]")
    assert rule in findings(flawed)


def test_a_document_without_examples_is_not_ready() -> None:
    """No worked example, no conformance."""
    assert {f.rule for f in check(small(), random_acts=5)} >= {"vectors_pass"}


def test_a_plugin_goes_through_the_same_suite() -> None:
    """Code plug-ins have no privileges: the one without examples is told so."""
    broken = {finding.rule for finding in check(PLUGIN, random_acts=20)}
    assert "vectors_pass" in broken
    assert broken <= RULES.keys()


class Liar:
    """A methodology that answers as it likes."""

    def __init__(self, *, says: Quantification, explains: Quantification) -> None:
        self.manifest = BIKE.manifest
        self.vectors = BIKE.vectors
        self.answers = says, explains

    def quantify(self, *_: Any) -> Quantification:
        """What it says."""
        return self.answers[0]

    def explain(self, *_: Any) -> tuple[Quantification, tuple[Step, ...]]:
        """What it says when asked why."""
        return self.answers[1], ()


BIKE = methodologies()["bike_ride"]
HELD = Quantification.held("x")


@pytest.mark.parametrize(
    ("says", "explains", "rule"),
    [
        (Quantification.of(Decimal(1)), HELD, "explanation_agrees"),
        (Quantification("quantified", -1), HELD, "never_negative"),
        (Quantification("held", 5), HELD, "never_negative"),
        (Quantification.of(Decimal(1)), HELD, "caps_are_obeyed"),
        (Quantification.of(Decimal(1), {"counted_km": Decimal(4)}), HELD, "caps_are_obeyed"),
        (HELD, HELD, "every_branch_has_a_vector"),
    ],
)
def test_a_liar_is_found_out(says: Quantification, explains: Quantification, rule: str) -> None:
    """A plug-in that contradicts itself, goes negative or ignores a limit is told so."""
    liar = Liar(says=says, explains=explains)
    assert rule in {finding.rule for finding in check(liar, random_acts=5)}


def test_two_of_one_name_and_version_stop_the_process() -> None:
    """A methodology found twice is an error, not a choice."""
    found = list(methodologies().values())
    with pytest.raises(registry.RegistryError, match="twice"):
        registry.unique([*found, found[0]])


def test_versions_are_ordered_as_numbers() -> None:
    """1.10.0 comes after 1.9.0."""
    old = small(**{"version: 1.0.0": "version: 1.9.0"})
    new = small(**{"version: 1.0.0": "version: 1.10.0"})
    versions = [found.manifest.version for found in registry.unique([new, old])]
    assert versions == ["1.9.0", "1.10.0"]


@pytest.mark.parametrize("name", sorted(methodologies()))
def test_each_methodology_has_a_page(name: str) -> None:
    """Beside each document stands a page that names its rules."""
    page = (PACKAGE / name / "README.md").read_text()
    manifest = methodologies()[name].manifest
    for rule in (*manifest.applicable_if, *manifest.verification, *manifest.caps):
        assert rule.because in page


def test_the_readme_tells_every_reason_and_every_reserved_word() -> None:
    """What a provider or an author may meet is written down."""
    page = (PACKAGE / "README.md").read_text()
    source = (PACKAGE / "evidence.py").read_text() + (PACKAGE / "reading.py").read_text()
    for reason in set(re.findall(r'EvidenceError\(\s*"([a-z_]+)"', source)):
        assert f"`{reason}`" in page
    for rule in RULES:
        assert f"`{rule}`" in page
    for word in RESERVED:
        assert f"`{word}`" in page
