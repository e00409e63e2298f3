"""Whether a methodology is ready: the named rules, a report, and the tier it has earned.

The same rules run for a document in the shop and for a plug-in on an author's machine. A
finding names its rule; no findings means ready.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pkgutil import resolve_name
from typing import Any, Literal

from methodologies.contract import Methodology
from methodologies.documents import Document
from methodologies.requirements import RULES
from methodologies.second_opinion import disagreements

__all__ = ["RULES", "Finding", "Report", "check", "conformance_suite", "report", "tier"]

RANDOM_ACTS = 200
BRONZE = frozenset(
    {"names_agree", "vectors_pass", "explanation_agrees", "never_negative", "pure"}
    | {"engagement_has_no_grams", "canonical_round_trip"}
)
"""The rules without which a methodology may not even be tried on a sample."""

Tier = Literal["none", "bronze", "silver", "gold"]
SecondOpinion = Callable[[Any], list[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: the rule that says so, and the detail."""

    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class Report:
    """All findings, and what a second, independent implementation says.

    ``disagreements`` is None where there is no second implementation to ask.
    """

    findings: tuple[Finding, ...]
    disagreements: tuple[str, ...] | None


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


def report(
    methodology: Methodology,
    *,
    random_acts: int = RANDOM_ACTS,
    second: SecondOpinion | None = None,
) -> Report:
    """The findings, and the second opinion.

    Args:
        methodology: a document or a plug-in.
        random_acts: how many acts within the declared bounds are tried.
        second: another implementation, which takes the methodology and tells in words where
            it comes to something else on a worked example. For documents there is one here;
            a plug-in brings its own.
    """
    findings = tuple(check(methodology, random_acts=random_acts))
    if second is None and isinstance(methodology, Document):
        second = disagreements
    told = None if second is None else tuple(second(methodology))
    return Report(findings, told)


def tier(found: Report) -> Tier:
    """What a report earns: bronze may be dry-run, silver activated, gold is twice proved."""
    if any(finding.rule in BRONZE for finding in found.findings):
        return "none"
    if found.findings:
        return "bronze"
    return "gold" if found.disagreements == () else "silver"


def conformance_suite(place: str) -> type:
    """A pytest class with one test for each rule: one line gives a plug-in the whole suite.

    ``TestMine = conformance_suite("my_package.module:METHODOLOGY")``

    Args:
        place: where the methodology is, as an entry point names it.
    """

    def one(rule: str, _self: object) -> None:
        found = list(RULES[rule](resolve_name(place), RANDOM_ACTS))
        assert found == [], f"{rule}: {found}"

    tests: dict[str, Any] = {"__doc__": f"Everything that is asked of {place}."}
    for rule in RULES:
        test = _Test(partial(one, rule), f"test_{rule}", f"The rule {rule} holds.")
        tests[test.__name__] = test.method()
    return type("TestConformance", (), tests)


class _Test:
    """One test function with a name and a sentence of its own."""

    def __init__(self, run: Callable[[object], None], name: str, sentence: str) -> None:
        self.run, self.__name__, self.sentence = run, name, sentence

    def method(self) -> Callable[[object], None]:
        run = self.run

        def test(self: object) -> None:
            run(self)

        test.__name__, test.__doc__ = self.__name__, self.sentence
        return test
