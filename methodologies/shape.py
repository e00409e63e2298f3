"""Reading a strict tree key by key: what is missing, unknown or ill-formed is refused.

Every key of every table must be taken; `Table.close` refuses the ones nobody asked for.
"""

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from methodologies.language.tokens import RESERVED
from methodologies.language.units import unit
from methodologies.strict_yaml import DocumentError, refuse

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
NUMBER = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
TEXT_MAX = 4000


class Table:
    """One mapping of a document, with its place; each key is taken once."""

    def __init__(self, content: Any, what: str, near: object = None) -> None:
        """Args: ``content`` must be a mapping; ``near`` is the key it stands under."""
        if not isinstance(content, dict):
            raise refuse(f"{what} is a mapping", content if isinstance(content, str) else near)
        self.left = dict(content)
        self.what = what
        self.near = near if near is not None else next(iter(content), None)

    def take(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default where there is none."""
        return self.left.pop(key, default)

    def need(self, key: str) -> Any:
        """The value of a key that must be there."""
        if key not in self.left:
            raise refuse(f"{self.what} lacks {key!r}", self.near)
        return self.left.pop(key)

    def text(self, key: str, default: str | None = None) -> str:
        """A text that is not empty."""
        value = self.need(key) if default is None else self.take(key, default)
        return text(value, f"{self.what}: {key}", self.near)

    def one_of(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> Any:
        """A text out of a closed list."""
        value = self.text(key, default)
        if value not in allowed:
            raise refuse(f"{key} is one of {', '.join(allowed)}, not {value[:40]!r}", value)
        return value

    def number(self, key: str) -> Decimal:
        """A decimal number."""
        return number(self.need(key), f"{self.what}: {key}", self.near)

    def number_or_none(self, key: str) -> Decimal | None:
        """A decimal number, where there is one."""
        value = self.take(key)
        return None if value is None else number(value, f"{self.what}: {key}", self.near)

    def whole(self, key: str, low: int, high: int, default: str | None = None) -> int:
        """A whole number within bounds."""
        value = self.text(key, default)
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            raise refuse(f"{key} is a whole number from {low} to {high}", value)
        return int(value)

    def unit(self, key: str, default: str | None = None) -> str:
        """A unit of the closed list."""
        value = self.text(key, default)
        try:
            unit(value)
        except ValueError as refused:
            raise refuse(str(refused), value) from None
        return value

    def day(self, key: str) -> date:
        """A civil date, ``2024-01-31``."""
        return day(self.text(key))

    def names(self, key: str, *, empty: bool = True) -> tuple[str, ...]:
        """A list of different texts."""
        found = tuple(
            text(item, f"{self.what}: {key}", self.near) for item in self.rows(key, empty=empty)
        )
        if len(set(found)) != len(found):
            raise refuse(f"{key} names something twice", found[0])
        return found

    def rows(self, key: str, *, empty: bool = True) -> list[Any]:
        """A list of anything."""
        value = self.take(key, [])
        if not isinstance(value, list) or (not value and not empty):
            raise refuse(f"{self.what}: {key} is a list", self.near)
        return value

    def tables(self, key: str, *, empty: bool = True) -> Iterator["Table"]:
        """A list of mappings."""
        for row in self.rows(key, empty=empty):
            yield Table(row, f"an entry of {key}", self.near)

    def named(self, key: str) -> Iterator[tuple[str, "Table"]]:
        """A mapping of names to mappings; in canonical form a list, to keep its order."""
        value = self.take(key, {})
        if isinstance(value, list):
            for row in value:
                table = Table(row, f"an entry of {key}", self.near)
                yield name(table.need("name")), table
            return
        if not isinstance(value, dict):
            raise refuse(f"{self.what}: {key} is a mapping", self.near)
        for entry, content in value.items():
            yield name(entry), Table(content, f"{key}.{entry}", entry)

    def label(self, key: str) -> dict[str, str]:
        """One text in two languages."""
        return label(self.need(key), key, self.near)

    def close(self) -> None:
        """Refuse keys that nobody asked for: a misspelt key must not be ignored."""
        for key in self.left:
            raise refuse(f"{self.what} has no key {key[:60]!r}", key)


def text(value: Any, what: str, near: object = None) -> str:
    """A text that is not empty and not endless."""
    if not isinstance(value, str):
        raise refuse(f"{what} is text", near)
    if not value.strip() or len(value) > TEXT_MAX:
        raise refuse(f"{what} is empty or longer than {TEXT_MAX} characters", value)
    return value


def number(value: Any, what: str, near: object = None) -> Decimal:
    """A decimal number, written without exponent."""
    found = text(value, what, near)
    if not NUMBER.fullmatch(found):
        raise refuse(f"{what} is a number, not {found[:40]!r}", found)
    return Decimal(found)


def name(value: Any) -> str:
    """A name a formula may use."""
    found = text(value, "a name")
    if not NAME.fullmatch(found) or found in RESERVED:
        raise refuse(f"{found[:60]!r} cannot be a name", found)
    return found


def day(value: str) -> date:
    """A civil date, ``2024-01-31``."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        raise refuse(f"a date is written 2024-01-31, not {value[:40]!r}", value) from None


def label(value: Any, what: str, near: object = None) -> dict[str, str]:
    """One text in two languages, both of them there."""
    table = Table(value, what, near)
    found = {"zh": table.text("zh"), "en": table.text("en")}
    table.close()
    return found


__all__ = ["DocumentError", "Table", "day", "label", "name", "number", "text"]
