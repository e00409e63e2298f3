"""Claims, caps, engagements and changes: what a document promises besides its formulas."""

from datetime import UTC, datetime
from typing import Any

import pytest

from methodologies.claims import ClaimKey, claimed, months_later
from methodologies.contract import Context
from methodologies.documents import DocumentError, load_text
from methodologies.evidence import reader_for
from methodologies.trials import acts_of
from tests.methodologies.given import ACT_DAY, SHANGHAI, SMALL, methodologies

NOW = datetime(2026, 6, 30, tzinfo=UTC)
PHONE = {
    "ended_at": "2026-01-31T12:00:00+08:00",
    "model_known": "no",
    "condition_share": "0.9",
    "age_months": 4,
    "price_used_cny": 100,
    "price_new_cny": 200,
    "order_no": "T-9",
    "line_no": "2",
    "role": "seller",
    "serial_hash": "s-1",
}
GOOD = SMALL.replace("FORMULA", "x * f").replace("RULE", "x >= 0 [km]")
ENGAGED = [name for name, found in methodologies().items() if found.manifest.engagement]


def keys(name: str, record: dict[str, Any], provider: str = "shop") -> tuple[ClaimKey, ...]:
    """What a record claims."""
    manifest = methodologies()[name].manifest
    evidence = reader_for(manifest).read(record, received_at=NOW, zone=SHANGHAI)
    return claimed(manifest, evidence, provider=provider)


def test_an_order_is_claimed_for_ever_and_by_role() -> None:
    """Seller and buyer of one line live side by side; the serial waits twelve months."""
    order, serial = keys("secondhand", PHONE)
    assert order == ClaimKey("order", ("shop", "T-9"), "goods/2/seller", None)
    assert keys("secondhand", PHONE | {"role": "buyer"})[0].facet == "goods/2/buyer"
    assert keys("secondhand", PHONE, provider="other")[0] != order
    assert serial.subject == ("s-1",)
    assert serial.during is not None
    assert [moment.isoformat() for moment in serial.during] == [
        "2026-01-31T12:00:00+08:00",
        "2027-01-31T12:00:00+08:00",
    ]


def test_a_ride_claims_the_traveller_and_its_order_if_it_has_one() -> None:
    """A claim that says `if_absent: none` is silent where the record names nobody."""
    ride = {
        "started_at": "2026-05-01T08:00:00+08:00",
        "ended_at": "2026-05-01T08:15:00+08:00",
        "distance_km": "3.7",
    }
    (traveller,) = keys("bike_ride", ride)
    assert (traveller.scope, traveller.subject) == ("traveller", ("citizen",))
    both = keys("bike_ride", ride | {"order_no": "A-1", "operator_id": "op"})
    assert both[1] == ClaimKey("order", ("op", "A-1"), "trip", None)


@pytest.mark.parametrize(
    ("moment", "months", "later"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2026-08-31", 18, "2028-02-29"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-03-31", 1, "2026-04-30"),
    ],
)
def test_months_end_where_months_end(moment: str, months: int, later: str) -> None:
    """A month has no 31st where there is none."""
    found = months_later(datetime.fromisoformat(moment), months)
    assert found.date().isoformat() == later


@pytest.mark.parametrize("name", ENGAGED)
def test_an_engagement_never_has_grams(name: str) -> None:
    """Steps, sign-ins and pictures are counted and never weighed."""
    document = methodologies()[name]
    assert len(ENGAGED) == 13
    assert document.manifest.result == ""
    assert not document.manifest.evidence.poolable
    for evidence, context in acts_of(document, 200):
        found = document.quantify(evidence, context)
        assert found.grams == 0 == found.unrounded_kg
        assert document.explain(evidence, context)[0] == found
    assert document.manifest.engagement is not None
    assert document.manifest.engagement.budget == "engagement"


PLAY = (
    GOOD.replace("rounding: {to: 1 gCO2e, mode: floor, below_zero: zero}\n", "")
    .replace("largest_act: 9000000 gCO2e\n", "")
    .replace("result: kg", "result: none\nengagement: {budget: engagement, count: acts}")
    .replace("poolable: yes", "poolable: no")
    .replace("tier: A", "tier: D")
)


def test_an_engagement_cannot_be_given_grams() -> None:
    """Factors, CO2e, pooling, a rounding or another budget are refused in an engagement."""
    start, end = PLAY.index("factors:"), PLAY.index("result:")
    good = PLAY[:start] + PLAY[end:].replace("count: kg,", "count: acts,")
    document = load_text(good)
    assert document.quantify({}, Context(ACT_DAY, {})).poolable is False
    for bad in (
        good.replace(
            "result: none",
            "factors:\n  f: {unit: kgCO2e/km, min: 0, max: 9, "
            "choose_by: [pack, date], label: {zh: 因, en: f}}\nresult: none",
        ),
        good.replace(
            "result: none",
            'terms:\n  kg: {formula: "x * 1 [kgCO2e/km]", unit: kgCO2e, '
            "label: {zh: 因, en: kg}}\nresult: none",
        ).replace("count: acts}", "count: kg}"),
        good.replace("budget: engagement", "budget: reductions"),
        good.replace("poolable: no", "poolable: yes"),
        good.replace("result: none", "result: kg"),
        good.replace("count: acts}", "count: steps}"),
        good + "rounding: {to: 1 gCO2e, mode: floor, below_zero: zero}\n",
    ):
        assert bad != good
        with pytest.raises(DocumentError):
            load_text(bad)


