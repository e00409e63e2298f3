"""Rounding, and methodologies written as code."""

from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methodologies.canonical import plain_number
from methodologies.contract import (
    EXACT,
    Cap,
    Context,
    EvidenceSpec,
    InputSpec,
    Manifest,
    Note,
    Plugin,
    Quantification,
)
from methodologies.pooling import may_be_pooled
from tests.methodologies.given import ACT_DAY, methodologies, packs

kilograms = st.decimals("-1000000", "1000000", places=9)


@given(kilograms)
def test_grams_are_the_floor_and_never_negative(kg: Decimal) -> None:
    """A gram is credited only when it is whole, and nothing is owed."""
    found = Quantification.of(kg)
    exact = int((kg * 1000).to_integral_value(ROUND_FLOOR))
    assert found.grams == max(0, exact)
    assert found.unrounded_kg == kg


@given(kilograms, kilograms)
def test_rounding_never_makes_more_of_the_parts(one: Decimal, other: Decimal) -> None:
    """Splitting an act never earns more than the whole."""
    if one >= 0 and other >= 0:
        whole = Quantification.of(one + other).grams
        assert Quantification.of(one).grams + Quantification.of(other).grams <= whole


def test_a_quotient_a_hair_under_a_gram_is_mended() -> None:
    """10 / 3 x 3 is 9.999... in 34 digits and still ten grams."""
    third = EXACT.divide(Decimal("0.010"), Decimal(3))
    assert Quantification.of(EXACT.multiply(third, Decimal(3))).grams == 10
    assert Quantification.of(Decimal("0.009999999999")).grams == 9


def run(evidence: Any, context: Context, note: Note) -> Quantification:
    """One gram per item; more than nine items are not believed."""
    if evidence["items"] > 9:
        return Quantification.rejected("too_many")
    kg = EXACT.divide(evidence["items"], Decimal(1000))
    note("reduction_kg", kg, "kgCO2e")
    return Quantification.of(kg, {"items": evidence["items"]})


ITEMS = {"zh": "件数", "en": "items"}
PLUGIN = Plugin(
    Manifest(
        id="items",
        version="1.0.0",
        title=ITEMS,
        evidence=EvidenceSpec("A", True, 90),
        inputs={"items": InputSpec("items", "integer", ITEMS, "item", Decimal(0), Decimal(99))},
        caps=(Cap("items", "day", Decimal(9), "items_per_day"),),
        labels={"items": ITEMS, "reduction_kg": {"zh": "减排量", "en": "reduction"}},
    ),
    run,
)


def test_a_plugin_explains_by_running_with_a_pencil() -> None:
    """The explanation of a plug-in is its own run, so the two cannot disagree."""
    context = Context(date(2024, 1, 1), {})
    for items in (Decimal(3), Decimal(10)):
        found, steps = PLUGIN.explain({"items": items}, context)
        assert found == PLUGIN.quantify({"items": items}, context)
        assert bool(steps) is (found.status == "quantified")
    assert PLUGIN.quantify({"items": Decimal(10)}, context).reason_code == "too_many"


def test_a_plugin_that_fails_is_an_error_not_a_crash() -> None:
    """A missing input or an impossible number holds the act; it never stops a batch."""
    context = Context(date(2024, 1, 1), {})
    assert PLUGIN.quantify({}, context).reason_code == "incomplete"
    assert PLUGIN.quantify({"items": Decimal("NaN")}, context).reason_code == "arithmetic"
    limited = Context(date(2024, 1, 1), {}, {"nothing": Decimal(1)})
    assert PLUGIN.quantify({"items": Decimal(1)}, limited).reason_code == "unknown_limit"


def test_a_plugin_gets_its_hash_and_keeps_all_inputs() -> None:
    """A plug-in is content-addressed like a document."""
    assert len(PLUGIN.manifest.content_hash) == 64
    assert PLUGIN.manifest.replay_inputs == ("items",)


def test_second_hand_factors_are_never_pooled() -> None:
    """A grade T anywhere makes an act points-only."""
    rail = methodologies()["transit_rail"].manifest
    factors = packs()["CN"].resolve(rail.factors, occurred_on=ACT_DAY)
    assert may_be_pooled(rail, factors)
    charge = methodologies()["ev_charge"].manifest
    assert not may_be_pooled(charge, factors)
    import dataclasses

    second_hand = {k: dataclasses.replace(f, grade="T") for k, f in factors.items()}
    assert not may_be_pooled(rail, second_hand)


@pytest.mark.parametrize(
    ("number", "text"),
    [("3.70", "3.7"), ("0.000", "0"), ("-0", "0"), ("1E+3", "1000"), ("1E-7", "0.0000001")],
)
def test_equal_numbers_are_written_alike(number: str, text: str) -> None:
    """Canonical text has no exponents and no idle zeros."""
    assert plain_number(Decimal(number)) == text
