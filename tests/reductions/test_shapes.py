"""Values without names are the same values again, whatever stands in them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reductions import shapes

texts = st.text(alphabet=st.sampled_from(list("a\t\\tn骑 \n1")), max_size=8)
names = st.text(alphabet="abc_", min_size=1, max_size=6)


@given(kept=st.dictionaries(names, texts, max_size=6))
def test_what_is_joined_comes_apart_again(kept):
    """Tabs, backslashes and empty texts are told apart; nothing is lost or added."""
    assert shapes.apart("\t".join(kept), shapes.joined(list(kept.values()))) == kept


def test_a_row_that_lost_a_value_is_refused():
    """A value too few or too many is an error, not another act."""
    with pytest.raises(ValueError, match="zip"):
        shapes.apart("a\tb", "1")


def test_kinds_of_values_are_told_apart():
    """Inputs, limits, counts and marks come out of one row, each by itself; the day is back."""
    kept = shapes.restored("km\tcount:km\tlimit:km\tsame:line", "3\t2\t1\tff", date(2026, 3, 1))
    assert shapes.inputs_of(kept) == {"km": "3", "occurred_on": "2026-03-01"}
    assert shapes.counts_of(kept) == {"km": "2"}
    assert shapes.limits_of(kept) == {"km": "1"}
    assert shapes.marks_of(kept) == {"line": "ff"}


def test_a_shapes_number_never_changes():
    """The number is in rows that are kept for ever: it must not depend on a version of Python."""
    assert shapes.number_of("distance_km\tduration_min") == NUMBER


NUMBER = 522035315
