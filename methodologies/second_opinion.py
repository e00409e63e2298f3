"""A second implementation of the language, which shares nothing with the first.

It reads the canonical text with its own words, computes with exact fractions in base units,
and rounds without any mending. Where it agrees on every worked example, the first
implementation's 34 digits have lost nothing. It is slow, and credits nobody.
"""

import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

Value = Any  # a Fraction, a bool, a text, a list of Fractions or a table of them
Names = Mapping[str, Value]

_WORDS = re.compile(r"\s*(\[[^\]]*\]|[0-9]+(?:\.[0-9]+)?|[A-Za-z_]\w*|[=!<>]=|[-+*/<>(),])")
_TENS = {"g": -3, "t": 3, "gCO2e": -3, "tCO2e": 3, "mm": -6, "cm": -5, "m": -3, "100km": 2}
_TENS |= {"Wh": -3, "MWh": 3, "W": -3, "MJ": 3, "GJ": 6, "mL": -3, "m3": 3, "fen": -2}


def disagreements(document: Any) -> list[str]:
    """Where this implementation comes to something else than a worked example expects.

    Args:
        document: a loaded document; only its canonical text and its vectors are used.
    """
    tree = json.loads(document.manifest.canonical_json)
    found: list[str] = []
    for vector in document.vectors:
        answer = opinion(tree, vector.given, vector.factors, vector.limits)
        found += [
            f"{vector.name}: {name} is {answer.get(name)}, not {vector.expect[name]}"
            for name in ("status", "because", "grams")
            if name in vector.expect and answer.get(name, "") != vector.expect[name]
        ]
    return found


def opinion(
    tree: Mapping[str, Any],
    given: Mapping[str, str],
    factors: Mapping[str, str],
    limits: Mapping[str, str],
) -> dict[str, str]:
    """Status, reason and grams of one act, all as text."""
    names = _known(tree, given, factors)
    for key, rule in [("if", row) for row in tree.get("applicable_if", [])] + [
        ("expect", row) for row in tree.get("verification", [])
    ]:
        if not value_of(rule[key], names):
            status = {"hold": "held", "reject": "rejected"}.get(
                rule.get("otherwise", ""), "not_applicable"
            )
            return {"status": status, "because": rule["because"], "grams": "0"}
    for term in tree.get("terms", []):
        names[term["name"]] = value_of(term["formula"], names)
        if term["name"] in limits:
            allowed = Fraction(limits[term["name"]]) * _scale(term["unit"])
            names[term["name"]] = min(names[term["name"]], allowed)
    if tree["result"] == "none":
        return {"status": "quantified", "grams": "0"}
    tier = tree["evidence"]["tier"]
    for lower in tree["evidence"].get("lower_tiers", []):
        if value_of(lower["if"], names):
            tier = lower["tier"]
            break
    share = {"C": Fraction(4, 5), "D": Fraction(0)}.get(tier, Fraction(1))
    grams = max(0, names[tree["result"]] * share * 1000 // 1)
    return {"status": "quantified", "grams": str(grams)}


def _known(tree: Mapping[str, Any], given: Names, factors: Names) -> dict[str, Value]:
    names: dict[str, Value] = {}
    for spec in tree["inputs"]:
        if spec["type"] == "code":
            names[spec["name"]] = given.get(spec["name"], "")
        elif spec["type"] == "list":
            names[spec["name"]] = _numbers(given.get(spec["name"], ""), spec["unit"])
        elif spec["type"] != "instant":
            names[spec["name"]] = Fraction(given.get(spec["name"], "0")) * _scale(spec["unit"])
    for spec in tree.get("history", []):
        many = _numbers(given[spec["name"]], spec["unit"])
        names[spec["name"]] = many if "years" in spec else many[0]
    for spec in tree.get("parameters", []):
        code = spec.get("type") == "code"
        number = spec["value"] if code else Fraction(spec["value"]) * _scale(spec["unit"])
        names[spec["name"]] = number
    for spec in tree.get("tables", []):
        unit = _scale(spec["unit"])
        names[spec["name"]] = {k: Fraction(v) * unit for k, v in spec["values"].items()}
    for spec in tree.get("factors", []):
        if spec["name"] in factors:
            names[spec["name"]] = Fraction(factors[spec["name"]]) * _scale(spec["unit"])
    return names


def _numbers(text: str, unit: str) -> list[Fraction]:
    return [Fraction(item) * _scale(unit) for item in text.split(",") if item]


def _scale(unit: str) -> Fraction:
    """What a unit is worth in base units; only the powers of ten matter here."""
    above, *below = unit.split("/")
    ten = sum(_TENS.get(symbol, 0) for symbol in above.split("."))
    ten -= sum(_TENS.get(symbol, 0) for group in below for symbol in group.split("."))
    return Fraction(10) ** ten


_SIGNS: list[dict[str, Callable[[Any, Any], Any]]] = [
    {"or": lambda left, right: left() or right()},
    {"and": lambda left, right: left() and right()},
    {
        "==": lambda left, right: left() == right(),
        "!=": lambda left, right: left() != right(),
        "<": lambda left, right: left() < right(),
        "<=": lambda left, right: left() <= right(),
        ">": lambda left, right: left() > right(),
        ">=": lambda left, right: left() >= right(),
    },
    {"+": lambda left, right: left() + right(), "-": lambda left, right: left() - right()},
    {"*": lambda left, right: left() * right(), "/": lambda left, right: left() / right()},
]
"""The signs by strength, weakest first; both sides are asked only when they are needed."""
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "abs": abs,
    "clamp": lambda x, low, high: min(max(x, low), high),
    "sum": lambda numbers: sum(numbers, Fraction(0)),
    "mean": lambda numbers: sum(numbers, Fraction(0)) / len(numbers),
    "count": lambda numbers: Fraction(len(numbers)),
    "lookup": lambda table, key: table[key],
}


def value_of(formula: str, names: Names) -> Value:
    """The exact value of a formula, in base units.

    Raises:
        ArithmeticError: a division by zero.
        KeyError: a name has no value.
    """
    words: list[str] = [*_WORDS.findall(formula), ""]
    at = 0

    def take(*wanted: str) -> str:
        nonlocal at
        word = words[at]
        if wanted and word not in wanted:
            return ""
        at += 1
        return word

    def whole() -> Callable[[], Value]:
        if not take("if"):
            return signed(0)
        condition, _ = whole(), take("then")
        yes, _ = whole(), take("else")
        no = whole()
        return lambda: yes() if condition() else no()

    def signed(strength: int) -> Callable[[], Value]:
        if strength == len(_SIGNS):
            return single()
        if strength == 2 and take("not"):
            inner = signed(2)
            return lambda: not inner()
        left = signed(strength + 1)
        while sign := take(*_SIGNS[strength]):
            left = _joined(_SIGNS[strength][sign], left, signed(strength + 1))
        return left

    def single() -> Callable[[], Value]:
        word = take()
        if word == "-":
            inner = single()
            return lambda: -inner()
        if word == "(":
            inner, _ = whole(), take(")")
            return inner
        if word[0].isdigit():
            unit = take()[1:-1].strip() if words[at].startswith("[") else "1"
            number = Fraction(word) * _scale(unit)
            return lambda: number
        if not take("("):
            return lambda: names[word]
        arguments = [whole()]
        while take(","):
            arguments.append(whole())
        take(")")
        return lambda: _FUNCTIONS[word](*(argument() for argument in arguments))

    return whole()()


def _joined(sign: Callable[[Any, Any], Any], left: Any, right: Any) -> Callable[[], Value]:
    return lambda: sign(left, right)
