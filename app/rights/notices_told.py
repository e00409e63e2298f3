"""Read: the notice for one scenario of one provider, filled in from the methodology itself.

Which data, how sensitive, and how long they are kept stand in the methodology, the words around
them in the edition. So no text has to be written when an officer adds a methodology.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.catalogue.versions import Version, Versions
from app.people import notices
from app.reductions.errors import ScenarioUnknown
from methodologies.manifest import Manifest

PROVIDER_ZH, PROVIDER_EN = "数据提供方", "the provider"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is read before somebody agrees to a scenario."""

    scenario: str
    version: int
    sensitive: bool
    title_zh: str
    title_en: str
    text_zh: str
    text_en: str


def told(
    versions: Versions, *, scenario: str, provider: tuple[str, str] | None, now: datetime
) -> Notice:
    """The notice of a scenario.

    Args:
        versions: the catalogue's picture of this moment.
        scenario: a methodology's id.
        provider: its names in Chinese and English; None tells of any.
        now: which edition (UTC).

    Raises:
        ScenarioUnknown: it is not in the catalogue.

    """
    manifest = _manifest(versions, scenario, now)
    edition = notices.current(now)
    sensitive = any(each.personal == "sensitive" for each in manifest.inputs.values())
    names = dict(zip(("zh", "en"), provider or (PROVIDER_ZH, PROVIDER_EN), strict=True))
    joined = {"zh": "、", "en": ", "}
    text = {
        language: edition.text(
            sensitive=sensitive,
            language=language,
            provider=names[language],
            scenario=manifest.title[language],
            data=joined[language].join(
                each.label[language] for each in manifest.inputs.values() if each.personal != "no"
            )
            or joined[language].join(each.label[language] for each in manifest.inputs.values()),
            days=str(manifest.evidence.retention_days),
        )
        for language in ("zh", "en")
    }
    return Notice(
        scenario,
        edition.version,
        sensitive,
        manifest.title["zh"],
        manifest.title["en"],
        text["zh"],
        text["en"],
    )


def scenarios(versions: Versions) -> Sequence[str]:
    """Every scenario of the catalogue, by name."""
    return sorted(versions.by_methodology)


def _manifest(versions: Versions, scenario: str, now: datetime) -> Manifest:
    known: Sequence[Version] = versions.by_methodology.get(scenario, ())
    if not known:
        raise ScenarioUnknown(
            f"The catalogue has no scenario {scenario}.", f"目录中没有场景 {scenario}。"
        )
    today = now.astimezone(versions.zone).date()
    found = next((each for each in known if each.in_force(today)), known[0])
    return found.methodology.manifest
