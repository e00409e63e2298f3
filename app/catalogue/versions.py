"""Door: by which version, factors and tariff is an act of a day judged?

A `Versions` is a frozen picture of the catalogue. `Catalogue` keeps one per process and looks
once a second whether the tables have changed, so a new version needs no restart.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from app.catalogue.errors import CatalogueEmpty
from app.database import Tx
from methodologies import documents, packs, registry
from methodologies.contract import Methodology
from methodologies.evidence import Reader, reader_for
from methodologies.packs import Pack

LOOK_AGAIN_NS = 1_000_000_000
"""How old a picture may be before the tables are asked whether they changed."""


@dataclass(frozen=True, slots=True)
class Version:
    """A registered methodology version, ready to read evidence and to compute."""

    id: int
    methodology: Methodology
    reader: Reader
    active_from: date
    active_until: date | None

    @property
    def name(self) -> str:
        """``bike_ride@1.0.0``."""
        return f"{self.methodology.manifest.id}@{self.methodology.manifest.version}"

    def in_force(self, day: date) -> bool:
        """Whether acts of this civil day are judged by it; half-open."""
        return self.active_from <= day and (self.active_until is None or day < self.active_until)


@dataclass(frozen=True, slots=True)
class Versions:
    """The catalogue as it stood at one moment."""

    by_id: Mapping[int, Version]
    by_methodology: Mapping[str, tuple[Version, ...]]
    packs: Mapping[int, Pack]
    factor_set_id: int
    zone: ZoneInfo
    points_life_months: int
    tariffs: Mapping[str, tuple[tuple[date, int], ...]]
    fingerprint: tuple[Any, ...]

    def of(self, methodology: str, day: date) -> Version | None:
        """The version by which an act of ``day`` is judged, if one is in force."""
        for version in self.by_methodology.get(methodology, ()):
            if version.in_force(day):
                return version
        return None

    def points_per_kg(self, methodology: str, day: date) -> int:
        """The tariff of a scenario on a day; a scenario without a tariff earns nothing."""
        rate = 0
        for valid_from, points_per_kg in self.tariffs.get(methodology, ()):
            if valid_from <= day:
                rate = points_per_kg
        return rate


class Catalogue:
    """The process's picture of the catalogue, never more than a second behind."""

    def __init__(self) -> None:
        self._versions: Versions | None = None
        self._looked_at_ns = 0

    async def versions(self, tx: Tx) -> Versions:
        """The picture of this moment.

        Raises:
            CatalogueEmpty: nobody has set a programme up.

        """
        now_ns = time.monotonic_ns()
        if self._versions is not None and now_ns - self._looked_at_ns < LOOK_AGAIN_NS:
            return self._versions
        fingerprint = await (await tx.execute(_FINGERPRINT)).fetchone()
        assert fingerprint is not None
        if self._versions is None or self._versions.fingerprint != fingerprint:
            self._versions = await load(tx, fingerprint=fingerprint)
        self._looked_at_ns = now_ns
        return self._versions


async def load(tx: Tx, *, fingerprint: tuple[Any, ...]) -> Versions:
    """Read the whole catalogue.

    Raises:
        CatalogueEmpty: there is no programme row.

    """
    programme = await (await tx.execute(_PROGRAMME)).fetchone()
    if programme is None:
        raise CatalogueEmpty(
            "Set a programme up first, for instance with `puhui demo`.", "请先初始化项目。"
        )
    zone, factor_set_id, points_life_months = programme
    by_id: dict[int, Version] = {}
    by_methodology: dict[str, tuple[Version, ...]] = {}
    async for version_id, body, active_from, active_until in await tx.execute(_VERSIONS):
        methodology = _methodology(body)
        version = Version(
            version_id, methodology, reader_for(methodology.manifest), active_from, active_until
        )
        by_id[version_id] = version
        name = methodology.manifest.id
        by_methodology[name] = (version, *by_methodology.get(name, ()))
    tariffs: dict[str, tuple[tuple[date, int], ...]] = {}
    async for name, valid_from, rate in await tx.execute(_TARIFFS):
        tariffs[name] = (*tariffs.get(name, ()), (valid_from, rate))
    return Versions(
        by_id=by_id,
        by_methodology=by_methodology,
        packs={
            set_id: packs.pack_from_canonical(body)
            async for set_id, body in await tx.execute(_FACTOR_SETS)
        },
        factor_set_id=factor_set_id,
        zone=ZoneInfo(zone),
        points_life_months=points_life_months,
        tariffs=tariffs,
        fingerprint=fingerprint,
    )


def _methodology(body: str) -> Methodology:
    """A document is rebuilt from what was registered; a plug-in is found by its hash."""
    if not body.startswith("plugin:"):
        return documents.from_canonical(body)
    for methodology in registry.shipped():
        if f"plugin:{methodology.manifest.content_hash}" == body:
            return methodology
    raise CatalogueEmpty(
        "A registered plug-in is not installed in this process.", "已登记的插件未安装。"
    )


_FINGERPRINT = """
SELECT (SELECT count(*) FROM methodology_version),
       (SELECT hashtext(string_agg(
                 id || ':' || active_from || ':' || coalesce(active_until::text, ''),
                 ',' ORDER BY id)) FROM methodology_version),
       (SELECT count(*) FROM factor_set),
       (SELECT hashtext(string_agg(methodology || valid_from || points_per_kg, ','
                                   ORDER BY methodology, valid_from)) FROM tariff),
       (SELECT factor_set_id || zone || points_life_months FROM programme)
"""
_PROGRAMME = "SELECT zone, factor_set_id, points_life_months FROM programme WHERE id = 1"
_VERSIONS = "SELECT id, body, active_from, active_until FROM methodology_version ORDER BY id"
_FACTOR_SETS = "SELECT id, body FROM factor_set ORDER BY id"
_TARIFFS = "SELECT methodology, valid_from, points_per_kg FROM tariff ORDER BY 1, 2"
