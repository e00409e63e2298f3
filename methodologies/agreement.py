"""Whether the parts of a manifest fit each other: names that are used must be declared.

Formulas are not read here; `program` does that.
"""

import re
from collections.abc import Iterable
from typing import Any

from methodologies.manifest import Manifest
from methodologies.shape import NAME
from methodologies.strict_yaml import DocumentError, refuse

_SLOT = re.compile(r"\{([^{}]*)\}")
_SINGLE_BRACE = re.compile(r"[{}]")
RESERVED_FIELDS = frozenset({"citizen", "household", "provider", "occurred_on", "received_at"})


def agree(manifest: Manifest, tree: dict[str, Any]) -> None:
    """Refuse a manifest whose parts contradict each other.

    Raises:
        DocumentError: a name is declared twice, or used and never declared.
    """
    _names_differ(manifest)
    _spans(manifest)
    _evidence(manifest)
    _result(manifest, tree)
    _caps(manifest)
    _claims(manifest)
    _history(manifest)
    _lists(manifest)
    _sentence(manifest)


def instants(manifest: Manifest) -> tuple[str, ...]:
    """The names of the inputs that are moments."""
    return tuple(name for name, spec in manifest.inputs.items() if spec.type == "instant")


def _names_differ(manifest: Manifest) -> None:
    seen: set[str] = set()
    groups: Iterable[Iterable[str]] = (
        manifest.inputs,
        manifest.parameters,
        manifest.tables,
        (need.name for need in manifest.factors),
        (term.name for term in manifest.terms),
        manifest.evidence.fields,
    )
    for group in groups:
        for name in group:
            if name in seen or name in RESERVED_FIELDS:
                raise refuse(f"the name {name!r} is taken", name)
            seen.add(name)
    for spec in manifest.inputs.values():
        if spec.minimum is not None and spec.maximum is not None and spec.minimum > spec.maximum:
            raise refuse(f"{spec.name}: min is above max", spec.name)
    for need in manifest.factors:
        if need.minimum is not None and need.maximum is not None and need.minimum > need.maximum:
            raise refuse(f"{need.name}: min is above max", need.name)
        for key in need.choose_by[2:]:
            chosen = manifest.inputs.get(key)
            if chosen is None or chosen.type != "code":
                raise refuse(f"{need.name}: there is no code input {key!r} to choose by", need.name)
            if chosen.personal == "sensitive":
                raise refuse(f"{need.name}: {key!r} is kept, so it is not sensitive", need.name)


def _spans(manifest: Manifest) -> None:
    moments = {*instants(manifest), "received_at"}
    if len(moments) < 2:
        raise DocumentError("inputs: an act has at least one instant")
    if len(moments) > 2 and "ended_at" not in moments:
        raise DocumentError("inputs: of several instants one is ended_at, the end of the act")
    for spec in manifest.inputs.values():
        for name in spec.derived_from or ():
            if name not in moments:
                raise refuse(f"{spec.name}: there is no instant {name!r}", name)
        if spec.derived_from and spec.derived_from[0] == spec.derived_from[1]:
            raise refuse(f"{spec.name}: a span has two different ends", spec.name)


def _evidence(manifest: Manifest) -> None:
    given = {name for name, spec in manifest.inputs.items() if spec.derived_from is None}
    given -= manifest.history.keys()
    known = given | set(manifest.evidence.fields)
    for name in manifest.evidence.fields:
        if not NAME.fullmatch(name):
            raise refuse(f"{name[:60]!r} cannot be a field", name)
    for name in manifest.evidence.required:
        if name not in known:
            raise refuse(f"required: the evidence has no {name!r}", name)
    for name in instants(manifest):
        if name not in manifest.evidence.required:
            raise refuse(f"the instant {name!r} must be required", name)
    for name in manifest.natural_key:
        if name not in known | {"provider"}:
            raise refuse(f"natural_key: the evidence has no {name!r}", name)


