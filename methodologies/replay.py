"""Typed evidence, the text a reduction keeps of it, and the way back.

Only what the formulas read is kept, never the raw record. Formulas can do nothing with a
code but compare it, so a sensitive one (a station) is kept as ``#1``, ``#2``: equal codes
stay equal, and nobody can read from a stored reduction where a citizen was.
"""

import re
from collections.abc import Callable, Iterable, Mapping
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
    is the end of the act, or its only moment; both moments are aware, and stand there as numbers
    too (`moments.us_of`).
    """

    __slots__ = ("ended_at", "ended_us", "fields", "occurred_on", "started_at", "started_us")

    occurred_on: date
    started_at: datetime
    ended_at: datetime
    started_us: int
    ended_us: int
    fields: dict[str, str]

    @staticmethod
    def of(  # noqa: PLR0917 -- called by made functions, in order
        inputs: dict[str, Any],
        occurred_on: date,
        started_at: datetime,
        ended_at: datetime,
        started_us: int,
        ended_us: int,
        fields: dict[str, str],
    ) -> "Evidence":
        """All at once; made for every record, so there is no other step."""
        made = Evidence(inputs)
        made.occurred_on = occurred_on
        made.started_at = started_at
        made.ended_at = ended_at
        made.started_us = started_us
        made.ended_us = ended_us
        made.fields = fields
        return made


def inputs_to_json(evidence: Evidence, manifest: Manifest) -> dict[str, str]:
    """The typed inputs the formulas use, and ``occurred_on``, all as text.

    Equal numbers give equal text: ``3.70`` is kept as ``3.7``, a list as ``14,9``. Sensitive
    codes are replaced consistently within the record.
    """
    values = inputs_as_text(evidence, manifest)
    kept = dict(zip(manifest.replay_inputs, values, strict=True))
    kept[OCCURRED_ON] = evidence.occurred_on.isoformat()
    return kept


def inputs_as_text(evidence: Evidence, manifest: Manifest) -> tuple[str, ...]:
    """The same without names or day, in the order of `Manifest.replay_inputs`."""
    return _texts_of(manifest)(evidence)


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
def _texts_of(manifest: Manifest) -> Callable[[Evidence], tuple[str, ...]]:
    """One straight function for a manifest: it runs for every act that is kept.

    Of the document's own text only names reach the source, as quoted strings. A number whose text
    ends in no zero and has no exponent is plain already.
    """
    specs = [manifest.inputs[name] for name in manifest.replay_inputs]
    masked = [spec.name for spec in specs if _is_masked(spec)]
    fixed, named = _plain_sources(manifest)
    lines = ["def texts(e):"]
    if masked:
        codes = ", ".join(f"m{specs.index(manifest.inputs[name])}" for name in masked)
        lines.append(f" {codes}, = masks({_tuple(masked)}, {_tuple(named)})")
    for place, spec in enumerate(specs):
        value = f"e[{spec.name!r}]"
        if spec.name in masked:
            lines.append(f" t{place} = m{place}")
        elif spec.type == "code":
            lines.append(f" t{place} = {value}")
        elif spec.type == "list":
            lines.append(f" t{place} = as_text({value})")
        else:
            lines.append(f" t{place} = text({value})")
            lines.append(f" if t{place} != '0' and (t{place}[-1] == '0' or 'E' in t{place}):")
            lines.append(f"  t{place} = plain({value})")
    lines.append(f" return ({''.join(f't{place}, ' for place in range(len(specs)))})")
    names: dict[str, Any] = {
        "__builtins__": {},
        "text": str,
        "plain": plain_number,
        "as_text": as_text,
        "masks": _masks_beside(fixed),
    }
    exec(compile("\n".join(lines), "<texts>", "exec"), names)  # noqa: S102 -- our own text
    texts: Callable[[Evidence], tuple[str, ...]] = names["texts"]
    return texts


def _tuple(names: Iterable[str]) -> str:
    return "(" + "".join(f"e.get({name!r}, ''), " for name in names) + ")"


def _is_masked(spec: InputSpec) -> bool:
    """Whether a code must be masked; one from a closed list tells of nobody."""
    return spec.type == "code" and spec.personal == "sensitive" and not spec.one_of


@lru_cache(maxsize=1024)
def _plain_sources(manifest: Manifest) -> tuple[frozenset[str], tuple[str, ...]]:
    """Codes among the parameters, and the names of inputs that are codes and not sensitive."""
    fixed = {item.value for item in manifest.parameters.values() if isinstance(item.value, str)}
    named = tuple(
        name
        for name, spec in manifest.inputs.items()
        if spec.type == "code" and not _is_masked(spec)
    )
    return frozenset({"", *fixed}), named


def _masks_beside(fixed: frozenset[str]) -> Callable[..., tuple[str, ...]]:
    """A function of a record's sensitive codes and its other codes: what is kept of the former.

    Each is the first of ``#1``, ``#2``, … that stands for no other code of the record. A code stays
    as it is where something not sensitive may equal it: a parameter, or another input.
    """

    @lru_cache(maxsize=16_384)
    def masks(codes: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
        kept = {code: code for code in (*fixed, *others)}
        for code in codes:
            if code not in kept:
                taken, n = set(kept.values()), 1
                while f"#{n}" in taken:
                    n += 1
                kept[code] = f"#{n}"
        return tuple(kept[code] for code in codes)

    return masks


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
