"""Check a methodology document: the report an author gets, with every problem's place. Pure.

The rules are those of `methodologies.conformance`; an officer without Python gets the same
report as an author with the tool.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from methodologies import conformance
from methodologies.bounds import Unbounded, bounds, largest_grams
from methodologies.canonical import plain_number
from methodologies.documents import Document, DocumentError, load_text

READABLE = "readable"
"""The first rule: the text is a document. Its problems have a line and a column."""
SECOND_OPINION = "second_opinion"
"""The last: another implementation comes to the same. It bars from gold, from nothing else."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, by rule, where it stands, and what mends it.

    ``line`` and ``column`` count from 1; 0 when the problem has no one place.
    """

    rule: str
    message: str
    line: int
    column: int
    fix: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TermBounds:
    """The least and the greatest value a term can have, exact decimals in its unit."""

    term: str
    unit: str
    least: str
    greatest: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found; ``tier`` is None for what may not even be tried."""

    document: Document | None
    problems: tuple[Problem, ...]
    tier: str | None
    bounds: tuple[TermBounds, ...]
    largest_grams: int | None

    @property
    def passes(self) -> bool:
        """Whether it may be uploaded: it can at least be tried on history."""
        return self.tier is not None

    @property
    def fit_for_force(self) -> bool:
        """Whether it may take force: no rule has anything to say."""
        return self.tier in {"silver", "gold"}


def check(text: str, vectors: str | None = None) -> Report:
    """The report on a document that somebody wrote.

    Args:
        text: the document, YAML.
        vectors: its worked examples, when they stand apart.

    """
    try:
        document = load_text(text, vectors)
    except DocumentError as refused:
        message = refused.message.encode("utf-8", "replace").decode()
        problem = Problem(READABLE, message, refused.line, refused.column, _fix(READABLE))
        return Report(None, (problem,), None, (), None)
    except UnicodeError:  # half a surrogate pair, written as an escape
        problem = Problem(READABLE, "a text holds what is no character", 0, 0, _fix(READABLE))
        return Report(None, (problem,), None, (), None)
    return checked(document)


def checked(document: Document) -> Report:
    """The report on a document that can be read."""
    found = conformance.report(document)
    problems = [Problem(each.rule, each.detail, 0, 0, _fix(each.rule)) for each in found.findings]
    if not problems:
        problems = [
            Problem(SECOND_OPINION, each, 0, 0, _fix(SECOND_OPINION))
            for each in found.disagreements or ()
        ]
    tier = conformance.tier(found)
    limits, most = _bounds(document)
    return Report(document, tuple(problems), None if tier == "none" else tier, limits, most)


def _bounds(document: Document) -> tuple[tuple[TermBounds, ...], int | None]:
    units = {term.name: term.unit for term in document.manifest.terms}
    try:
        found = bounds(document)
        most = largest_grams(document)
    except Unbounded:
        return (), None
    return (
        tuple(
            TermBounds(name, units.get(name, ""), plain_number(low), plain_number(high))
            for name, (low, high) in found.items()
        ),
        most,
    )


def _fix(rule: str) -> Mapping[str, str]:
    zh, en = _FIXES.get(rule, _ANY_FIX)
    return {"zh": zh, "en": en}


_ANY_FIX = ("按提示修改后重新检查。", "Mend what the message names, then check again.")
_FIXES = {
    READABLE: (
        "修改该行该列处的文本;键名、单位与公式语法见 methodologies/README.md。",
        "Change the text there; methodologies/README.md lists keys, units and the grammar.",
    ),
    "labels_in_both_languages": (
        "为每个名称补充 zh 与 en 两种文字。",
        "Give each name a text in zh and one in en.",
    ),
    "names_agree": (
        "算例中的 given、factors、expect 只能使用文档声明的名称,且不可缺少。",
        "Let the worked example give and expect what the document declares, all of it.",
    ),
    "vectors_pass": (
        "核对公式与算例的期望值,两者须完全一致。",
        "Compare formula and worked example: they must agree exactly.",
    ),
    "every_branch_has_a_vector": (
        "为该规则或分支补充一个算例。",
        "Add a worked example that reaches this rule or branch.",
    ),
    "caps_are_obeyed": (
        "上限须指向已声明的项或输入。",
        "Let the cap count a declared term or input.",
    ),
    "largest_act_holds": (
        "核对 largest_act 与各输入的 min、max。",
        "Compare largest_act with the min and max of the inputs.",
    ),
    SECOND_OPINION: (
        "两种实现结果不同,请联系平台维护人员。",
        "Two implementations differ: tell the maintainers of the platform.",
    ),
}
