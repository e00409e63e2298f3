"""The editions of the notice that people read before they agree, out of ``notices.yaml``.

Read once, when the process starts: a wrong file stops it. A consent names the edition it was given
to, so what somebody agreed to can be shown years later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from methodologies.strict_yaml import DocumentError, load

FILE = Path(__file__).with_name("notices.yaml")
KINDS = ("ordinary", "sensitive")
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition: templates by kind and language, from the day on which it is shown."""

    version: int
    shown_from: date
    texts: Mapping[tuple[str, str], str]

    def text(self, *, sensitive: bool, language: str, **facts: str) -> str:
        """The text for one scenario of one provider."""
        kind = "sensitive" if sensitive else "ordinary"
        return self.texts[kind, language].format(**facts)


def read(text: str) -> Sequence[Edition]:
    """The editions of a file, oldest first.

    Raises:
        DocumentError: something is missing or unknown, or editions do not follow one another.

    """
    tree = load(text)
    if set(tree) != {"editions"} or not isinstance(tree["editions"], list):
        raise DocumentError("a file of notices has `editions`, and nothing else")
    editions = [_edition(each) for each in tree["editions"]]
    for number, edition in enumerate(editions, start=1):
        earlier = editions[number - 2].shown_from if number > 1 else date.min
        if edition.version != number or edition.shown_from <= earlier:
            raise DocumentError("editions are numbered from 1, and each is shown after the last")
    if not editions:
        raise DocumentError("there is at least one edition")
    return editions


def _edition(tree: Any) -> Edition:
    if not isinstance(tree, dict) or set(tree) != {"version", "from", *KINDS}:
        raise DocumentError("an edition has version, from, ordinary and sensitive")
    texts: dict[tuple[str, str], str] = {}
    for kind in KINDS:
        if set(tree[kind]) != set(LANGUAGES):
            raise DocumentError(f"{kind} speaks zh and en")
        for language in LANGUAGES:
            texts[kind, language] = _template(str(tree[kind][language]), language)
    try:
        return Edition(int(tree["version"]), date.fromisoformat(tree["from"]), texts)
    except ValueError as error:
        raise DocumentError("version is a number, from is a day") from error


def _template(text: str, language: str) -> str:
    # A folded line of Chinese has no spaces between its words.
    told = text.replace("\n", " ").strip()
    told = told.replace(", ", ",").replace("。 ", "。") if language == "zh" else told
    try:
        told.format(provider="", scenario="", data="", days="")
    except (KeyError, IndexError, ValueError) as error:
        raise DocumentError("a notice names provider, scenario, data and days alone") from error
    return told


EDITIONS = read(FILE.read_text(encoding="utf-8"))


def current(now: datetime) -> Edition:
    """The edition that is shown at a moment; the first one, before its day."""
    today = now.astimezone(UTC).date()
    shown = [each for each in EDITIONS if each.shown_from <= today]
    return shown[-1] if shown else EDITIONS[0]