def _caps(manifest: Manifest) -> None:
    numbers = {name for name, spec in manifest.inputs.items() if spec.unit and spec.type != "list"}
    terms = {term.name for term in manifest.terms}
    for name in manifest.kept_terms:
        if name not in terms:
            raise refuse(f"kept_terms: there is no term {name!r}", name)
    for cap in manifest.caps:
        if cap.count not in numbers | terms | {"acts"}:
            raise refuse(f"caps: there is no term or input {cap.count!r}", cap.count)
        if cap.maximum <= 0:
            raise refuse("caps: max is above zero", cap.count)
        if cap.subject:
            _named(manifest, cap.subject, "caps")


def _texts(manifest: Manifest) -> set[str]:
    """What a record says in words: codes and fields."""
    codes = {name for name, spec in manifest.inputs.items() if spec.type == "code"}
    return codes | set(manifest.evidence.fields)


def _named(manifest: Manifest, name: str, where: str) -> None:
    if name not in _texts(manifest):
        raise refuse(f"{where}: the evidence has no {name!r}", name)


def _claims(manifest: Manifest) -> None:
    moments = instants(manifest)
    for claim in manifest.claims:
        for name in claim.during or ():
            if name not in moments:
                raise refuse(f"claims: there is no instant {name!r}", name)
        for name in _SLOT.findall(claim.facet):
            _named(manifest, name, "claims")
        if claim.within and claim.within != "provider":
            _named(manifest, claim.within, "claims")
        if claim.subject in ("citizen", "household"):
            continue
        _named(manifest, claim.subject, "claims")
        if claim.subject not in manifest.evidence.required and not claim.if_absent:
            raise refuse(
                f"claims: {claim.subject!r} may be missing: require it or say if_absent",
                claim.subject,
            )


def _history(manifest: Manifest) -> None:
    kept = {*manifest.inputs, *manifest.kept_terms} - manifest.history.keys()
    for name, spec in manifest.history.items():
        if spec.of and spec.of not in kept and spec.kind != "counted_same_period":
            raise refuse(f"{name}: {spec.of!r} is no input and no kept term", spec.of)
        if spec.subject not in ("citizen", "household"):
            _named(manifest, spec.subject, name)
        for each in spec.same:
            _named(manifest, each, name)
        if name in manifest.evidence.required:
            raise refuse(f"required: {name!r} is history, not evidence", name)


def _lists(manifest: Manifest) -> None:
    """An absent list is an empty one, so one that cannot be empty is required."""
    for name, spec in manifest.inputs.items():
        must = spec.type == "list" and spec.items_min > 0 and name not in manifest.history
        if must and name not in manifest.evidence.required:
            raise refuse(f"the list {name!r} must be required", name)


def _result(manifest: Manifest, tree: dict[str, Any]) -> None:
    terms = {term.name for term in manifest.terms}
    if manifest.engagement is None:
        if manifest.result not in terms:
            raise refuse(f"result: there is no term {manifest.result!r}", tree.get("result"))
        if manifest.evidence.tier == "D":
            raise refuse("what the citizen shows (tier D) is an engagement", tree.get("result"))
        return
    count = manifest.engagement.count
    if count not in terms | {"acts"}:
        raise refuse(f"engagement: there is no term {count!r}", count)
    if manifest.factors or manifest.evidence.poolable or manifest.shares:
        raise refuse("an engagement has no factors, no shares and is not poolable", count)
    if any("CO2e" in term.unit for term in manifest.terms):
        raise refuse("an engagement has no grams in its terms", count)


def _sentence(manifest: Manifest) -> None:
    known = manifest.labels.keys() | {"grams"}
    for language, text in manifest.sentence.items():
        for name in _SLOT.findall(text):
            if name not in known:
                raise refuse(f"sentence.{language}: there is no {name[:60]!r}", text)
        if _SINGLE_BRACE.search(_SLOT.sub("", text)):
            raise refuse(f"sentence.{language}: a brace is not closed", text)
