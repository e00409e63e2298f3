"""Lists, tables and exactness: the second half of the language, in both forms."""

import os
import random
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from methodologies.bounds import bounds
from methodologies.contract import EXACT, Context, Quantification
from methodologies.language.check import CODE, Code, Lookup, Series, Type, check, check_condition
from methodologies.language.parse import parse
from methodologies.language.tokens import FormulaError
from methodologies.language.units import unit
from methodologies.language.walk import evaluate
from methodologies.second_opinion import value_of
from methodologies.trials import factors_of
from tests.methodologies.given import ACT_DAY, small
from tests.methodologies.test_language import outcome, run_compiled

TABLE = Lookup(unit("kg"), (("cup", Decimal("0.02")), ("bag", Decimal(5))))
TYPES: dict[str, Type] = {
    "legs": Series(unit("km"), 1, 4),
    "maybe": Series(unit("km"), 0, 4),
    "metres": Series(unit("m"), 1, 4),
    "mass": TABLE,
    "thing": Code(("cup", "bag")),
    "more": Code(("cup", "bag", "box")),
    "open": CODE,
    "x": unit("km"),
}
VALUES: dict[str, Any] = {
    "legs": (Decimal(14), Decimal(9)),
    "maybe": (),
    "metres": (Decimal(500), Decimal(1500)),
    "mass": dict(TABLE.values),
    "thing": "bag",
    "x": Decimal(3),
}


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("sum(legs)", "km", "23"),
        ("sum(metres)", "km", "2"),
        ("sum(maybe)", "km", "0"),
        ("mean(legs)", "km", "11.5"),
        ("count(legs)", "1", "2"),
        ("count(maybe) + 1", "1", "1"),
        ("sum(legs) - sum(metres)", "m", "21000"),
        ("lookup(mass, thing)", "kg", "5"),
        ("lookup(mass, thing) * sum(legs)", "kg.km", "115"),
        ("if sum(legs) > 20 [km] then mean(legs) else 0 [km]", "km", "11.5"),
        ("max(mean(legs), x)", "km", "11.5"),
        ("2/37 * sum(legs)", "km", "1.243243243243243243243243243243243"),
    ],
)
def test_what_a_list_or_table_is_worth(text: str, wanted: str, value: str) -> None:
    """Sums, means, counts and look-ups have units like everything else, in both forms."""
    tree = check(parse(text), TYPES, unit(wanted))
    walked = evaluate(tree, VALUES, EXACT)
    assert walked == Decimal(value)
    assert run_compiled(tree, VALUES) == walked


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("legs", 1),
        ("legs + x", 1),
        ("sum(x)", 5),
        ("sum(legs, legs)", 1),
        ("sum(sum(legs))", 5),
        ("sum(legs + legs)", 5),
        ("mean(maybe)", 6),
        ("count(thing)", 7),
        ("lookup(mass)", 1),
        ("lookup(thing, mass)", 8),
        ("lookup(mass, x)", 14),
        ("lookup(mass, open)", 14),
        ("lookup(mass, more)", 14),
        ("mass", 1),
        ("mass * 2", 1),
        ("legs == legs", 1),
        ("min(legs)", 1),
        ("x + lookup(mass, thing)", 3),
    ],
)
def test_a_list_is_not_a_number(text: str, column: int) -> None:
    """What does not fit is refused before it runs, at its place."""
    with pytest.raises(FormulaError) as refused:
        check(parse(text), TYPES, unit("km"))
    assert (refused.value.line, refused.value.column) == (1, column)


