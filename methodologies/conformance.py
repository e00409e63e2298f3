"""Named rules that every methodology must pass before an officer may submit it.

The same rules run for a document in the shop and for a plug-in on an author's machine. A
finding names its rule; no findings means ready.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from methodologies.canonical import content_hash
from methodologies.contract import EXACT, Context, Methodology, Quantification, Vector
from methodologies.documents import Document, from_canonical
from methodologies.language.check import Checked
from methodologies.language.walk import evaluate
from methodologies.strict_yaml import DocumentError
from methodologies.trials import acts_of, context_of, evidence_of, readable

RANDOM_ACTS = 200
_STATUSES = ("quantified", "not_applicable", "held", "rejected", "error")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the rule that says so, and the detail."""

    rule: str
    detail: str


def check(methodology: Methodology, *, random_acts: int = RANDOM_ACTS) -> list[Finding]:
    """Everything that is wrong with a methodology, by rule.

    Args:
        methodology: a document or a plug-in.
        random_acts: how many acts within the declared bounds are tried.
    """
    return [
        Finding(name, detail)
        for name, rule in RULES.items()
        for detail in rule(methodology, random_acts)
    ]


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
            if name not in vector.given:
                yield f"{vector.name}: the input {name} is not given"
        needed = {need.name for need in manifest.factors}
        for name in vector.factors.keys() ^ needed:
            yield f"{vector.name}: the factor {name} is missing or not needed"
        known = {"status", "because", "grams", *(term.name for term in manifest.terms)}
        for name in vector.expect.keys() - known:
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
                values[term.name] = evaluate(tree, values, EXACT, visit)
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
        if methodology.quantify(shuffled, context) != found:
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
    terms = {term.name for term in manifest.terms}
    for name in sorted(counted - terms - manifest.inputs.keys()):
        yield f"the cap counts {name}, which is no term and no input"
    for evidence, context in acts_of(methodology, random_acts):
        found = methodology.quantify(evidence, context)
        if found.status == "quantified" and found.counts.keys() != counted:
            yield f"the counts told are {sorted(found.counts)}, not {sorted(counted)}"
            return
        for name in counted & terms & found.counts.keys():
            half = EXACT.divide(found.counts[name], Decimal(2))
            limited = Context(context.occurred_on, context.factors, {name: half})
            after = methodology.quantify(evidence, limited)
            if after.counts.get(name) != half or after.grams > found.grams:
                yield f"the limit {half} on {name} is not obeyed, of {evidence}"
                return


def _round_trip(methodology: Methodology, _: int) -> Iterator[str]:
    manifest = methodology.manifest
    if content_hash(manifest.canonical_json) != manifest.content_hash:
        yield "the hash is not that of the canonical text"
    if not isinstance(methodology, Document):
        return
    try:
        again = from_canonical(manifest.canonical_json).manifest
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
    "caps_are_obeyed": _caps,
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
