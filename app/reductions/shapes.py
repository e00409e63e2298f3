"""A reduction's inputs as they lie in its row: values alone, behind one another.

The names stand once, in a shape that all acts of one kind share. A shape's number is a digest
of its names, so every process knows it without asking, and a row can be read for ever with
what the table says, whatever became of the code. Besides the inputs of the formulas a row
keeps what a cap still allowed (``limit:``), what the act came to for caps and later acts
(``count:``), marks by which like acts are known again (``same:``), and which reasons to hold it
an officer set aside (``waived:``).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from app.database import Tx
from methodologies.canonical import plain_number
from methodologies.manifest import Manifest
from methodologies.replay import OCCURRED_ON, Evidence, inputs_as_text, inputs_to_json

LIMIT = "limit:"
COUNT = "count:"
SAME = "same:"
WAIVED = "waived:"
_PREFIXES = (LIMIT, COUNT, SAME, WAIVED)
_ESCAPED = re.compile(r"\\([\\t])")
_MEANT = {"\\": "\\", "t": "\t"}
_NOTHING: Mapping[str, str] = MappingProxyType({})
_known: dict[int, str] = {}
"""Names by shape, as they were read; a number is the digest of its names, so it stays true."""


@lru_cache(maxsize=4096)
def number_of(names: str) -> int:
    """The shape of these names: 31 bits of their digest."""
    digest = hashlib.blake2b(names.encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") & 0x7FFFFFFF


def packed(
    evidence: Evidence,
    manifest: Manifest,
    *,
    counts: Mapping[str, Decimal],
    limits: Mapping[str, str] | None,
    marks: Mapping[str, str],
    waived: Iterable[str] = (),
) -> tuple[str, str]:
    """The names and the values of what a reduction keeps; neither holds the act's day.

    Args:
        evidence: the typed inputs.
        manifest: of the version that judged it.
        counts: what the act came to, by name.
        limits: what caps over a window still allowed, when they cut it.
        marks: what tells like acts from others, by name.
        waived: reasons to hold it that an officer set aside.

    """
    if not limits and not marks and not waived:
        values = inputs_as_text(evidence, manifest)
        if counts:
            values = (*values, *map(plain_number, counts.values()))
        return _names(manifest, tuple(counts)), joined(values)
    kept = inputs_to_json(evidence, manifest)
    del kept[OCCURRED_ON]  # a column of its own
    for name, count in counts.items():
        kept[COUNT + name] = plain_number(count)
    for name, limit in (limits or {}).items():
        kept[LIMIT + name] = limit
    for name, mark in marks.items():
        kept[SAME + name] = mark
    for reason in sorted(waived):
        kept[WAIVED + reason] = "1"
    return "\t".join(kept), joined(tuple(kept.values()))


@lru_cache(maxsize=4096)
def _names(manifest: Manifest, counts: tuple[str, ...]) -> str:
    return "\t".join([*manifest.replay_inputs, *(COUNT + name for name in counts)])


def joined(values: Sequence[str]) -> str:
    """Values behind one another; a tab or a backslash in one is written like in COPY."""
    text = "\t".join(values)
    if "\\" not in text and text.count("\t") < (len(values) or 1):
        return text
    return "\t".join(value.replace("\\", "\\\\").replace("\t", "\\t") for value in values)


def apart(names: str, values: str) -> dict[str, str]:
    """What `joined` made of values, by their names again."""
    if not names:
        return {}
    parts = values.split("\t")
    if "\\" in values:
        parts = [_ESCAPED.sub(lambda found: _MEANT[found[1]], part) for part in parts]
    return dict(zip(names.split("\t"), parts, strict=True))


def restored(names: str, values: str, occurred_on: date) -> dict[str, str]:
    """Everything a row keeps, its day included: what a computation starts from."""
    kept = apart(names, values)
    kept[OCCURRED_ON] = occurred_on.isoformat()
    return kept


def inputs_of(kept: Mapping[str, str]) -> dict[str, str]:
    """The inputs alone."""
    return {name: text for name, text in kept.items() if not name.startswith(_PREFIXES)}


def limits_of(kept: Mapping[str, str]) -> dict[str, str]:
    """What caps over a window still allowed."""
    return _under(LIMIT, kept)


def counts_of(kept: Mapping[str, str]) -> dict[str, str]:
    """What the act came to."""
    return _under(COUNT, kept)


def counts_in(names: str, values: str) -> Mapping[str, str]:
    """What an act came to, straight from its row; the same as `counts_of` of `apart`."""
    if "\\" in values:
        return counts_of(apart(names, values))
    places = _count_places(names)
    if not places:
        return _NOTHING
    parts = values.split("\t")
    return {name: parts[place] for name, place in places}


@lru_cache(maxsize=4096)
def _count_places(names: str) -> tuple[tuple[str, int], ...]:
    return tuple(
        (name.removeprefix(COUNT), place)
        for place, name in enumerate(names.split("\t"))
        if name.startswith(COUNT)
    )


def marks_of(kept: Mapping[str, str]) -> dict[str, str]:
    """What tells like acts from others."""
    return _under(SAME, kept)


def waived_of(kept: Mapping[str, str]) -> frozenset[str]:
    """Which reasons to hold it an officer set aside."""
    return frozenset(_under(WAIVED, kept))


def _under(prefix: str, kept: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(prefix): text for name, text in kept.items() if name.startswith(prefix)
    }


async def names_of(tx: Tx, *, shape_ids: Iterable[int]) -> Mapping[int, str]:
    """The names of these shapes; asked for once in the life of a process."""
    unknown = {each for each in shape_ids if each not in _known}
    if unknown:
        rows = await tx.execute(_NAMES, {"ids": list(unknown)})
        _known.update([(shape_id, names) async for shape_id, names in rows])
    return _known


async def unregistered(tx: Tx, *, names: Iterable[str]) -> list[str]:
    """Those of the shapes that have no row yet, sorted; seldom any."""
    wanted = {number_of(each): each for each in names}
    rows = await tx.execute(_NAMES, {"ids": list(wanted)})
    there = {shape_id async for shape_id, _ in rows}
    return sorted(each for shape_id, each in wanted.items() if shape_id not in there)


_NAMES = "SELECT id, names FROM input_shape WHERE id = ANY(%(ids)b::int[])"
