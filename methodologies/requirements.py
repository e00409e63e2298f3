"""The rules of conformance, one function each: what every methodology must keep.

Each takes a methodology and a number of acts to try, and tells what is wrong in words. The
names by which they are known stand in `RULES`; `conformance` runs them.
"""

import decimal
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from methodologies.bounds import Unbounded, bounds, largest_grams
from methodologies.canonical import content_hash
from methodologies.contract import EXACT, Methodology, Plugin, Quantification, Vector
from methodologies.documents import Document, rebuilt
from methodologies.evidence import may_be_absent
from methodologies.language.check import Checked
from methodologies.language.walk import evaluate
from methodologies.purity import impurities
from methodologies.strict_yaml import DocumentError
from methodologies.trials import acts_of, context_of, evidence_of, readable

_STATUSES = ("quantified", "not_applicable", "held", "rejected", "error")
_STRANGE = decimal.Context(prec=5, rounding=decimal.ROUND_UP, traps=[])
"""Somebody else's arithmetic, which must not be able to change a result."""


def _labels(methodology: Methodology, _: int) -> Iterator[str]:
    manifest = methodology.manifest
    texts = {"title": manifest.title, "sentence": manifest.sentence, **manifest.labels}
    texts |= {
        rule.because: rule.label for rule in (*manifest.applicable_if, *manifest.verification)
    }
    for name, label in texts.items():
        for language in ("zh", "en"):
            if not label.get(language, "").strip():
                yield f"{name} has no text in {language}"


def _names_agree(methodology: Methodology, _: int) -> Iterator[str]:
    manifest = methodology.manifest
    for vector in methodology.vectors:
        if not readable(vector, manifest):
            yield f"{vector.name}: what is given cannot be read"
        for name in vector.given.keys() - manifest.inputs.keys():
            yield f"{vector.name}: there is no input {name}"
        for name in manifest.replay_inputs:
            spec = manifest.inputs[name]
            if name not in vector.given and not may_be_absent(manifest, spec):
                yield f"{vector.name}: the input {name} is not given"
        needed = {need.name for need in manifest.factors if not need.optional}
        known = {need.name for need in manifest.factors}
        for name in (needed - vector.factors.keys()) | (vector.factors.keys() - known):
            yield f"{vector.name}: the factor {name} is missing or not needed"
        told = {"status", "because", "grams", *(term.name for term in manifest.terms)}
        for name in vector.expect.keys() - told:
            yield f"{vector.name}: nothing called {name} can be expected"
        if vector.expect.get("status") not in _STATUSES:
            yield f"{vector.name}: the expected status is missing"


def _vectors(methodology: Methodology, _: int) -> Iterator[str]:
    if not methodology.vectors:
        yield "there is no worked example"
    for vector, found, shown in _answers(methodology):
        actual = {"status": found.status, "because": found.reason_code or ""}
        actual |= {"grams": str(found.grams), **shown}
        for name, wanted in vector.expect.items():
            if not _same(actual.get(name, ""), wanted):
                yield f"{vector.name}: {name} is {actual.get(name, 'nothing')}, not {wanted}"


def _branches(methodology: Methodology, _: int) -> Iterator[str]:
    """Every rule refuses some worked example, and every ``if`` is taken both ways."""
    manifest = methodology.manifest
    refused = {found.reason_code for _, found, _ in _answers(methodology)}
    for rule in (*manifest.applicable_if, *manifest.verification):
        if rule.because not in refused:
            yield f"no worked example is refused by {rule.because}"
    if not any(found.status == "quantified" for _, found, _ in _answers(methodology)):
        yield "no worked example is quantified"
    if isinstance(methodology, Document):
        yield from _untaken(methodology)


def _untaken(document: Document) -> Iterator[str]:
    taken: set[tuple[int, bool]] = set()

    def visit(tree: Checked, *, holds: bool) -> None:
        taken.add((id(tree), holds))

    for vector, found, _ in _answers(document):
        values: dict[str, Any] = evidence_of(vector, document.manifest)
        context = context_of(vector, document.manifest)
        values |= {name: factor.value for name, factor in context.factors.items()}
        values |= {name: item.value for name, item in document.manifest.parameters.items()}
        with suppress(ArithmeticError):
            for _, tree in document.program.rules:
                evaluate(tree, values, EXACT, visit)
            for term, tree in document.program.terms if found.status == "quantified" else ():
                value = evaluate(tree, values, EXACT, visit)
                values[term.name] = min(value, context.limits.get(term.name, value))
    for name, tree in _conditionals(document):
        for holds in (True, False):
            if (id(tree), holds) not in taken:
                yield f"no worked example takes the {'then' if holds else 'else'} of {name}"


def _conditionals(document: Document) -> Iterator[tuple[str, Checked]]:
    trees = [(rule.because, tree) for rule, tree in document.program.rules]
    trees += [(term.name, tree) for term, tree in document.program.terms]
    while trees:
        name, tree = trees.pop()
        if tree.op == "if":
            yield name, tree
        trees += [(name, arg) for arg in tree.args]


def _agreement(methodology: Methodology, random_acts: int) -> Iterator[str]:
    """The credit path and the explanation say the same, and so does a second run."""
    for evidence, context in acts_of(methodology, random_acts):
        found = methodology.quantify(evidence, context)
        explained, _ = methodology.explain(evidence, context)
        if found != explained:
            yield f"quantify says {found}, explain says {explained}, of {evidence}"
            return
        shuffled = dict(reversed(list(evidence.items())))
        with decimal.localcontext(_STRANGE):
            again = methodology.quantify(shuffled, context)
        if again != found:
            yield f"a second run differs, of {evidence}"
            return


