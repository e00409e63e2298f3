"""Documents: a methodology written down, loaded from YAML or rebuilt from canonical JSON.

YAML is only how a document comes in. What is kept, hashed and compared is the canonical
JSON; both ways lead to the same `Document`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from methodologies.canonical import canonical_json, content_hash
from methodologies.contract import Context, Manifest, Quantification, Step, Vector
from methodologies.explanation import explained
from methodologies.program import Program, program_of
from methodologies.schema import manifest_of
from methodologies.strict_yaml import BYTES_MAX, DocumentError, Tree, load

__all__ = ["Document", "DocumentError", "from_canonical", "load_document", "load_text"]

ORDERED = ("inputs", "parameters", "factors", "terms")
"""Mappings whose order means something; in canonical form they are lists."""
_CANONICAL_BYTES_MAX = 2 * BYTES_MAX


@dataclass(frozen=True, slots=True)
class Document:
    """A methodology that was written, not programmed."""

    manifest: Manifest
    vectors: tuple[Vector, ...]
    program: Program

    def quantify(self, evidence: Mapping[str, Any], context: Context) -> Quantification:
        """The grams of one act, by the compiled function.

        Args:
            evidence: what `evidence.Reader.read` or `inputs_from_json` returned.
            context: the day of the act, its factors, and what window caps still allow.

        Returns:
            A `Quantification`; what cannot be computed has the status ``error``.
        """
        if context.limits and not self.program.capped_terms.issuperset(context.limits):
            return Quantification.error("unknown_limit")
        try:
            return self.program.run(evidence, context)
        except ArithmeticError:
            return Quantification.error("arithmetic")
        except KeyError:
            return Quantification.error("incomplete")

    def explain(
        self, evidence: Mapping[str, Any], context: Context
    ) -> tuple[Quantification, tuple[Step, ...]]:
        """The same answer, by walking the formulas, and every step of it."""
        return explained(self.manifest, self.program, evidence, context)


def load_text(text: str) -> Document:
    """The methodology a YAML text describes.

    Raises:
        DocumentError: the text is refused; the error says why and where.
    """
    placed = _document(load(text))  # texts that know their place, for the sake of errors
    return from_canonical(placed.manifest.canonical_json)  # plain texts, as from a database


def load_document(path: Path) -> Document:
    """The methodology a YAML file describes.

    Raises:
        DocumentError: the text is refused; the error says why and where.
    """
    try:
        return load_text(path.read_text(encoding="utf-8"))
    except DocumentError as refused:
        raise DocumentError(
            f"{path.name}: {refused.message}", refused.line, refused.column
        ) from None
    except UnicodeDecodeError:
        raise DocumentError(f"{path.name}: not UTF-8") from None


def from_canonical(json_text: str) -> Document:
    """The methodology that was kept as canonical JSON.

    Key order and white space may have been lost (``jsonb`` loses both); the manifest's
    ``canonical_json`` and ``content_hash`` are made anew and come out the same.

    Raises:
        DocumentError: the text is no document.
    """
    return _document(tree_of_json(json_text))


def tree_of_json(json_text: str) -> Tree:
    """A tree of texts out of JSON, as strict as the one out of YAML.

    Raises:
        DocumentError: not JSON, too large, a key twice, or a scalar that is not text.
    """
    if len(json_text) > _CANONICAL_BYTES_MAX:
        raise DocumentError("the stored document is too large")

    def table(pairs: list[tuple[str, Any]]) -> Tree:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise DocumentError("a key stands twice")
        for value in found.values():
            for item in value if isinstance(value, list) else (value,):
                if not isinstance(item, str | dict):
                    raise DocumentError("every scalar of a stored document is text")
        return found

    try:
        tree = json.loads(json_text, object_pairs_hook=table)
    except (json.JSONDecodeError, RecursionError):
        raise DocumentError("the stored document is not JSON") from None
    if not isinstance(tree, dict):
        raise DocumentError("a document is a mapping")
    return tree


def _document(tree: Tree) -> Document:
    manifest, vectors = manifest_of(tree)
    program = program_of(manifest)
    text = canonical_json({key: _ordered(key, value) for key, value in tree.items()})
    read = set(program.inputs)
    for need in manifest.factors:
        read |= {"grid_region"} & set(need.choose_by)
    named = replace(
        manifest,
        replay_inputs=tuple(name for name in manifest.inputs if name in read),
        canonical_json=text,
        content_hash=content_hash(text),
    )
    return Document(named, vectors, program)


def _ordered(key: str, value: Any) -> Any:
    if key in ORDERED and isinstance(value, dict):
        return [{"name": name} | content for name, content in value.items()]
    return value
