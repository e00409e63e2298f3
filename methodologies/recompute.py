"""Exported reductions computed again, with no database and no network, by anybody.

An export is JSON lines (README.md, Replay). The first line holds the documents and factor
sets themselves, under the hashes by which the other lines name them; each hash is checked.
What cannot be computed again is told, never skipped.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from methodologies.canonical import plain_number
from methodologies.contract import Context, Methodology, Quantification
from methodologies.documents import from_canonical
from methodologies.packs import FactorError, Pack, keys_of, pack_from_canonical
from methodologies.replay import OCCURRED_ON, inputs_from_json
from methodologies.strict_yaml import DocumentError

__all__ = ["ExportError", "Found", "Replayed", "header", "line", "replay_file", "replayed"]

FORMAT = "puhui-replay/1"
LINE_MAX = 64 * 1024 * 1024
FOUND_MAX = 1000


class ExportError(ValueError):
    """A file that is no export, or whose documents are not what their hashes say."""


@dataclass(frozen=True, slots=True)
class Found:
    """One reduction that does not come out as exported."""

    line: int
    id: str
    exported: str
    recomputed: str
    why: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to: how many reductions, how many agree, and the first that do not."""

    reductions: int
    agreed: int
    grams: int
    found: tuple[Found, ...]

    @property
    def clean(self) -> bool:
        """Whether every reduction came out to the gram."""
        return self.agreed == self.reductions


def header(documents: Iterable[Methodology], factor_sets: Iterable[Pack]) -> str:
    """The first line of an export."""
    held = {each.manifest.content_hash: each.manifest.canonical_json for each in documents}
    packs = {pack.content_hash: pack.canonical_json for pack in factor_sets}
    return _json({"format": FORMAT, "documents": held, "factor_sets": packs})


def line(
    *,
    reduction_id: str,
    methodology: str,
    factor_set: str,
    inputs: Mapping[str, str],
    limits: Mapping[str, Decimal],
    waived: Iterable[str],
    grams: int,
) -> str:
    """One reduction of an export.

    Args:
        reduction_id: whatever the register calls it; it says nothing of the citizen.
        methodology: content hash of the version.
        factor_set: content hash of the pack.
        inputs: what `replay.inputs_to_json` kept, ``occurred_on`` included.
        limits: what the caps still allowed, where they cut the act.
        waived: reasons to hold that an officer set aside.
        grams: as credited.
    """
    kept = {name: value for name, value in inputs.items() if name != OCCURRED_ON}
    found = {
        "id": reduction_id,
        "methodology": methodology,
        "factor_set": factor_set,
        "inputs": kept,
        OCCURRED_ON: inputs[OCCURRED_ON],
        "limits": {name: plain_number(value) for name, value in limits.items()},
        "waived": sorted(waived),
        "grams": str(grams),
    }
    return _json(found)


def replay_file(path: Path) -> Replayed:
    """Compute every reduction of an export again.

    Raises:
        ExportError: the file is no export.
        OSError: it cannot be read.
    """
    with path.open(encoding="utf-8") as lines:
        return replayed(lines)


def replayed(lines: Iterable[str]) -> Replayed:
    """Compute every reduction of an export again, line by line.

    Raises:
        ExportError: the first line is no header, or a hash in it is wrong.
    """
    numbered = enumerate(lines, start=1)
    documents, packs = _header(next(numbered, (1, ""))[1])
    reductions = agreed = grams = 0
    found: list[Found] = []
    for number, text in numbered:
        if not text.strip():
            continue
        reductions += 1
        differing, exported = _again(number, text, documents, packs)
        grams += exported
        if differing is None:
            agreed += 1
        elif len(found) < FOUND_MAX:
            found.append(differing)
    return Replayed(reductions, agreed, grams, tuple(found))


def _header(text: str) -> tuple[dict[str, Methodology], dict[str, Pack]]:
    content = _object(text)
    if content is None or content.get("format") != FORMAT:
        raise ExportError(f"the first line is no header of {FORMAT}")
    documents: dict[str, Methodology] = {}
    packs: dict[str, Pack] = {}
    try:
        for key, kept in _texts(content, "documents"):
            documents[key] = from_canonical(kept)
            if documents[key].manifest.content_hash != key:
                raise ExportError(f"the document {key[:12]} has another hash")
        for key, kept in _texts(content, "factor_sets"):
            packs[key] = pack_from_canonical(kept)
            if packs[key].content_hash != key:
                raise ExportError(f"the factor set {key[:12]} has another hash")
    except DocumentError as refused:
        raise ExportError(f"the header is refused: {refused}") from None
    return documents, packs


def _texts(content: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    held = content.get(name)
    if not isinstance(held, dict) or not all(isinstance(text, str) for text in held.values()):
        raise ExportError(f"the header has no {name}")
    yield from held.items()


def _again(
    number: int, text: str, documents: Mapping[str, Methodology], packs: Mapping[str, Pack]
) -> tuple[Found | None, int]:
    """What is different about one line, and the grams it was exported with."""
    content = _object(text)
    if content is None:
        return Found(number, "", "", "", "not a line of an export"), 0
    name, exported = str(content.get("id", "")), str(content.get("grams", ""))
    grams = int(exported) if exported.isascii() and exported.isdigit() else 0
    try:
        worth = _worth(content, documents, packs)
    except (KeyError, ValueError, TypeError, AttributeError, ArithmeticError) as refused:
        why = f"cannot be computed: {type(refused).__name__} {refused}"
        return Found(number, name, exported, "", why), grams
    except FactorError as refused:
        return Found(number, name, exported, "", f"no factor: {refused}"), grams
    # A corrected version may refuse an act that was credited: it counts, at nothing.
    counts = worth.status in {"quantified", "not_applicable", "rejected"}
    if str(worth.grams) == exported and counts:
        return None, grams
    why = worth.reason_code or "other grams"
    return Found(number, name, exported, str(worth.grams), why), grams


def _worth(
    content: Mapping[str, Any], documents: Mapping[str, Methodology], packs: Mapping[str, Pack]
) -> Quantification:
    methodology = documents[content["methodology"]]
    manifest = methodology.manifest
    day = str(content[OCCURRED_ON])
    inputs = inputs_from_json({**content["inputs"], OCCURRED_ON: day}, manifest)
    factors = packs[content["factor_set"]].resolve(
        manifest.factors,
        occurred_on=date.fromisoformat(day),
        grid_region=inputs.get("grid_region"),
        keys=keys_of(manifest.factors, inputs),
    )
    limits = {name: Decimal(value) for name, value in content.get("limits", {}).items()}
    waived = frozenset(str(reason) for reason in content.get("waived", ()))
    return methodology.quantify(inputs, Context(date.fromisoformat(day), factors, limits, waived))


def _object(text: str) -> dict[str, Any] | None:
    if len(text) > LINE_MAX:
        return None
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _json(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
