"""The formula language: what it refuses, what it computes, and that both forms agree."""

import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from methodologies.contract import EXACT
from methodologies.language.check import CODE, Checked, Type, check, check_condition
from methodologies.language.compile import Source, executed
from methodologies.language.parse import parse
from methodologies.language.tokens import FormulaError
from methodologies.language.units import SYMBOLS, unit
from methodologies.language.walk import evaluate

TYPES: dict[str, Type] = {
    "distance": unit("km"),
    "metres": unit("m"),
    "ef_car": unit("gCO2e/p.km"),
    "laundry": unit("kg"),
    "share": unit("1"),
    "minutes": unit("min"),
    "entry": CODE,
    "exit": CODE,
}

HOSTILE = [
    "__import__('os').system('id')",
    "distance.__class__",
    "ef_car + distance",
    "(lambda: 1)()",
    "9**9**9",
    "distance if 1 else 2",
    "unknown",
    "1 [kg] + 1 [km]",
    "(" * 5000,
    "-" * 3000 + "1",
    "min(1)",
    "abs(1, 2)",
    "distance[0]",
    "f'{1}'",
    "1e400",
    "if 1 then 2 else 3",
    "",
    " ",
    "1 +",
    ") 1",
    "1 1",
    "distance < 1 [km] < 2 [km]",
    "entry < exit",
    "entry + exit",
    "entry",
    "not distance",
    "distance and distance",
    "if distance > 1 [km] then 1 else distance",
    "if distance > 1 [km] then distance > 1 [km] else 1",
    "if distance > 1 [km] then 1",
    "min()",
    "min(1, 2, 3, 4, 5, 6, 7, 8, 9)",
    "clamp(1, 2)",
    "clamp(distance, 1, 2)",
    "sum(1, 2)",
    "exec(1, 2)",
    "print",
    "1 [parsec]",
    "1 [km",
    "1 []",
    "1 [km/]",
    "1; 2",
    "a = 1",
    "distance := 1",
    "distance \\ 1",
    "１ + 1",
    "dïstance",
    "distance # 1",
    "0x10",
    "1_000",
    ".5",
    "1.",
    "not " * 3000 + "share > 1",
    "if " * 3000,
    "min(" * 3000 + "1",
    "1" * 3000,
    "1" * 60,
    "+".join(["1"] * 500),
    "laundry + 1 [kgCO2e]",
    "minutes + 1 [h]",
    "distance * " * 20 + "distance",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:24])
def test_what_is_not_in_the_grammar_is_refused(text: str) -> None:
    """Each hostile or mistaken formula gives the declared error, with a place, and no other."""
    with pytest.raises(FormulaError) as refused:
        check(parse(text), TYPES, unit("1"))
    assert refused.value.line >= 1
    assert refused.value.column >= 1


@pytest.mark.parametrize("shape", ["(", "-", "not ", "if ", "min(", "1+", "[", "1 and "])
def test_depth_never_reaches_the_interpreter(shape: str) -> None:
    """Nesting is refused long before Python's own stack is deep, however it is written."""
    before = sys.getrecursionlimit()
    with pytest.raises(FormulaError):
        parse(shape * (1900 // len(shape)))
    with pytest.raises(FormulaError):
        parse(shape * 100_000)
    assert sys.getrecursionlimit() == before


WORDS = ["distance", "metres", "entry", "share", "if", "then", "else", "and", "or", "not"]
WORDS += ["min(", "max(", "clamp(", "abs(", ")", "(", ",", "+", "-", "*", "/", "<", "==", ">="]
WORDS += ["1", "0", "2.5", "[km]", "[m]", "[1]", "[kgCO2e/p.km]", ".", "'", "\n", "\x00", "é"]


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(WORDS)).map(" ".join)))
@settings(max_examples=1500, deadline=None)
def test_garbage_raises_only_the_declared_error(text: str) -> None:
    """No text makes the reader fail in any other way than FormulaError."""
    for checked in (
        lambda tree: check(tree, TYPES, unit("km")),
        lambda t: check_condition(t, TYPES),
    ):
        try:
            checked(parse(text))
        except FormulaError:
            continue


def test_the_place_of_an_error_is_told() -> None:
    """Line and column point at the word that is wrong."""
    with pytest.raises(FormulaError) as refused:
        check(parse("distance +\n  nowhere"), TYPES, unit("km"))
    assert (refused.value.line, refused.value.column) == (2, 3)


