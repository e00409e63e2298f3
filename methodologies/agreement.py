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
RESERVED_FIELDS = frozenset({"citizen", "provider", "occurred_on", "received_at"})


def agree(manifest: Manifest, tree: dict[str, Any]) -> None:
    """Refuse a manifest whose parts contradict each other.

    Raises:
        DocumentError: a name is declared twice, or used and never declared.
    """
    _names_differ(manifest)
    _spans(manifest)
    _evidence(manifest)
    _caps_and_claims(manifest, tree)
    _sentence(manifest)


def instants(manifest: Manifest) -> tuple[str, ...]:
    """The names of the inputs that are moments."""
    return tuple(name for name, spec in manifest.inputs.items() if spec.type == "instant")


def _names_differ(manifest: Manifest) -> None:
    seen: set[str] = set()
    groups: Iterable[Iterable[str]] = (
        manifest.inputs,
        manifest.parameters,
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
        if "grid_region" in need.choose_by:
            region = manifest.inputs.get("grid_region")
            if region is None or region.type != "code":
                raise refuse(
                    f"{need.name}: a grid region needs a code input grid_region", need.name
                )


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


def _caps_and_claims(manifest: Manifest, tree: dict[str, Any]) -> None:
    numbers = {name for name, spec in manifest.inputs.items() if spec.unit}
    terms = {term.name for term in manifest.terms}
    if manifest.result not in terms:
        raise refuse(f"result: there is no term {manifest.result!r}", tree.get("result"))
    for cap in manifest.caps:
        if cap.count not in numbers | terms | {"acts"}:
            raise refuse(f"caps: there is no term or input {cap.count!r}", cap.count)
        if cap.maximum <= 0:
            raise refuse("caps: max is above zero", cap.count)
    moments = instants(manifest)
    texts = {name for name, spec in manifest.inputs.items() if spec.type == "code"}
    texts |= set(manifest.evidence.fields)
    for claim in manifest.claims:
        for name in claim.during or ():
            if name not in moments:
                raise refuse(f"claims: there is no instant {name!r}", name)
        if claim.subject == "citizen":
            continue
        if claim.subject not in texts:
            raise refuse(f"claims: the evidence has no {claim.subject!r}", claim.subject)
        if claim.subject not in manifest.evidence.required and not claim.if_absent:
            raise refuse(
                f"claims: {claim.subject!r} may be missing: require it or say if_absent",
                claim.subject,
            )


def _sentence(manifest: Manifest) -> None:
    known = manifest.labels.keys() | {"grams"}
    for language, text in manifest.sentence.items():
        for name in _SLOT.findall(text):
            if name not in known:
                raise refuse(f"sentence.{language}: there is no {name[:60]!r}", text)
        if _SINGLE_BRACE.search(_SLOT.sub("", text)):
            raise refuse(f"sentence.{language}: a brace is not closed", text)