items = st.lists(st.decimals(0, 1000, places=3), min_size=1, max_size=4).map(tuple)
lengths = st.sampled_from(["x", "sum(legs)", "mean(legs)", "sum(metres)", "mean(metres)"])
formulas = st.recursive(
    lengths,
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-"), inner),
        st.builds("({} * count(legs))".format, inner),
        st.builds("({} * lookup(mass, thing) / 7 [kg])".format, inner),
        st.builds("min({}, {})".format, inner, inner),
        st.builds("(if {} < mean(legs) then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=10,
)


@given(formulas, items, items, st.decimals(0, 100, places=3), st.sampled_from(["cup", "bag"]))
@settings(max_examples=300, deadline=None)
def test_compiled_walked_and_exact_agree(
    text: str, legs: Any, metres: Any, x: Decimal, thing: str
) -> None:
    """Both forms give the same digits, and exact fractions the same value to 28 of them."""
    try:
        tree = check(parse(text), TYPES, unit("km"))
    except FormulaError:
        return
    values = {**VALUES, "legs": legs, "metres": metres, "x": x, "thing": thing}
    walked = outcome(lambda: evaluate(tree, values, EXACT))
    assert outcome(lambda: run_compiled(tree, values)) == walked
    exact = {
        "legs": [Fraction(each) for each in legs],
        "metres": [Fraction(each) / 1000 for each in metres],
        "mass": {key: Fraction(value) for key, value in TABLE.values},
        "x": Fraction(x),
        "thing": thing,
    }
    assert abs(Fraction(walked) - value_of(text, exact)) <= Fraction(1, 10**20)


@given(items)
@settings(max_examples=200, deadline=None)
def test_a_list_stays_within_what_was_proved(legs: Any) -> None:
    """Sum, mean and count of any list lie inside the bounds of the document."""
    changes = {
        "  y: {type: decimal, unit: km, min: 0, max: 1000, places: 3,": (
            "  y: {type: list, unit: km, min: 0, max: 1000, places: 3, min_items: 1, max_items: 4,"
        ),
        "required: [at]": "required: [at, y]",
    }
    for formula in ("sum(y) * f", "mean(y) * f", "count(y) * x * f", "-sum(y) * f"):
        document = small(formula=formula, **changes)
        low, high = bounds(document)["kg"]
        act = {"x": Decimal(1000), "y": legs, "w": Decimal(0), "c": "A", "d": "B"}
        context = Context(ACT_DAY, factors_of(document.manifest, {"f": Decimal(9)}))
        assert low <= document.quantify(act, context).unrounded_kg <= high


@pytest.mark.parametrize("whole", [1, 3, 7, 10, 999, 123_456_789])
@pytest.mark.parametrize("divisor", [3, 7, 9, 11, 13, 37, 97])
def test_a_whole_gram_is_met_through_any_division(whole: int, divisor: int) -> None:
    """Whatever is divided and multiplied again, a result that is a whole gram stays one."""
    kg = EXACT.divide(Decimal(whole), Decimal(divisor * 1000))
    assert Quantification.of(EXACT.multiply(kg, Decimal(divisor))).grams == whole
    third = EXACT.divide(EXACT.multiply(Decimal(whole), Decimal(divisor)), Decimal(divisor * 1000))
    assert Quantification.of(third).grams == whole
    hair = Decimal(whole) / 1000 - Decimal("1E-14")
    assert Quantification.of(hair).grams == whole - 1


WORDS = ["x", "legs", "maybe", "mass", "thing", "open", "nowhere", "1", "0", "2.5", "34", "(", ")"]
WORDS += ["sum(", "mean(", "count(", "lookup(", "min(", "max(", "clamp(", "abs(", ",", "+", "-"]
WORDS += ["*", "/", "<", "<=", "==", "!=", "if", "then", "else", "and", "or", "not", "[km]", "[m]"]
WORDS += ["[kg]", "[1]", ".", "'", "\n", "\x00", "é", "__class__", "lambda", ":=", "**", "%", "#"]
SHAPES = ["{} + {}", "sum({})", "lookup({}, {})", "if {} then {} else {}", "({})", "-{}", "{} < {}"]


def grown(draw: random.Random, depth: int) -> str:
    """A formula that often nearly makes sense: grammar outside, anything inside."""
    if depth == 0 or draw.random() < 0.2:
        return " ".join(draw.choices(WORDS, k=draw.randint(0, 4)))
    shape = draw.choice(SHAPES)
    return shape.format(*(grown(draw, depth - 1) for _ in range(shape.count("{}"))))


def test_random_formulas_raise_only_the_declared_error() -> None:
    """However many are tried (PUHUI_FUZZ_FORMULAS), each is refused by name or computes."""
    draw = random.Random(20260101)
    computed = 0
    for _ in range(int(os.environ.get("PUHUI_FUZZ_FORMULAS", "5000"))):
        text = grown(draw, draw.randint(0, 5))
        try:
            tree = check(parse(text), TYPES, unit("km"))
        except FormulaError:
            with suppress(FormulaError):
                check_condition(parse(text), TYPES)
            continue
        computed += 1
        walked = outcome(lambda tree=tree: evaluate(tree, VALUES, EXACT))
        assert outcome(lambda tree=tree: run_compiled(tree, VALUES)) == walked
    assert computed > 0
