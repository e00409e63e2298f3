"""What a methodology document may say, key by key, and the manifest it becomes.

Formulas are carried over as text; `program` reads them. Nothing is computed here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from methodologies.agreement import agree
from methodologies.manifest import (
    Cap,
    Claim,
    EvidenceSpec,
    FactorNeed,
    InputSpec,
    Label,
    Manifest,
    ParameterSpec,
    RuleSpec,
    TermSpec,
    Vector,
)
from methodologies.shape import Table, label
from methodologies.strict_yaml import refuse

LANGUAGE = "1"
DERIVED_UNITS = ("s", "min", "h", "day")
SCOPES = ("traveller", "vehicle", "meter", "household-day", "order", "device-serial")
CHOICES = ("pack", "date", "grid_region")
_ID = re.compile(r"[a-z][a-z0-9_]{1,59}")
_VERSION = re.compile(r"(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_CODE = re.compile(r"[a-z][a-z0-9_]{0,59}")
_RULE_LABELS = {
    "not_applicable": {"zh": "适用条件", "en": "applies only if"},
    "hold": {"zh": "核验规则,不满足则待人工复核", "en": "plausible only if, else held"},
    "reject": {"zh": "核验规则,不满足则拒绝", "en": "accepted only if, else rejected"},
}


def manifest_of(tree: dict[str, Any]) -> tuple[Manifest, tuple[Vector, ...]]:
    """The manifest and the vectors of a document.

    Raises:
        DocumentError: a key is missing, unknown or ill-formed, or names do not agree.
    """
    table = Table(tree, "the document")
    language = table.one_of("language", (LANGUAGE,))
    identity = _identity(table)
    inputs = dict(_inputs(table))
    parameters = dict(_parameters(table))
    factors = tuple(_factor(name, entry) for name, entry in table.named("factors"))
    terms = tuple(_term(name, entry) for name, entry in table.named("terms"))
    scope, late_days = _scope(table)
    evidence = _evidence(table)
    manifest = Manifest(
        **identity,
        language=language,
        upstream=tuple(_texts(row) for row in table.tables("upstream", empty=False)),
        scope=scope,
        late_evidence_days=late_days,
        inputs=inputs,
        parameters=parameters,
        factors=factors,
        terms=terms,
        result=table.text("result"),
        applicable_if=tuple(_applicable(row) for row in table.tables("applicable_if")),
        verification=tuple(_verification(row) for row in table.tables("verification")),
        caps=tuple(_cap(row) for row in table.tables("caps")),
        claims=tuple(_claim(row) for row in table.tables("claims")),
        natural_key=table.names("natural_key", empty=False),
        evidence=evidence,
        sentence=table.label("sentence"),
        labels=_labels(inputs, parameters, factors, terms),
    )
    _rounding(Table(table.need("rounding"), "rounding"))
    vectors = tuple(_vector(row) for row in table.tables("vectors"))
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


def _texts(table: Table) -> dict[str, str]:
    found = {key: table.text(key) for key in ("issuer", "document", "year", "use")}
    found["grade"] = table.one_of("grade", ("P", "R", "T", "U", "D"))
    table.close()
    return found


def _scope(table: Table) -> tuple[Mapping[str, Any], int]:
    scope = Table(table.need("scope"), "scope")
    found: dict[str, Any] = {key: scope.text(key) for key in ("sector", "leakage", "additionality")}
    found |= {key: scope.label(key) for key in ("act", "baseline", "project")}
    found |= {key: scope.names(key, empty=False) for key in ("regions", "gases")}
    late_days = scope.whole("late_evidence_days", 0, 3650)
    scope.close()
    return found, late_days


def _inputs(table: Table) -> Iterator[tuple[str, InputSpec]]:
    for name, entry in table.named("inputs"):
        kind = entry.one_of("type", ("decimal", "integer", "instant", "code"))
        numeric = kind in ("decimal", "integer")
        derived = entry.names("from")
        if derived and (len(derived) != 2 or not numeric):
            raise refuse(f"{name}: only a number is derived, from two instants", derived[0])
        spec = InputSpec(
            name=name,
            type=kind,
            label=entry.label("label"),
            unit=entry.unit("unit") if numeric else "",
            minimum=entry.number("min") if numeric else None,
            maximum=entry.number("max") if numeric else None,
            places=entry.whole("places", 0, 12, "6") if kind == "decimal" else 0,
            derived_from=(derived[0], derived[1]) if derived else None,
            one_of=entry.names("one_of") if kind == "code" else (),
            personal=entry.one_of("personal", ("no", "yes", "sensitive"), "no"),
        )
        entry.close()
        if derived and spec.unit not in DERIVED_UNITS:
            raise refuse(f"{name}: a span has a unit of {', '.join(DERIVED_UNITS)}", derived[0])
        yield name, spec


def _parameters(table: Table) -> Iterator[tuple[str, ParameterSpec]]:
    for name, entry in table.named("parameters"):
        if entry.one_of("type", ("decimal", "code"), "decimal") == "code":
            made = ParameterSpec(name, entry.text("value"), "", entry.label("label"))
        else:
            value = entry.number("value")
            made = ParameterSpec(name, value, entry.unit("unit"), entry.label("label"))
        entry.close()
        yield name, made


def _factor(name: str, entry: Table) -> FactorNeed:
    need = FactorNeed(
        name=name,
        unit=entry.unit("unit"),
        label=entry.label("label"),
        minimum=entry.number("min"),
        maximum=entry.number("max"),
        choose_by=entry.names("choose_by", empty=False),
    )
    entry.close()
    if need.choose_by not in (CHOICES[:2], CHOICES):
        raise refuse("choose_by is [pack, date] or [pack, date, grid_region]", need.choose_by[0])
    return need


def _term(name: str, entry: Table) -> TermSpec:
    term = TermSpec(name, entry.text("formula"), entry.unit("unit"), entry.label("label"))
    entry.close()
    return term


def _reason(entry: Table) -> str:
    because = entry.text("because")
    if not _CODE.fullmatch(because):
        raise refuse("a reason code is lower-case letters, digits and underscores", because)
    return because


def _rule_label(entry: Table, otherwise: str) -> Label:
    return label(entry.take("label", _RULE_LABELS[otherwise]), "label")


def _applicable(entry: Table) -> RuleSpec:
    rule_label = _rule_label(entry, "not_applicable")
    rule = RuleSpec(entry.text("if"), "not_applicable", _reason(entry), rule_label)
    entry.close()
    return rule


def _verification(entry: Table) -> RuleSpec:
    otherwise = entry.one_of("otherwise", ("hold", "reject"))
    rule_label = _rule_label(entry, otherwise)
    rule = RuleSpec(entry.text("expect"), otherwise, _reason(entry), rule_label)
    entry.close()
    return rule


def _cap(entry: Table) -> Cap:
    cap = Cap(
        count=entry.text("count"),
        per=entry.one_of("per", ("citizen",)),
        window=entry.one_of("window", ("day", "month", "quarter", "year")),
        maximum=entry.number("max"),
        because=_reason(entry),
    )
    entry.close()
    return cap


def _claim(entry: Table) -> Claim:
    during = entry.names("during")
    if during and len(during) != 2:
        raise refuse("during names two instants", during[0])
    claim = Claim(
        scope=entry.one_of("scope", SCOPES),
        subject=entry.text("subject"),
        during=(during[0], during[1]) if during else None,
        facet=entry.text("facet") if "facet" in entry.left else "",
        if_absent=entry.one_of("if_absent", ("citizen",)) if "if_absent" in entry.left else "",
    )
    entry.close()
    return claim


def _evidence(table: Table) -> EvidenceSpec:
    entry = Table(table.need("evidence"), "evidence")
    evidence = EvidenceSpec(
        tier=entry.one_of("tier", ("A", "B", "C")),
        poolable=entry.one_of("poolable", ("yes", "no")) == "yes",
        retention_days=entry.whole("retention_days", 1, 36500),
        fields=entry.names("fields"),
        required=entry.names("required"),
    )
    entry.close()
    return evidence


def _rounding(entry: Table) -> None:
    """Only one way to round exists; a document says it so that a reader need not know."""
    entry.one_of("to", ("1 gCO2e",))
    entry.one_of("mode", ("floor",))
    entry.one_of("below_zero", ("zero",))
    entry.close()


def _vector(entry: Table) -> Vector:
    def values(key: str, *, needed: bool = True) -> dict[str, str]:
        table = Table(entry.need(key) if needed else entry.take(key, {}), key)
        return {str(name): table.text(name) for name in list(table.left)}

    vector = Vector(
        name=entry.text("name"),
        given=values("given"),
        factors=values("factors", needed=False),
        expect=values("expect"),
        limits=values("limits", needed=False),
    )
    entry.close()
    return vector


def _labels(
    inputs: Mapping[str, InputSpec],
    parameters: Mapping[str, ParameterSpec],
    factors: tuple[FactorNeed, ...],
    terms: tuple[TermSpec, ...],
) -> dict[str, Label]:
    specs: list[InputSpec | ParameterSpec | FactorNeed | TermSpec] = []
    specs += [*inputs.values(), *parameters.values(), *factors, *terms]
    return {spec.name: spec.label for spec in specs}