@pytest.mark.parametrize(
    ("text", "wanted", "value"),
    [
        ("1 + 2 * 3", "1", "7"),
        ("(1 + 2) * 3", "1", "9"),
        ("10 - 2 - 3", "1", "5"),
        ("100 / 10 / 2", "1", "5"),
        ("-2 * 3", "1", "-6"),
        ("2 - -3", "1", "5"),
        ("2/37 * 37", "1", "2"),
        ("distance + 500 [m]", "km", "10.5"),
        ("distance + metres", "m", "10250"),
        ("metres", "km", "0.25"),
        ("min(distance, 3 [km], 4000 [m])", "km", "3"),
        ("max(distance, 3 [km])", "km", "10"),
        ("clamp(distance, 1 [km], 5 [km])", "km", "5"),
        ("clamp(0 [km], 1 [km], 5 [km])", "km", "1"),
        ("abs(1 [km] - distance)", "km", "9"),
        ("if entry == exit then 1 else 2", "1", "2"),
        ("if entry != exit then 1 else 2", "1", "1"),
        ("if not distance > 1 [km] or share == 1 then 1 else 2", "1", "1"),
        ("if distance > 1 [km] and share < 1 then 1 else 2", "1", "2"),
        ("if if share > 0 then distance > 1 [km] else share > 5 then 1 else 2", "1", "1"),
        ("1 [p] * distance * ef_car", "kgCO2e", "1.25"),
        ("60 [min/h] * distance / minutes", "km/h", "20"),
        ("350 [kW] * 2 [h]", "kWh", "700"),
        ("6 [L/100km] * 100 [km]", "L", "6"),
        ("1 [m3]", "L", "1000"),
    ],
)
def test_what_a_formula_is_worth(text: str, wanted: str, value: str) -> None:
    """Precedence, units and functions, in both forms."""
    tree = check(parse(text), TYPES, unit(wanted))
    walked = evaluate(tree, VALUES, EXACT)
    assert abs(walked - Decimal(value)) <= Decimal("1E-30")
    assert run_compiled(tree, VALUES) == walked


VALUES: dict[str, Any] = {
    "distance": Decimal(10),
    "metres": Decimal(250),
    "ef_car": Decimal(125),
    "laundry": Decimal(3),
    "share": Decimal(1),
    "minutes": Decimal(30),
    "entry": "S1",
    "exit": "S2",
}


def run_compiled(tree: Checked, values: dict[str, Any]) -> Any:
    """The compiled form of one tree, run once."""
    made = Source(EXACT)
    names = ", ".join(f"v_{name}" for name in values)
    function = executed(f"def run({names}):\n    return {made.expression(tree)}", made, "run")
    return function(*values.values())


numbers = st.decimals(-1000, 1000, places=3).map(str).filter(lambda text: "-" not in text)
leaves = st.one_of(st.sampled_from(["share", "other"]), numbers)


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Larger formulas out of smaller ones; all are plain numbers."""
    compare = st.builds(
        "({} {} {})".format, inner, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]), inner
    )
    logic = st.one_of(
        compare,
        st.builds("(not {})".format, compare),
        st.builds("({} {} {})".format, compare, st.sampled_from(["and", "or"]), compare),
        st.builds("(code {} mode)".format, st.sampled_from(["==", "!="])),
    )
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(-{})".format, inner),
        st.builds("abs({})".format, inner),
        st.builds(
            "{}({})".format,
            st.sampled_from(["min", "max"]),
            st.lists(inner, min_size=2, max_size=8).map(", ".join),
        ),
        st.builds("clamp({}, {}, {})".format, inner, inner, inner),
        st.builds("(if {} then {} else {})".format, logic, inner, inner),
    )


formulas = st.recursive(leaves, grown, max_leaves=25)
plain = st.decimals(-(10**6), 10**6, places=6)


@given(formulas, plain, plain, st.sampled_from("AB"), st.sampled_from("AB"))
@example("(1 / other)", Decimal(1), Decimal(0), "A", "A")
@settings(max_examples=600, deadline=None)
def test_the_compiled_form_says_what_the_walk_says(
    text: str, share: Decimal, other: Decimal, code: str, mode: str
) -> None:
    """Both forms give the same digits, or the same kind of failure, on every input."""
    types: dict[str, Type] = {"share": unit("1"), "other": unit("1"), "code": CODE, "mode": CODE}
    try:
        tree = check(parse(text), types, unit("1"))
    except FormulaError:
        return  # too deep or too large
    values = {"share": share, "other": other, "code": code, "mode": mode}
    assert outcome(lambda: run_compiled(tree, values)) == outcome(
        lambda: evaluate(tree, values, EXACT)
    )


def outcome(run: Any) -> str:
    """The digits of a result, or the name of the arithmetic failure."""
    try:
        return str(run())
    except ArithmeticError as failed:
        return type(failed).__name__


def test_a_formula_too_intricate_for_python_is_refused_too() -> None:
    """Whatever fits the limits either compiles or gives the declared error."""
    text = "share"
    for _ in range(38):
        text = f"min({text}, 1, 2, 3, 4, 5, 6, 7)"
        try:
            tree = check(parse(text), TYPES, unit("1"))
            run_compiled(tree, VALUES)
        except FormulaError:
            return
    raise AssertionError("the limits were never reached")


def test_numbers_are_exact_whatever_the_thread_thinks() -> None:
    """The ambient decimal context of a thread changes nothing."""
    import decimal

    tree = check(parse("share / 3"), TYPES, unit("1"))
    usual = run_compiled(tree, VALUES)
    with decimal.localcontext(decimal.Context(prec=3, rounding=decimal.ROUND_UP)):
        assert run_compiled(tree, VALUES) == usual == evaluate(tree, VALUES, EXACT)
    assert len(usual.as_tuple().digits) == 34


@pytest.mark.parametrize("symbol", sorted(SYMBOLS))
def test_every_unit_reads_itself(symbol: str) -> None:
    """Each symbol of the list is a unit, and divided by itself a plain number."""
    assert unit(f"{symbol}/{symbol}") == unit("1")


def test_carbon_is_not_laundry() -> None:
    """A kilogram of CO2e and a kilogram of something else never mix."""
    assert unit("kgCO2e").powers != unit("kg").powers
    assert unit("tCO2e").ten - unit("gCO2e").ten == 6
    with pytest.raises(ValueError, match="no unit"):
        unit("kgCO2")
