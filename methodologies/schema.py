"""What a methodology document may say, key by key, and the manifest it becomes.

Formulas are carried over as text; `program` reads them. Nothing is computed here. The
blocks stand in `declared` (what is computed with) and `duties` (what is promised).
"""

import re
from typing import Any

from methodologies import declared, duties
from methodologies.agreement import agree
from methodologies.manifest import Manifest, Vector
from methodologies.shape import Table
from methodologies.strict_yaml import refuse

LANGUAGE = "1"
_ID = re.compile(r"[a-z][a-z0-9_]{1,59}")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")


def manifest_of(tree: dict[str, Any]) -> tuple[Manifest, tuple[Vector, ...]]:
    """The manifest and the vectors of a document.

    Raises:
        DocumentError: a key is missing, unknown or ill-formed, or names do not agree.
    """
    table = Table(tree, "the document")
    language = table.one_of("language", (LANGUAGE,))
    identity = _identity(table)
    engagement = duties.engagement_of(table)
    manifest = Manifest(
        **identity,
        language=language,
        **duties.change_of(table),
        upstream=tuple(_upstream(row) for row in table.tables("upstream", empty=False)),
        **_scope(table),
        **_computed_with(table),
        result=table.text("result") if engagement is None else _no_result(table),
        engagement=engagement,
        applicable_if=tuple(map(duties.applicable_of, table.tables("applicable_if"))),
        verification=tuple(map(duties.verification_of, table.tables("verification"))),
        caps=tuple(map(duties.cap_of, table.tables("caps"))),
        claims=tuple(map(duties.claim_of, table.tables("claims"))),
        natural_key=table.names("natural_key", empty=False),
        evidence=duties.evidence_of(table),
        sentence=table.label("sentence"),
        shares=duties.shares_of(table),
        largest_act=duties.largest_act_of(table),
    )
    if engagement is None:
        duties.rounding_of(Table(table.need("rounding"), "rounding"))
    vectors = tuple(map(duties.vector_of, table.tables("vectors")))
    table.close()
    agree(manifest, tree)
    return manifest, vectors


def _identity(table: Table) -> dict[str, Any]:
    identifier, version = table.text("id"), table.text("version")
    if not _ID.fullmatch(identifier):
        raise refuse("an id is lower-case letters, digits and underscores", identifier)
    if not _VERSION.fullmatch(version):
        raise refuse("a version is three numbers: 1.0.0", version)
    return {"id": identifier, "version": version, "title": table.label("title")}


def _upstream(table: Table) -> dict[str, str]:
    """One source; a year that nobody knows is left out, or ``unknown``, and never guessed."""
    found = {key: table.text(key) for key in ("issuer", "document", "use")}
    found["year"] = table.text("year", "unknown")
    if not re.fullmatch(r"[0-9]{4}|unknown", found["year"]):
        raise refuse("year is four digits, or unknown", found["year"])
    found["grade"] = table.one_of("grade", ("P", "R", "T", "U", "D"))
    table.close()
    return found


def _scope(table: Table) -> dict[str, Any]:
    scope = Table(table.need("scope"), "scope")
    found: dict[str, Any] = {key: scope.text(key) for key in ("sector", "leakage", "additionality")}
    found |= {key: scope.label(key) for key in ("act", "baseline", "project")}
    found |= {key: scope.names(key, empty=False) for key in ("regions", "gases")}
    late_days = scope.whole("late_evidence_days", 0, 3650)
    scope.close()
    aggregation = table.one_of("aggregation", ("per_act", "day", "month"), "per_act")
    return {"scope": found, "late_evidence_days": late_days, "aggregation": aggregation}


def _computed_with(table: Table) -> dict[str, Any]:
    """Inputs and history, parameters, tables, factors and terms, and the labels of all."""
    inputs = dict(declared.inputs_of(table))
    history: dict[str, Any] = {}
    for made, spec in declared.history_of(table):
        if made.name in inputs:
            raise refuse(f"the name {made.name!r} is taken", made.name)
        inputs[made.name], history[made.name] = made, spec
    parameters = dict(declared.parameters_of(table))
    tables = dict(declared.tables_of(table))
    factors = tuple(declared.factor_of(*entry) for entry in table.named("factors"))
    terms = tuple(declared.term_of(*entry) for entry in table.named("terms"))
    groups: tuple[Any, ...] = (inputs.values(), parameters.values(), tables.values())
    return {
        "inputs": inputs,
        "history": history,
        "parameters": parameters,
        "tables": tables,
        "factors": factors,
        "terms": terms,
        "kept_terms": table.names("kept_terms"),
        "labels": declared.labels_of(*groups, factors, terms),
    }


def _no_result(table: Table) -> str:
    """An engagement says that it has no result, so that nobody takes it for an oversight."""
    table.one_of("result", ("none",))
    return ""
