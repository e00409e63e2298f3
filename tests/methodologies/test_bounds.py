"""Static bounds: what is proved holds for every act, and what cannot be proved is said."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from methodologies.bounds import Unbounded, bounds, largest_grams
from methodologies.contract import Context
from methodologies.documents import Document
from methodologies.trials import acts_of, factors_of
from tests.methodologies.given import ACT_DAY, methodologies, small


@pytest.mark.parametrize(
    ("name", "grams"), [("bike_ride", 10_000), ("transit_rail", 60_000), ("ev_charge", 1_920_000)]
)
def test_the_most_one_act_can_be_worth(name: str, grams: int) -> None:
    """The caps inside a document bound it, whatever the record and the factor."""
    document: Any = methodologies()[name]
    assert largest_grams(document) == grams


@pytest.mark.parametrize("name", sorted(methodologies()))
def test_no_act_is_worth_more(name: str) -> None:
    """No act within the declared bounds exceeds what was proved."""
    document: Any = methodologies()[name]
    most = largest_grams(document)
    acts = list(acts_of(document, 500))
    assert max(document.quantify(*act).grams for act in acts) <= most


lengths = st.sampled_from(["x", "y", "w", "3 [km]", "0 [km]", "250 [m]"])
formulas = st.recursive(
    lengths,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
        st.builds("({} * {} / {})".format, inner, inner, st.sampled_from(["3 [km]", "7 [m]"])),
        st.builds("({} / 9)".format, inner),
        st.builds("(-{})".format, inner),
        st.builds("abs({})".format, inner),
        st.builds("clamp({}, {}, {})".format, inner, inner, inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max"]), inner, inner),
        st.builds("(if {} < y then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=12,
)
number = st.one_of(st.sampled_from([Decimal(0), Decimal(1000)]), st.decimals(0, 1000, places=3))


@given(formulas, number, number, number, st.decimals(0, 9, places=3))
@settings(max_examples=300, deadline=None)
def test_every_value_lies_within_what_was_proved(
    formula: str, x: Decimal, y: Decimal, w: Decimal, f: Decimal
) -> None:
    """For any formula and any act the value stays inside the interval."""
    document: Document = small(formula=f"({formula}) * f")
    low, high = bounds(document)["kg"]
    evidence = {"x": x, "y": y, "w": w, "c": "A", "d": "B"}
    found = document.quantify(evidence, Context(ACT_DAY, factors_of(document.manifest, {"f": f})))
    assume(found.status == "quantified")
    assert low <= found.unrounded_kg <= high


def test_a_divisor_that_may_be_zero_has_no_bound() -> None:
    """Where nothing can be proved, that is the answer."""
    with pytest.raises(Unbounded, match="divisor"):
        largest_grams(small(formula="x * f * y / w"))
