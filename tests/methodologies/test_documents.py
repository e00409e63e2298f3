"""Documents: strict loading, canonical form, semantics, and both forms on every act."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methodologies.contract import Context, Methodology
from methodologies.documents import DocumentError, from_canonical, load_text
from methodologies.explanation import sentence
from methodologies.trials import factors_of
from tests.methodologies.given import ACT_DAY, SMALL, UNSAID, methodologies, packs, small

BROKEN = {
    "an unknown key": ("result: kg", "result: kg\nresults: kg"),
    "a misspelt key": ("late_evidence_days", "late_evidence_day"),
    "an unknown nested key": ("label: {zh: 因子, en: f}", "label: {zh: 因子, en: f, de: f}"),
    "a duplicate key": ("result: kg", "result: kg\nresult: kg"),
    "a duplicate nested key": ("unit: km, min: 0,", "unit: km, unit: m, min: 0,"),
    "an anchor": ("result: kg", "result: &a kg"),
    "an alias": ("result: kg", "result: *a"),
    "a tag": ("result: kg", "result: !!str kg"),
    "a foreign tag": ("result: kg", "result: !python/object:os.system kg"),
    "a merge key": ("result: kg", "result: kg\n<<: {a: b}"),
    "a directive": ("language: 1", "%YAML 1.1\n---\nlanguage: 1"),
    "a second document": ("result: kg", "result: kg\n---\nresult: kg"),
    "a missing label": ("label: {zh: 甲, en: x}", "label: {zh: 甲}"),
    "an empty value": ("result: kg", "result:"),
    "a number that is none": ("max: 9,", "max: nine,"),
    "a number with an exponent": ("max: 9,", "max: 9e9,"),
    "an unknown unit": ("unit: kgCO2e/km", "unit: kgCO2/km"),
    "a term in the wrong unit": ("unit: kgCO2e, label", "unit: km, label"),
    "a result in grams": ("unit: kgCO2e, label", "unit: gCO2e, label"),
    "an unknown name in a formula": ("x * f", "x * g"),
    "units that do not fit": ("x * f", "x + f"),
    "a rule that is no condition": ("x >= 0 [km]", "x"),
    "an unknown result": ("result: kg", "result: kilos"),
    "a cap on nothing": ("count: kg,", "count: tonnes,"),
    "a cap per planet": ("per: citizen", "per: planet"),
    "an unknown window": ("window: day", "window: week"),
    "a name of the language": ("  y: {", "  min: {"),
    "a name twice": ("  f: {", "  x: {"),
    "a version that is none": ("version: 1.0.0", "version: 1.0"),
    "another language": ("language: 1", "language: 2"),
    "an optional instant": ("required: [at]", "required: [x]"),
    "a required stranger": ("required: [at]", "required: [at, nothing]"),
    "a sentence with an unknown slot": ('"{grams} g"', '"{tonnes} g"'),
    "an open brace": ('"{grams} g"', '"{grams g"'),
    "another rounding": ("mode: floor", "mode: nearest"),
    "bounds the wrong way": ("min: 0, max: 9,", "min: 10, max: 9,"),
    "an implicit boolean": ("poolable: yes", "poolable: true"),
    "a lifecycle state": ("result: kg", "result: kg\nstatus: active"),
    "not YAML": ("result: kg", "result: [kg"),
    "a control character": ("result: kg", "result: k\x07g"),
    "a list": ("language: 1", "- language: 1"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_document_with_a_mistake_is_refused(name: str) -> None:
    """Nothing misspelt, missing or unknown is ever ignored; the error is the declared one."""
    old, new = BROKEN[name]
    text = SMALL.replace("FORMULA", "x * f").replace("RULE", "x >= 0 [km]")
    assert old in text
    load_text(text)
    with pytest.raises(DocumentError):
        load_text(text.replace(old, new, 1))


def test_an_error_says_where() -> None:
    """An officer's editor can put the cursor on the mistake, in a formula too."""
    text = SMALL.replace("RULE", "x >= 0 [km]").replace("FORMULA", "x * nowhere")
    with pytest.raises(DocumentError, match="unknown name 'nowhere'") as refused:
        load_text(text)
    line = text.splitlines()[refused.value.line - 1]
    assert line[refused.value.column - 1 :].startswith("nowhere")
    with pytest.raises(DocumentError) as refused:
        load_text(text.replace("result: kg", "resultt: kg"))
    assert refused.value.line > 0


