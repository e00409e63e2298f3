"""A checked tree, evaluated by walking it: the form an explanation and a test use.

It says the same as the compiled form on every input, errors included; a property test
holds the two against each other.
"""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Protocol

from methodologies.language.check import Checked
from methodologies.language.series import SERIES


class Visit(Protocol):
    """Is told of each ``if`` that was reached, and whether its condition held."""

    def __call__(self, tree: Checked, *, holds: bool) -> None:
        """Take note."""
        ...


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": eq,
    "!=": ne,
    "<": lt,
    "<=": le,
    ">": gt,
    ">=": ge,
    "same": eq,
    "differs": ne,
}


def evaluate(
    tree: Checked,
    values: Mapping[str, Any],
    exact: Context,
    visit: Visit | None = None,
) -> Any:
    """The value of a tree: a `Decimal`, a `bool` or a code.

    Args:
        tree: what `check.check` returned.
        values: the value of each name, in the name's declared unit.
        exact: the context under which numbers are combined.
        visit: told of each ``if`` that was reached and whether its condition held.

    Raises:
        ArithmeticError: a division by zero, or a number too large.
        KeyError: a name has no value.
    """
    op = tree.op
    if op == "number":
        return tree.number
    if op == "name":
        return values[tree.name]
    if op in ("and", "or"):
        left, right = tree.args
        holds = evaluate(left, values, exact, visit)
        return evaluate(right, values, exact, visit) if holds is (op == "and") else holds
    if op == "if":
        condition, yes, no = tree.args
        holds = evaluate(condition, values, exact, visit)
        if visit is not None:
            visit(tree, holds=holds)
        return evaluate(yes if holds else no, values, exact, visit)
    args = [evaluate(arg, values, exact, visit) for arg in tree.args]
    if op in SERIES:
        return SERIES[op](args[0], exact)
    if op == "lookup":
        assert tree.table is not None
        return tree.table[args[0]]
    if op == "not":
        return not args[0]
    if op in _COMPARE:
        return _COMPARE[op](args[0], args[1])
    return _arithmetic(tree, args, exact)


def _arithmetic(tree: Checked, args: list[Decimal], exact: Context) -> Decimal:
    match tree.op:
        case "+":
            return exact.add(args[0], args[1])
        case "-":
            return exact.subtract(args[0], args[1])
        case "*":
            return exact.multiply(args[0], args[1])
        case "/":
            return exact.divide(args[0], args[1])
        case "minus":
            return exact.minus(args[0])
        case "abs":
            return exact.abs(args[0])
        case "shift":
            assert tree.number is not None
            return exact.multiply(args[0], tree.number)
        case "min":
            return min(args)
        case "max":
            return max(args)
        case "clamp":
            return min(max(args[0], args[1]), args[2])
    raise AssertionError(tree.op)
