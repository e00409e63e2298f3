"""The most an act can ever be worth, proved from the declared bounds without any act.

Every formula is evaluated over intervals, each end rounded outwards. What comes out may be
wider than the truth, never narrower: rules that would exclude an act are not used.
"""

import decimal
from collections.abc import Mapping
from decimal import Decimal

from methodologies.contract import EXACT, Quantification
from methodologies.documents import Document
from methodologies.language.check import Checked
from methodologies.language.series import SERIES
from methodologies.language.units import Unit
from methodologies.manifest import InputSpec, Manifest

Interval = tuple[Decimal, Decimal]

_DOWN, _UP = EXACT.copy(), EXACT.copy()
_DOWN.rounding, _UP.rounding = decimal.ROUND_FLOOR, decimal.ROUND_CEILING
_ZERO = Decimal(0)
_TOO_LARGE = 10**22


class Unbounded(ArithmeticError):
    """A divisor may be zero, or a number too large: no bound can be proved."""


def bounds(document: Document) -> Mapping[str, Interval]:
    """The least and greatest value of each term, in the term's unit.

    Args:
        document: a loaded document.

    Raises:
        Unbounded: no bound can be proved from the declared ranges.
    """
    manifest = document.manifest
    known: dict[str, Interval] = {}
    lengths: dict[str, tuple[int, int]] = {}
    for name, spec in manifest.inputs.items():
        if spec.minimum is not None and spec.maximum is not None:
            ends = [spec.minimum, spec.maximum] + [_ZERO] * may_be_zero(manifest, spec)
            known[name] = min(ends), max(ends)
            lengths[name] = spec.items_min, spec.items_max
    for need in manifest.factors:
        assert need.minimum is not None, need.name
        assert need.maximum is not None, need.name
        known[need.name] = need.minimum, need.maximum
    for name, parameter in manifest.parameters.items():
        if isinstance(parameter.value, Decimal):
            known[name] = parameter.value, parameter.value
    found: dict[str, Interval] = {}
    for term, tree in document.program.terms:
        try:
            low, high = _over(tree, known, lengths)
        except ArithmeticError as failed:
            raise Unbounded(f"{term.name}: {failed or 'no bound'}") from None
        if term.name in document.program.capped_terms:
            low = min(low, _ZERO)
        known[term.name] = found[term.name] = low, high
    return found


def largest_grams(document: Document) -> int:
    """The most grams one act can be worth.

    Raises:
        Unbounded: no bound can be proved from the declared ranges.
    """
    if document.manifest.engagement is not None:
        return 0
    high = bounds(document)[document.manifest.result][1]
    if high > _TOO_LARGE:
        raise Unbounded("more than 10^22 kg")
    return Quantification.of(high).grams


def may_be_zero(manifest: Manifest, spec: InputSpec) -> bool:
    """Whether an input counts as zero when the record does not carry it."""
    optional = spec.derived_from is None and spec.name not in manifest.evidence.required
    return optional and spec.type != "list" and spec.name not in manifest.history


def _over(
    tree: Checked, known: Mapping[str, Interval], lengths: Mapping[str, tuple[int, int]]
) -> Interval:
    if tree.op == "number":
        assert tree.number is not None
        return tree.number, tree.number
    if tree.op == "name":
        return known[tree.name]
    if tree.op == "if":
        yes, no = (_over(arg, known, lengths) for arg in tree.args[1:])
        return min(yes[0], no[0]), max(yes[1], no[1])
    if tree.op == "lookup":
        assert tree.table is not None
        return min(tree.table.values()), max(tree.table.values())
    if tree.op in SERIES:
        return _over_list(tree.op, known[tree.args[0].name], lengths[tree.args[0].name])
    assert isinstance(tree.type, Unit), "conditions are not evaluated here"
    args = [_over(arg, known, lengths) for arg in tree.args]
    match tree.op:
        case "+":
            return _DOWN.add(args[0][0], args[1][0]), _UP.add(args[0][1], args[1][1])
        case "-":
            return _DOWN.subtract(args[0][0], args[1][1]), _UP.subtract(args[0][1], args[1][0])
        case "*":
            return _corners("multiply", args[0], args[1])
        case "/":
            if args[1][0] <= 0 <= args[1][1]:
                raise Unbounded("a divisor may be zero")
            return _corners("divide", args[0], args[1])
        case "shift":
            assert tree.number is not None
            return _corners("multiply", args[0], (tree.number, tree.number))
        case "minus":
            return _DOWN.minus(args[0][1]), _UP.minus(args[0][0])
        case "abs":
            low, high = args[0]
            far = max(low.copy_abs(), high.copy_abs())
            near = _ZERO if low <= 0 <= high else min(low.copy_abs(), high.copy_abs())
            return near, far
        case "clamp":
            raised = max(args[0][0], args[1][0]), max(args[0][1], args[1][1])
            return min(raised[0], args[2][0]), min(raised[1], args[2][1])
    assert tree.op in ("min", "max"), tree.op
    chosen = min if tree.op == "min" else max
    return chosen(low for low, _ in args), chosen(high for _, high in args)


def _over_list(op: str, each: Interval, length: tuple[int, int]) -> Interval:
    """A mean lies between the items' bounds; a sum is longest where that moves it furthest."""
    if op == "mean":
        return each
    fewest, most = (Decimal(end) for end in length)
    if op == "count":
        return fewest, most
    low, high = each
    return (
        _DOWN.multiply(low, most if low < 0 else fewest),
        _UP.multiply(high, most if high > 0 else fewest),
    )


def _corners(operation: str, one: Interval, other: Interval) -> Interval:
    """The ends of a product or quotient are among those of its four corners."""
    down, up = getattr(_DOWN, operation), getattr(_UP, operation)
    pairs = [(left, right) for left in one for right in other]
    return min(down(*pair) for pair in pairs), max(up(*pair) for pair in pairs)
