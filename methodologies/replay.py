"""Typed evidence, the text a reduction keeps of it, and the way back.

Only what the formulas read is kept, never the raw record. Formulas can do nothing with a
code but compare it, so a sensitive one (a station) is kept as ``#1``, ``#2``: equal codes
stay equal, and nobody can read from a stored reduction where a citizen was.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from methodologies.canonical import plain_number
from methodologies.manifest import InputSpec, Manifest

OCCURRED_ON = "occurred_on"
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


class Evidence(dict[str, Any]):
    """The typed inputs of one act by name, and the day and moments they belong to.

    ``fields`` holds the other texts of the record (operator, order number). ``ended_at``
    is the end of the act, or its only moment; both moments are aware.
    """

    __slots__ = ("ended_at", "fields", "occurred_on", "started_at")

    def __init__(
        self, *, occurred_on: date, started_at: datetime, ended_at: datetime, fields: dict[str, str]
    ) -> None:
        """Start without inputs; the reader puts them in."""
        super().__init__()
        self.occurred_on = occurred_on
        self.started_at = started_at
        self.ended_at = ended_at
        self.fields = fields


def inputs_to_json(evidence: Evidence, manifest: Manifest) -> dict[str, str]:
    """The typed inputs the formulas use, and ``occurred_on``, all as text.

    Equal numbers give equal text: ``3.70`` is kept as ``3.7``, a list as ``14,9``. Sensitive
    codes are replaced consistently within the record.
    """
    values = inputs_as_text(evidence, manifest)
    kept = dict(zip(manifest.replay_inputs, values, strict=True))
    kept[OCCURRED_ON] = evidence.occurred_on.isoformat()
    return kept


def inputs_as_text(evidence: Evidence, manifest: Manifest) -> list[str]:
    """The same without names or day, in the order of `Manifest.replay_inputs`."""
    texts: list[str] = []
    masked: dict[str, str] | None = None
    for name, sensitive in _plan(manifest):
        value = evidence[name]
        if type(value) is Decimal:
            texts.append(plain_number(value))
        elif not sensitive:
            texts.append(value if type(value) is str else as_text(value))
        else:
            if masked is None:
                masked = _plain_codes(evidence, manifest)
            texts.append(masked[value] if value in masked else _mask(value, masked))
    return texts


def inputs_from_json(stored: Mapping[str, str], manifest: Manifest) -> dict[str, Any]:
    """What `inputs_to_json` kept, typed again; ``occurred_on`` is a `date`.

    Raises:
        KeyError: an input the formulas use was not stored.
        ValueError: a stored text is not what the manifest declares.
    """
    inputs: dict[str, Any] = {OCCURRED_ON: date.fromisoformat(stored[OCCURRED_ON])}
    for name in manifest.replay_inputs:
        inputs[name] = typed(stored[name], manifest.inputs[name].type)
    return inputs


def as_text(value: Decimal | tuple[Decimal, ...]) -> str:
    """A number, or a list of numbers: ``14,9``; an empty list is the empty text."""
    if isinstance(value, tuple):
        return ",".join(plain_number(item) for item in value)
    return plain_number(value)


@lru_cache(maxsize=1024)
def _plan(manifest: Manifest) -> tuple[tuple[str, bool], ...]:
    """The inputs to keep, and whether each is a code that must be masked."""
    specs = (manifest.inputs[name] for name in manifest.replay_inputs)
    return tuple((spec.name, _is_masked(spec)) for spec in specs)


def _is_masked(spec: InputSpec) -> bool:
    """Whether a code must be masked; one from a closed list tells of nobody."""
    return spec.type == "code" and spec.personal == "sensitive" and not spec.one_of


def _plain_codes(evidence: Mapping[str, Any], manifest: Manifest) -> dict[str, str]:
    """Codes that must stay as they are, because something not sensitive may equal them."""
    fixed, named = _plain_sources(manifest)
    plain = dict(fixed)
    for name in named:
        if name in evidence:
            plain[evidence[name]] = evidence[name]
    return plain


@lru_cache(maxsize=1024)
def _plain_sources(manifest: Manifest) -> tuple[dict[str, str], tuple[str, ...]]:
    """Codes among the parameters, and the names of inputs that are codes and not sensitive."""
    fixed = {item.value for item in manifest.parameters.values() if isinstance(item.value, str)}
    named = tuple(
        name
        for name, spec in manifest.inputs.items()
        if spec.type == "code" and not _is_masked(spec)
    )
    return {code: code for code in {"", *fixed}}, named


def _mask(code: str, masked: dict[str, str]) -> str:
    """The first of ``#1``, ``#2``, … that stands for no other code of this record."""
    taken = masked.values()
    n = 1
    while (mask := f"#{n}") in taken:
        n += 1
    masked[code] = mask
    return mask


def typed(text: str, kind: str) -> Decimal | str | tuple[Decimal, ...]:
    """A stored text as the value it stands for.

    Raises:
        ValueError: the text is no number, or no list of numbers.
    """
    if kind == "code":
        return text
    if kind == "list":
        return tuple(_number(item) for item in text.split(",")) if text else ()
    return _number(text)


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"not a number: {text!r}")
    return Decimal(text)