@pytest.mark.parametrize("nested", ["[", "{", "- ", "? ", "a: {"])
def test_depth_and_size_are_bounded(nested: str) -> None:
    """A document cannot exhaust the stack or the memory."""
    for text in (nested * 50_000, "a: " + nested * 20_000, "x" * 300_000):
        with pytest.raises(DocumentError):
            load_text(text)


@given(st.text(max_size=300))
@settings(max_examples=400, deadline=None)
def test_garbage_is_refused_by_name(text: str) -> None:
    """No text makes the loader fail in any other way than DocumentError."""
    with pytest.raises(DocumentError):
        load_text(text)


@pytest.mark.parametrize("name", sorted(methodologies()))
def test_a_document_survives_the_database(name: str) -> None:
    """Rebuilt from its canonical JSON, keys in any order, it has the same hash and terms."""
    manifest = methodologies()[name].manifest
    mixed = json.dumps(json.loads(manifest.canonical_json), indent=1)
    again = from_canonical(mixed).manifest
    assert again.content_hash == manifest.content_hash
    assert again.terms == manifest.terms
    assert list(again.inputs) == list(manifest.inputs)


def test_layout_is_not_content() -> None:
    """Comments and white space leave the hash alone; one digit does not."""
    text = SMALL.replace("FORMULA", "x * f").replace("RULE", "x >= 0 [km]")
    one = load_text(text).manifest.content_hash
    assert (
        load_text("# a remark\n" + text.replace("max: 9,", "max:   9,")).manifest.content_hash
        == one
    )
    assert load_text(text.replace("max: 9,", "max: 8,")).manifest.content_hash != one


@pytest.mark.parametrize(
    "stored",
    ["", "[]", "{", '{"language": 1}', '{"a": "1", "a": "2"}', "{}", "[" * 100_000, '{"a": [[]]}'],
)
def test_a_stored_text_that_is_no_document_is_refused(stored: str) -> None:
    """The database is not trusted more than an upload."""
    with pytest.raises(DocumentError):
        from_canonical(stored)


def act(**changes: Any) -> dict[str, Any]:
    """One act of the small document."""
    numbers = {"x": Decimal(4), "y": Decimal(2), "w": Decimal(500)}
    return {**numbers, "c": "A", "d": "B"} | changes


def day(document: Methodology, value: str = "0.5", **more: Any) -> Context:
    """A day with one factor."""
    return Context(ACT_DAY, factors_of(document.manifest, {"f": Decimal(value)}), **more)


def test_rules_come_before_terms() -> None:
    """An act that is not applicable is not computed, so it cannot fail either."""
    document = small(formula="x * f / (y - y) * 1 [km]", rule="x < 1 [km]")
    assert document.quantify(act(), day(document)).reason_code == "not_so"
    document = small(formula="x * f / (y - y) * 1 [km]")
    found = document.quantify(act(), day(document))
    assert (found.status, found.reason_code) == ("error", "arithmetic")
    assert document.explain(act(), day(document))[0] == found


def test_a_code_is_only_compared() -> None:
    """Codes decide, and choose between numbers."""
    document = small(formula="if c == d then x * f else y * f")
    assert document.quantify(act(), day(document)).grams == 1000
    assert document.quantify(act(d="A"), day(document)).grams == 2000


def test_a_limit_cuts_the_term_and_what_follows_from_it() -> None:
    """What a window still allows is a step of the explanation, and the grams obey it."""
    bike = methodologies()["bike_ride"]
    factors = packs()["CN"].resolve(bike.manifest.factors, occurred_on=ACT_DAY)
    evidence = {
        "distance_km": Decimal(8),
        "duration_min": Decimal(40),
        "days_late": Decimal(0),
    } | UNSAID
    context = Context(ACT_DAY, factors, {"counted_km": Decimal(5)})
    found, steps = bike.explain(evidence, context)
    assert found == bike.quantify(evidence, context)
    assert (found.grams, found.counts) == (243, {"counted_km": Decimal(5)})
    cut = next(step for step in steps if step.kind == "cap")
    assert (cut.name, cut.value, cut.provenance) == (
        "counted_km",
        "5",
        {"before_cap": "8", "allowed": "5"},
    )
    generous = Context(ACT_DAY, factors, {"counted_km": Decimal(50)})
    assert bike.quantify(evidence, generous).grams == 389
    assert all(step.kind != "cap" for step in bike.explain(evidence, generous)[1])