def _never_negative(methodology: Methodology, random_acts: int) -> Iterator[str]:
    for evidence, context in acts_of(methodology, random_acts):
        found = methodology.quantify(evidence, context)
        if found.grams < 0 or (found.grams and found.status != "quantified"):
            yield f"{found.grams} g with the status {found.status}, of {evidence}"
            return


def _caps(methodology: Methodology, random_acts: int) -> Iterator[str]:
    """Caps name what is counted, the counts are told, and a limit is obeyed."""
    manifest = methodology.manifest
    counted = {cap.count for cap in manifest.caps} - {"acts"}
    told = counted | set(manifest.kept_terms)
    if manifest.engagement is not None:
        told |= {manifest.engagement.count} - {"acts"}
    terms = {term.name for term in manifest.terms}
    for name in sorted(counted - terms - manifest.inputs.keys()):
        yield f"the cap counts {name}, which is no term and no input"
    for evidence, context in acts_of(methodology, random_acts):
        found = methodology.quantify(evidence, context)
        if found.status == "quantified" and found.counts.keys() != told:
            yield f"the counts told are {sorted(found.counts)}, not {sorted(told)}"
            return
        for name in counted & found.counts.keys():
            if found.counts[name] < 0:
                yield f"{name} is negative and would give back what others used, of {evidence}"
                return
        for name in counted & terms & found.counts.keys():
            half = EXACT.divide(found.counts[name], Decimal(2))
            limits = {**context.limits, name: half}
            after = methodology.quantify(evidence, replace(context, limits=limits))
            if after.counts.get(name) != half or after.grams > found.grams:
                yield f"the limit {half} on {name} is not obeyed, of {evidence}"
                return


def _bounded(methodology: Methodology, random_acts: int) -> Iterator[str]:
    """The most grams of an act are stated and true, and no act exceeds its own window."""
    manifest = methodology.manifest
    stated = manifest.largest_act
    if manifest.engagement is None and stated is None:
        yield "largest_act is not stated"
    elif stated is not None:
        acts = acts_of(methodology, random_acts)
        most = max((methodology.quantify(*act).grams for act in acts), default=0)
        if most > stated:
            yield f"an act of {most} g is more than the largest_act of {stated} g"
    if not isinstance(methodology, Document):
        return
    try:
        proved = bounds(methodology)
        grams = largest_grams(methodology)
    except Unbounded as unbounded:
        yield f"no bound can be proved: {unbounded}"
        return
    if stated is not None and grams > stated:
        yield f"an act may be worth {grams} g, more than the largest_act of {stated} g"
    for cap in manifest.caps:
        if cap.count in proved and proved[cap.count][1] > cap.maximum:
            yield f"one act may exceed the cap {cap.because} on {cap.count}: cut the term to it"


def _engagement(methodology: Methodology, random_acts: int) -> Iterator[str]:
    """An engagement has no grams and is never poolable, whatever the record says."""
    if methodology.manifest.engagement is None:
        return
    for evidence, context in acts_of(methodology, random_acts):
        found = methodology.quantify(evidence, context)
        if found.grams or found.unrounded_kg or (found.status == "quantified" and found.poolable):
            yield f"an engagement with grams or fit for pooling, of {evidence}"
            return


def _pure(methodology: Methodology, _: int) -> Iterator[str]:
    """Code computes without a network, files or a clock; documents cannot do otherwise."""
    if isinstance(methodology, Plugin):
        yield from impurities(methodology)


def _round_trip(methodology: Methodology, _: int) -> Iterator[str]:
    manifest = methodology.manifest
    if content_hash(manifest.canonical_json) != manifest.content_hash:
        yield "the hash is not that of the canonical text"
    if not isinstance(methodology, Document):
        return
    try:
        again = rebuilt(manifest.canonical_json).manifest
    except DocumentError as refused:
        yield f"the canonical text is refused: {refused}"
        return
    if again.canonical_json != manifest.canonical_json:
        yield "the canonical text changes when it is read back"


RULES: Mapping[str, Callable[[Methodology, int], Iterator[str]]] = {
    "labels_in_both_languages": _labels,
    "names_agree": _names_agree,
    "vectors_pass": _vectors,
    "every_branch_has_a_vector": _branches,
    "explanation_agrees": _agreement,
    "never_negative": _never_negative,
    "largest_act_holds": _bounded,
    "caps_are_obeyed": _caps,
    "engagement_has_no_grams": _engagement,
    "pure": _pure,
    "canonical_round_trip": _round_trip,
}
"""The rules by name, in the order in which they are told."""


def _answers(
    methodology: Methodology,
) -> Iterator[tuple[Vector, Quantification, Mapping[str, str]]]:
    """Each worked example, its answer, and the values of its terms (after caps)."""
    for vector in methodology.vectors:
        if not readable(vector, methodology.manifest):
            continue  # `names_agree` tells why
        evidence = evidence_of(vector, methodology.manifest)
        context = context_of(vector, methodology.manifest)
        found = methodology.quantify(evidence, context)
        _, steps = methodology.explain(evidence, context)
        yield vector, found, {s.name: s.value for s in steps if s.kind in ("term", "cap")}


def _same(actual: str, wanted: str) -> bool:
    if actual == wanted:
        return True
    try:
        return Decimal(actual) == Decimal(wanted)
    except ArithmeticError:
        return False
