"""Factor packs: dated values with their sources, read strictly; `choosing` finds in them.

A pack is data; nothing here computes a gram. Two values of one name and region may neither
overlap nor leave a gap that nobody explains.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from methodologies.canonical import canonical_json, content_hash
from methodologies.choosing import (
    FactorError,
    FactorMissing,
    FactorUnsuitable,
    Pack,
    PackDisabled,
    keys_of,
)
from methodologies.contract import Factor
from methodologies.documents import tree_of_json
from methodologies.shape import Table
from methodologies.shape import name as checked_name
from methodologies.strict_yaml import DocumentError, load, refuse

__all__ = [
    "FactorError",
    "FactorMissing",
    "FactorUnsuitable",
    "Overdue",
    "Pack",
    "PackDisabled",
    "keys_of",
    "load_pack",
    "overdue",
    "pack_from_canonical",
    "pack_from_text",
]

_GRADES = ("P", "R", "T", "U", "D")


def load_pack(path: Path) -> Pack:
    """The pack a YAML file describes.

    Raises:
        DocumentError: the file is refused; the error says why and where.
    """
    try:
        return pack_from_text(path.read_text(encoding="utf-8"))
    except DocumentError as refused:
        raise DocumentError(
            f"{path.name}: {refused.message}", refused.line, refused.column
        ) from None


def pack_from_text(text: str) -> Pack:
    """The pack a YAML text describes.

    Raises:
        DocumentError: the text is refused.
    """
    placed = _pack(load(text))  # texts that know their place, for the sake of errors
    return pack_from_canonical(placed.canonical_json)


def pack_from_canonical(json_text: str) -> Pack:
    """The pack that was kept as canonical JSON.

    Raises:
        DocumentError: the text is no pack.
    """
    return _pack(tree_of_json(json_text))


def _pack(tree: dict[str, Any]) -> Pack:
    table = Table(tree, "the pack")
    identifier, version = table.text("id"), table.text("version")
    enabled = table.one_of("enabled", ("yes", "no")) == "yes"
    region, title = table.text("region"), table.label("title")
    values: list[Factor] = []
    review: dict[str, Mapping[str, str]] = {}
    explained: dict[Factor, str] = {}
    for entry in table.tables("factors", empty=False):
        found, reviewed = _entry(entry, f"{identifier}@{version}", explained)
        values += found
        review[f"{found[0].name} {found[0].valid_from.isoformat()}"] = reviewed
    table.close()
    text = canonical_json(tree)
    return Pack(
        id=identifier,
        version=version,
        enabled=enabled,
        region=region,
        title=title,
        values=tuple(values),
        canonical_json=text,
        content_hash=content_hash(text),
        review=review,
        _by_name=_indexed(values, identifier, explained),
    )


def _entry(
    entry: Table, pack: str, explained: dict[Factor, str]
) -> tuple[list[Factor], Mapping[str, str]]:
    """One source and the values it gives."""
    name = checked_name(entry.text("name"))
    shared = {
        "unit": entry.unit("unit"),
        "gas_basis": entry.one_of("gas_basis", ("CO2", "CO2e", "none")),
        "issuer": entry.text("issuer"),
        "document": entry.text("document"),
    }
    entry.one_of("boundary", ("use", "life_cycle", "none"))
    review = {
        "checked_by": entry.text("checked_by"),
        "review_by": entry.day("review_by").isoformat(),
        "document": shared["document"],
    }
    found = []
    for row in entry.tables("values", empty=False):
        reason = row.text("after_gap") if "after_gap" in row.left else ""
        found.append(_value(row, name, shared, pack))
        if reason:
            explained[found[-1]] = reason
    entry.close()
    return found, review


def _value(row: Table, name: str, shared: Mapping[str, str], pack: str) -> Factor:
    valid_from = row.day("valid_from")
    valid_to = row.day("valid_to") if "valid_to" in row.left else None
    factor = Factor(
        name=name,
        value=row.number("value"),
        grade=row.one_of("grade", _GRADES),
        region=row.text("region"),
        valid_from=valid_from,
        valid_to=valid_to,
        variant="exact",
        pack=pack,
        **shared,
    )
    if valid_to is not None and valid_to <= valid_from:
        raise refuse(f"{name}: valid_to is not after valid_from", row.near)
    row.close()
    return factor


def _indexed(
    values: Sequence[Factor], pack: str, explained: Mapping[Factor, str]
) -> dict[str, dict[str, list[Factor]]]:
    """Values by name and region, in order of their dates: no overlap, and no gap unexplained."""
    found: dict[str, dict[str, list[Factor]]] = {}
    for factor in sorted(values, key=lambda factor: factor.valid_from):
        before = found.setdefault(factor.name, {}).setdefault(factor.region, [])
        day = factor.valid_from.isoformat()
        where = f"{pack}: {factor.name} {factor.region}"
        ended = before[-1].valid_to if before else factor.valid_from
        if ended is None or ended > factor.valid_from:
            raise DocumentError(f"{where} overlaps at {day}")
        if (ended < factor.valid_from) is not (factor in explained):
            raise DocumentError(f"{where} at {day}: a gap is explained by after_gap, nothing else")
        before.append(factor)
    return found


@dataclass(frozen=True, slots=True)
class Overdue:
    """A source whose review is due: which, since when, and who checked it last."""

    pack: str
    name: str
    document: str
    review_by: date
    checked_by: str
    days: int


def overdue(packs: Iterable[Pack], today: date) -> list[Overdue]:
    """Every source that should have been looked at again, the longest overdue first.

    Args:
        packs: enabled or not.
        today: a source is overdue from the day after its ``review_by``.
    """
    found = []
    for pack in packs:
        for source, review in pack.review.items():
            review_by = date.fromisoformat(review["review_by"])
            if review_by < today:
                name, document = source.split(" ", 1)[0], review["document"]
                late = (today - review_by).days
                found.append(
                    Overdue(pack.id, name, document, review_by, review["checked_by"], late)
                )
    return sorted(found, key=lambda each: (-each.days, each.pack, each.name))