@pytest.mark.parametrize("name", ["reduction_kg", "distance_km", "acts", "nothing"])
def test_a_limit_on_anything_else_is_an_error(name: str) -> None:
    """The platform cannot cut what the methodology did not declare as capped."""
    bike = methodologies()["bike_ride"]
    factors = packs()["CN"].resolve(bike.manifest.factors, occurred_on=ACT_DAY)
    evidence = {
        "distance_km": Decimal(8),
        "duration_min": Decimal(40),
        "days_late": Decimal(0),
    } | UNSAID
    context = Context(ACT_DAY, factors, {name: Decimal(5)})
    found = bike.quantify(evidence, context)
    assert (found.status, found.grams) == ("error", 0)
    assert bike.explain(evidence, context)[0] == found


def test_an_officer_may_waive_a_hold_but_no_rejection() -> None:
    """A waived reason lets the act through; a late record stays rejected."""
    bike = methodologies()["bike_ride"]
    factors = packs()["CN"].resolve(bike.manifest.factors, occurred_on=ACT_DAY)
    fast = {
        "distance_km": Decimal(10),
        "duration_min": Decimal(10),
        "days_late": Decimal(0),
    } | UNSAID
    waived = Context(ACT_DAY, factors, waived=frozenset({"too_fast", "too_late", "too_short"}))
    assert bike.quantify(fast, Context(ACT_DAY, factors)).status == "held"
    found, steps = bike.explain(fast, waived)
    assert found == bike.quantify(fast, waived)
    assert found.grams == 487
    assert next(step.value for step in steps if step.name == "too_fast") == "waived"
    assert bike.quantify(fast | {"days_late": Decimal(31)}, waived).status == "rejected"
    assert bike.quantify(fast | {"distance_km": Decimal(0)}, waived).status == "not_applicable"


def test_what_is_missing_is_an_error() -> None:
    """An input or a factor that is not there holds the act and is never taken for zero."""
    document = small()
    for evidence, context in (({}, day(document)), (act(), Context(ACT_DAY, {}))):
        found = document.quantify(evidence, context)
        assert (found.status, found.reason_code) == ("error", "incomplete")
        assert document.explain(evidence, context)[0] == found


def test_the_explanation_is_in_order_and_has_sources() -> None:
    """Inputs, factors with their source, parameters, rules, terms, rounding."""
    rail = methodologies()["transit_rail"]
    factors = packs()["CN"].resolve(rail.manifest.factors, occurred_on=ACT_DAY)
    evidence = {
        "entry_station": "A",
        "exit_station": "B",
        "distance_km": Decimal("12.40"),
        "duration_min": Decimal(31),
        "days_late": Decimal(1),
    }
    found, steps = rail.explain(evidence, Context(ACT_DAY, factors))
    kinds = list(dict.fromkeys(step.kind for step in steps))
    assert kinds == ["input", "factor", "parameter", "rule", "term", "rounding"]
    source = next(step.provenance for step in steps if step.kind == "factor")
    assert source is not None
    assert source["issuer"] == "深圳市生态环境局"
    assert steps[-1].value == "579" == str(found.grams)
    told = sentence(rail.manifest, steps)
    assert told["en"].startswith("You rode 12.4 km by metro and saved 579 g")
    assert "12.4 公里" in told["zh"]


bounded = st.decimals(0, 250, places=3)


@given(bounded, bounded, st.integers(0, 40), st.decimals(0, "0.5", places=6), st.none() | bounded)
@settings(max_examples=300, deadline=None)
def test_quantify_is_what_explain_says(
    km: Decimal, minutes: Decimal, late: int, factor: Decimal, left: Decimal | None
) -> None:
    """On every ride, believed or not, limited or not, both forms agree to the digit."""
    bike = methodologies()["bike_ride"]
    evidence = {"distance_km": km, "duration_min": minutes, "days_late": Decimal(late)} | UNSAID
    factors = factors_of(bike.manifest, {"bike_net_kg_per_km": factor})
    context = Context(ACT_DAY, factors, {} if left is None else {"counted_km": left})
    found = bike.quantify(evidence, context)
    explained, steps = bike.explain(evidence, context)
    assert explained == found
    assert found.grams >= 0
    if found.status == "quantified":
        assert found.counts["counted_km"] <= min(km, Decimal(20), left or Decimal(20))
        assert steps[-1].value == str(found.grams)
    else:
        assert found.grams == 0
        assert found.reason_code
