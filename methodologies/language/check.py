"""What a formula means, before it runs.

Each part is a condition, a code, or a number with a dimension; a part that does not fit is
refused with its place.

The checked tree says where a value must be shifted by a power of ten; both the compiled
and the walked form follow it, so neither knows anything of units.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from methodologies.language.parse import COMPARISONS, Node
from methodologies.language.tokens import DEPTH_MAX, FormulaError, Place
from methodologies.language.units import NUMBER, Unit, unit

__all__ = [
    "CODE",
    "CONDITION",
    "Checked",
    "Code",
    "FormulaError",
    "Lookup",
    "Series",
    "check",
    "check_condition",
]


@dataclass(frozen=True, slots=True)
class Condition:
    """The type of what holds or does not."""


@dataclass(frozen=True, slots=True)
class Code:
    """The type of a text that is only ever compared with another, or looked up.

    ``keys`` are all texts it can be; none where the list is open.
    """

    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """The type of a list of numbers of one unit, and how many there can be."""

    unit: Unit
    fewest: int
    most: int


@dataclass(frozen=True, slots=True)
class Lookup:
    """The type of a table: the unit of its numbers, and the number of each key."""

    unit: Unit
    values: tuple[tuple[str, Decimal], ...]


CONDITION, CODE = Condition(), Code()
Type = Unit | Condition | Code | Series | Lookup


@dataclass(frozen=True, slots=True)
class Checked:
    """One operation that is known to make sense.

    ``op`` is ``number``, ``name``, ``shift`` (times ``number``), an arithmetic sign, a
    comparison, ``same`` or ``differs`` (codes), ``and``, ``or``, ``not``, ``if`` or a function.
    A ``lookup`` has its key as argument and carries its ``table`` and the table's name.
    """

    op: str
    type: Type
    args: tuple["Checked", ...] = ()
    number: Decimal | None = None
    name: str = ""
    table: Mapping[str, Decimal] | None = None


def check(tree: Node, names: Mapping[str, Type], wanted: Unit) -> Checked:
    """The checked tree of a formula whose value is shown in ``wanted``.

    Args:
        tree: what `parse.parse` returned.
        names: the type of every name that may stand in the formula.
        wanted: the unit in which the value is to come out.

    Raises:
        FormulaError: an unknown name, or units that do not fit.
    """
    checked = _check(tree, names)
    found = _number(checked, tree.place, "a formula is a number")
    if found.powers != wanted.powers:
        raise tree.place.error(f"the formula is in {found}, its declared unit in {wanted}")
    return _shift(checked, wanted.ten)


def check_condition(tree: Node, names: Mapping[str, Type]) -> Checked:
    """The checked tree of a rule.

    Raises:
        FormulaError: it is no condition, or a part of it does not fit.
    """
    checked = _check(tree, names)
    if checked.type != CONDITION:
        raise tree.place.error("a rule is a condition")
    return checked


def _check(tree: Node, names: Mapping[str, Type]) -> Checked:
    assert tree.height <= DEPTH_MAX, "the parser bounds the height"
    if tree.op == "number":
        try:
            return Checked("number", unit(tree.unit), number=tree.number)
        except ValueError as refused:
            raise tree.place.error(str(refused)) from None
    if tree.op == "name":
        found = names.get(tree.name)
        if found is None:
            raise tree.place.error(f"unknown name {tree.name[:60]!r}")
        return Checked("name", found, name=tree.name)
    args = tuple(_check(arg, names) for arg in tree.args)
    return _RULES[tree.op](tree, args)


def _sum(tree: Node, args: tuple[Checked, ...]) -> Checked:
    aligned, found = _aligned(tree, args)
    return Checked(tree.op, found, aligned)


def _product(tree: Node, args: tuple[Checked, ...]) -> Checked:
    left, right = (
        _number(arg, node.place, f"{tree.op} takes numbers")
        for arg, node in zip(args, tree.args, strict=True)
    )
    return Checked(tree.op, left.times(right, 1 if tree.op == "*" else -1), args)


def _one(tree: Node, args: tuple[Checked, ...]) -> Checked:
    found = _number(args[0], tree.args[0].place, "only a number has a sign")
    return Checked(tree.op, found, args)


def _comparison(tree: Node, args: tuple[Checked, ...]) -> Checked:
    if all(isinstance(arg.type, Code) for arg in args):
        if tree.op not in ("==", "!="):
            raise tree.place.error("codes are only compared by == and !=")
        return Checked("same" if tree.op == "==" else "differs", CONDITION, args)
    aligned, _ = _aligned(tree, args)
    return Checked(tree.op, CONDITION, aligned)


def _logic(tree: Node, args: tuple[Checked, ...]) -> Checked:
    for arg, node in zip(args, tree.args, strict=True):
        if arg.type != CONDITION:
            raise node.place.error(f"{tree.op!r} takes conditions")
    return Checked(tree.op, CONDITION, args)


def _over_list(tree: Node, args: tuple[Checked, ...]) -> Checked:
    series = args[0].type
    if not isinstance(series, Series):
        raise tree.args[0].place.error(f"{tree.op} takes one list")
    if tree.op == "mean" and series.fewest < 1:
        raise tree.args[0].place.error("mean takes a list of at least one item (min_items)")
    return Checked(tree.op, NUMBER if tree.op == "count" else series.unit, args)


def _lookup(tree: Node, args: tuple[Checked, ...]) -> Checked:
    table, key = args[0].type, args[1].type
    if not isinstance(table, Lookup):
        raise tree.args[0].place.error("lookup takes a table, then a key")
    if not isinstance(key, Code) or not key.keys:
        raise tree.args[1].place.error("the key is a code that is required and has one_of")
    values = dict(table.values)
    for each in key.keys:
        if each not in values:
            raise tree.args[1].place.error(f"the table has no entry {each[:40]!r}")
    return Checked("lookup", table.unit, (args[1],), name=args[0].name, table=values)


def _choice(tree: Node, args: tuple[Checked, ...]) -> Checked:
    condition, yes, no = args
    if condition.type != CONDITION:
        raise tree.args[0].place.error("after 'if' stands a condition")
    if yes.type == CONDITION and no.type == CONDITION:
        return Checked("if", CONDITION, args)
    aligned, found = _aligned(tree, (yes, no), tree.args[1:])
    return Checked("if", found, (condition, *aligned))


def _aligned(
    tree: Node, args: tuple[Checked, ...], nodes: tuple[Node, ...] | None = None
) -> tuple[tuple[Checked, ...], Unit]:
    """Numbers of one dimension, brought to the scale of the smallest unit among them."""
    types = [
        _number(arg, node.place, f"{tree.op} takes numbers of one unit")
        for arg, node in zip(args, nodes or tree.args, strict=True)
    ]
    for found in types[1:]:
        if found.powers != types[0].powers:
            raise tree.place.error(f"{tree.op} does not fit {types[0]} and {found}")
    ten = min(found.ten for found in types)
    return tuple(_shift(arg, ten) for arg in args), Unit(types[0].powers, ten)


def _number(checked: Checked, place: Place, complaint: str) -> Unit:
    if not isinstance(checked.type, Unit):
        raise place.error(f"{complaint}, not {_SHOWN[type(checked.type)]}")
    return checked.type


def _shift(checked: Checked, ten: int) -> Checked:
    """The same number, counted in units of another power of ten."""
    assert isinstance(checked.type, Unit)
    if checked.type.ten == ten:
        return checked
    target = Unit(checked.type.powers, ten)
    return Checked("shift", target, (checked,), Decimal((0, (1,), checked.type.ten - ten)))


_SHOWN = {Condition: "a condition", Code: "a code", Series: "a list", Lookup: "a table"}
_Rule = Callable[[Node, tuple[Checked, ...]], Checked]
_RULES: Mapping[str, _Rule] = {
    "+": _sum,
    "-": _sum,
    "min": _sum,
    "max": _sum,
    "clamp": _sum,
    "*": _product,
    "/": _product,
    "minus": _one,
    "abs": _one,
    "and": _logic,
    "or": _logic,
    "not": _logic,
    "if": _choice,
    "lookup": _lookup,
    **dict.fromkeys(("sum", "mean", "count"), _over_list),
    **dict.fromkeys(COMPARISONS, _comparison),
}
