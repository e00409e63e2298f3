"""Documents: a methodology written down, loaded from YAML or rebuilt from canonical JSON.

YAML is only how a document comes in. What is kept, hashed and compared is the canonical
JSON; both ways lead to the same `Document`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from methodologies import examples
from methodologies.canonical import canonical_json, content_hash
from methodologies.contract import Context, Manifest, Quantification, Step, Vector
from methodologies.explanation import explained
from methodologies.program import Program, program_of
from methodologies.schema import manifest_of
from methodologies.strict_yaml import BYTES_MAX, DocumentError, Tree, load, refuse

__all__ = ["Document", "DocumentError", "from_canonical", "load_document", "load_text", "rebuilt"]

ORDERED = ("inputs", "history", "parameters", "tables", "factors", "terms")
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


def load_text(text: str, vectors: str | None = None) -> Document:
    """The methodology a YAML text describes.

    Args:
        text: the document.
        vectors: its worked examples, where they stand apart as in ``vectors.yaml``.

    Raises:
        DocumentError: the text is refused; the error says why and where.
    """
    tree = load(text)
    if vectors is not None:
        if "vectors" in tree:
            raise refuse("the vectors stand in vectors.yaml", tree["vectors"])
        tree["vectors"] = examples.expanded(load(vectors))
    placed = _document(tree)  # texts that know their place, for the sake of errors
    return from_canonical(placed.manifest.canonical_json)  # plain texts, as from a database


def load_document(path: Path) -> Document:
    """The methodology of one YAML file, or of a folder with ``methodology.yaml``.

    In a folder the worked examples may stand apart in ``vectors.yaml``, where ``common``
    holds what they share.

    Raises:
        DocumentError: the text is refused; the error says why and where.
    """
    if not path.is_dir():
        tree = load(_text_of(path))
        return _rebuilt(tree, path.name)
    tree = load(_text_of(path / "methodology.yaml"))
    apart = path / "vectors.yaml"
    if apart.exists():
        if "vectors" in tree:
            raise refuse("the vectors stand in vectors.yaml", tree["vectors"])
        tree["vectors"] = examples.expanded(load(_text_of(apart)))
    return _rebuilt(tree, f"{path.parent.name}/{path.name}")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise DocumentError(f"{path.name}: not UTF-8") from None


def _rebuilt(tree: Tree, name: str) -> Document:
    try:
        return from_canonical(_document(tree).manifest.canonical_json)
    except DocumentError as refused:
        raise DocumentError(f"{name}: {refused.message}", refused.line, refused.column) from None


@lru_cache(maxsize=256)
def from_canonical(json_text: str) -> Document:
    """The methodology that was kept as canonical JSON; the same one for the same text.

    Key order and white space may have been lost (``jsonb`` loses both); the manifest's
    ``canonical_json`` and ``content_hash`` are made anew and come out the same.

    Raises:
        DocumentError: the text is no document.
    """
    return rebuilt(json_text)


def rebuilt(json_text: str) -> Document:
    """What `from_canonical` gives, read anew: for whoever checks that nothing is lost.

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
        read |= set(need.choose_by[2:])
    for spec in manifest.history.values():
        read |= {spec.of} & manifest.inputs.keys()
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
