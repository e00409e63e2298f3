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
from methodologies.language.units import Unit, unit

__all__ = ["CODE", "CONDITION", "Checked", "FormulaError", "check", "check_condition"]


@dataclass(frozen=True, slots=True)
class Condition:
    """The type of what holds or does not."""


@dataclass(frozen=True, slots=True)
class Code:
    """The type of a text that is only ever compared with another."""


CONDITION, CODE = Condition(), Code()
Type = Unit | Condition | Code


@dataclass(frozen=True, slots=True)
class Checked:
    """One operation that is known to make sense.

    ``op`` is ``number``, ``name``, ``shift`` (times ``number``), an arithmetic sign, a
    comparison, ``same`` or ``differs`` (codes), ``and``, ``or``, ``not``, ``if`` or a function.
    """

    op: str
    type: Type
    args: tuple["Checked", ...] = ()
    number: Decimal | None = None
    name: str = ""


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
    if all(arg.type == CODE for arg in args):
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
        shown = "a condition" if checked.type == CONDITION else "a code"
        raise place.error(f"{complaint}, not {shown}")
    return checked.type


def _shift(checked: Checked, ten: int) -> Checked:
    """The same number, counted in units of another power of ten."""
    assert isinstance(checked.type, Unit)
    if checked.type.ten == ten:
        return checked
    target = Unit(checked.type.powers, ten)
    return Checked("shift", target, (checked,), Decimal((0, (1,), checked.type.ten - ten)))


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
    **dict.fromkeys(COMPARISONS, _comparison),
}
