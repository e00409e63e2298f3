"""What can be asked of a list of numbers; the compiled and the walked form share it."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Context, Decimal

_ZERO = Decimal(0)


def total(values: Sequence[Decimal], exact: Context) -> Decimal:
    """The sum, added from left to right; zero of an empty list."""
    found = _ZERO
    for value in values:
        found = exact.add(found, value)
    return found


def mean(values: Sequence[Decimal], exact: Context) -> Decimal:
    """The sum divided by the number of items.

    Raises:
        decimal.InvalidOperation: the list is empty, which the checks rule out.
    """
    return exact.divide(total(values, exact), Decimal(len(values)))


def count(values: Sequence[Decimal], exact: Context) -> Decimal:
    """How many items there are."""
    return Decimal(len(values))


SERIES: Mapping[str, Callable[[Sequence[Decimal], Context], Decimal]] = {
    "sum": total,
    "mean": mean,
    "count": count,
}
"""The functions of the language that take a list."""