CHANGE = "\nsupersedes: 1.0.0\nkind: factor-update\nchanges: {zh: 新因子, en: a new factor}"
CLAIM = "natural_key: [provider, at]"
BROKEN = {
    "a result of tier D": ("tier: A, poolable: yes", "tier: D, poolable: no"),
    "a poolable tier C": ("tier: A", "tier: C"),
    "half a change": ("version: 1.0.0", "version: 1.0.0\nsupersedes: 0.9.0"),
    "another kind of change": (
        "version: 1.0.0",
        "version: 1.1.0" + CHANGE.replace("factor-update", "fix"),
    ),
    "a guessed year": ("year: 2024", "year: about 2024"),
    "a vague largest act": ("largest_act: 9000000 gCO2e", "largest_act: 9 t"),
    "shares of less than the whole": (CLAIM, CLAIM + "\nshares: {a: 0.5, b: 0.4}"),
    "a cap per vehicle without its name": ("per: citizen", "per: vehicle"),
    "a cap per citizen with a name": ("per: citizen", "per: citizen, subject: c"),
    "a cap on an unknown key": ("per: citizen", "per: key, subject: nobody"),
    "an order for a while": (
        CLAIM,
        CLAIM + "\nclaims: [{scope: order, subject: c, if_absent: none, months: 1}]",
    ),
    "a traveller for ever": (CLAIM, CLAIM + "\nclaims: [{scope: traveller, subject: citizen}]"),
    "a facet with an unknown slot": (
        CLAIM,
        CLAIM + "\nclaims: [{scope: order, subject: c, if_absent: none, facet: '{nobody}'}]",
    ),
    "an unknown issuer": (
        CLAIM,
        CLAIM + "\nclaims: [{scope: order, subject: c, if_absent: none, within: nobody}]",
    ),
    "a kept stranger": (CLAIM, CLAIM + "\nkept_terms: [nobody]"),
    "a list that may be missing": (
        "y: {type: decimal, unit: km, min: 0, max: 1000, places: 3,",
        "y: {type: list, unit: km, min: 0, max: 9, places: 3, min_items: 1, max_items: 2,",
    ),
    "a list too long": (
        "y: {type: decimal, unit: km, min: 0, max: 1000, places: 3,",
        "y: {type: list, unit: km, min: 0, max: 9, places: 3, min_items: 0, max_items: 101,",
    ),
    "a table nobody reads": (
        CLAIM,
        CLAIM + "\ntables: {t: {unit: km, label: {zh: 表, en: t}, values: {a: 1}}}",
    ),
    "an empty table": (
        CLAIM,
        CLAIM + "\ntables: {t: {unit: km, label: {zh: 表, en: t}, values: {}}}",
    ),
    "a choice by a stranger": ("choose_by: [pack, date]", "choose_by: [pack, date, nobody]"),
    "a choice by a secret": ("choose_by: [pack, date]", "choose_by: [pack, date, c]"),
    "an unknown history": (
        CLAIM,
        CLAIM
        + "\nhistory: {h: {kind: horoscope, unit: km, min: 0, max: 1, label: {zh: 史, en: h}}}",
    ),
    "a history of nothing": (
        CLAIM,
        CLAIM
        + "\nhistory: {h: {kind: sum_this_year, of: nothing, unit: km, min: 0, max: 1, label: {zh: 史, en: h}}}",
    ),
    "a history out of its bounds": (
        CLAIM,
        CLAIM
        + "\nhistory: {h: {kind: sum_this_year, of: x, if_none: 5, unit: km, min: 0, max: 1, label: {zh: 史, en: h}}}",
    ),
    "a history of a stranger": (
        CLAIM,
        CLAIM
        + "\nhistory: {h: {kind: sum_this_year, of: x, subject: nobody, unit: km, min: 0, max: 1, label: {zh: 史, en: h}}}",
    ),
    "a tier that is not lower": (
        "tier: A,",
        "tier: B, lower_tiers: [{if: 'x > 1 [km]', tier: A}],",
    ),
    "a branch that pools the unpoolable": (
        "poolable: yes",
        "poolable: no, poolable_if: 'x > 1 [km]'",
    ),
    "a tier that is no condition": ("tier: A,", "tier: A, lower_tiers: [{if: 'x', tier: B}],"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_promise_that_makes_no_sense_is_refused(name: str) -> None:
    """Each new block is as strict as the old ones; the document itself is fine."""
    old, new = BROKEN[name]
    text = GOOD.replace("c: {type: code,", "c: {type: code, personal: sensitive,")
    assert old in text
    load_text(text)
    with pytest.raises(DocumentError):
        load_text(text.replace(old, new, 1))


def test_a_change_says_what_and_why() -> None:
    """A later version names the one before, the kind of change, and the reason in words."""
    text = GOOD.replace("version: 1.0.0", "version: 1.1.0" + CHANGE)
    manifest = load_text(text).manifest
    assert (manifest.supersedes, manifest.kind) == ("1.0.0", "factor-update")
    assert manifest.changes["en"] == "a new factor"
    assert (
        load_text(GOOD.replace("year: 2024", "year: unknown")).manifest.upstream[0]["year"]
        == "unknown"
    )
