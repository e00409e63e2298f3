"""Door: the version, the factors and the tariff by which an act of a day is judged.

A `Versions` is a frozen picture of the catalogue. `Catalogue` keeps one per process and looks
twice a second whether the tables have changed, so a new version needs no restart. The day of
the act chooses the version, not its state's name: what is scheduled has force when its day
comes, with or without somebody to turn the page.
"""

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from app.catalogue import budgets_read
from app.catalogue.budgets import Budgets
from app.catalogue.errors import CatalogueEmpty
from app.catalogue.states import IN_FORCE, PUBLIC, State
from app.database import Tx
from methodologies import documents, packs, registry
from methodologies.contract import Methodology
from methodologies.evidence import Reader, reader_for
from methodologies.packs import Pack

log = structlog.get_logger()

LOOK_AGAIN_NS = 500_000_000
"""How old a picture may be before the tables are asked whether they changed."""
NOTHING_KNOWN: Mapping[int, "Version"] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Version:
    """A registered methodology version, ready to read evidence and to compute."""

    id: int
    methodology: Methodology
    reader: Reader
    active_from: date | None
    active_until: date | None
    state: State
    author: str

    @property
    def name(self) -> str:
        """``bike_ride@1.0.0``."""
        return f"{self.methodology.manifest.id}@{self.methodology.manifest.version}"

    @property
    def suspended(self) -> bool:
        """Whether its acts are held until two officers resume it."""
        return self.state is State.suspended

    @property
    def public(self) -> bool:
        """Whether everybody may see it: it has, had or will have force."""
        return self.state in PUBLIC and self.active_from is not None

    def in_force(self, day: date) -> bool:
        """Whether acts of this civil day are judged by it; half-open."""
        return (
            self.state in IN_FORCE
            and self.active_from is not None
            and self.active_from <= day
            and (self.active_until is None or day < self.active_until)
        )

    def state_on(self, today: date) -> State:
        """Its state as the calendar has it, even before the page is turned."""
        if self.state not in {State.scheduled, State.active} or self.active_from is None:
            return self.state
        if self.active_from > today:
            return self.state
        over = self.active_until is not None and self.active_until <= today
        return State.superseded if over else State.active


@dataclass(frozen=True, slots=True)
class Versions:
    """The catalogue as it stood at one moment.

    ``by_id`` holds every version, ``by_methodology`` those with days of their own, the latest
    days first; ``shadows`` those that only watch.
    """

    by_id: Mapping[int, Version]
    by_methodology: Mapping[str, tuple[Version, ...]]
    shadows: Mapping[str, tuple[Version, ...]]
    packs: Mapping[int, Pack]
    factor_set_id: int
    zone: ZoneInfo
    points_life_months: int
    tariffs: Mapping[str, tuple[tuple[date, int], ...]]
    budgets: Budgets
    fingerprint: tuple[Any, ...]

    def of(self, methodology: str, day: date) -> Version | None:
        """The version by which an act of ``day`` is judged, if one is in force."""
        for version in self.by_methodology.get(methodology, ()):
            if version.in_force(day):
                return version
        return None

    def ids_of(self, methodology: str) -> tuple[int, ...]:
        """The ids of all versions of a methodology, whatever their state."""
        return tuple(
            version_id
            for version_id, version in self.by_id.items()
            if version.methodology.manifest.id == methodology
        )

    def named(self, methodology: str, version: str) -> Version | None:
        """The version with this name, whatever its state."""
        name = f"{methodology}@{version}"
        return next((each for each in self.by_id.values() if each.name == name), None)

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

    async def versions(self, tx: Tx, *, fresh: bool = False) -> Versions:
        """The picture of this moment.

        Args:
            tx: a reading connection.
            fresh: look now, for an officer who asks about what was changed a moment ago.

        Raises:
            CatalogueEmpty: nobody has set a programme up.

        """
        now_ns = time.monotonic_ns()
        if not fresh and self._versions is not None and now_ns - self._looked_at_ns < LOOK_AGAIN_NS:
            return self._versions
        fingerprint = await (await tx.execute(_FINGERPRINT)).fetchone()
        assert fingerprint is not None
        if self._versions is None or self._versions.fingerprint != fingerprint:
            known = self._versions.by_id if self._versions is not None else {}
            self._versions = await load(tx, fingerprint=fingerprint, known=known)
        self._looked_at_ns = now_ns
        return self._versions


async def load(
    tx: Tx, *, fingerprint: tuple[Any, ...], known: Mapping[int, Version] = NOTHING_KNOWN
) -> Versions:
    """Read the whole catalogue.

    Args:
        tx: a reading connection.
        fingerprint: what the tables were like when this was asked for.
        known: versions read before; content never changes, so only new ones are compiled.

    Raises:
        CatalogueEmpty: there is no programme row.

    """
    programme = await (await tx.execute(_PROGRAMME)).fetchone()
    if programme is None:
        raise CatalogueEmpty(
            "Set a programme up first, for instance with `puhui demo`.", "请先初始化项目。"
        )
    zone, factor_set_id, points_life_months = programme
    by_id = await _versions(tx, known)
    in_force: defaultdict[str, list[Version]] = defaultdict(list)
    shadows: defaultdict[str, list[Version]] = defaultdict(list)
    for version in by_id.values():
        name = version.methodology.manifest.id
        if version.state in IN_FORCE:
            in_force[name].append(version)
        elif version.state is State.shadow:
            shadows[name].append(version)
    for each in in_force.values():
        each.sort(key=lambda version: version.active_from or date.min, reverse=True)
    tariffs: dict[str, tuple[tuple[date, int], ...]] = {}
    async for name, valid_from, rate in await tx.execute(_TARIFFS):
        tariffs[name] = (*tariffs.get(name, ()), (valid_from, rate))
    return Versions(
        by_id=by_id,
        by_methodology={name: tuple(each) for name, each in in_force.items()},
        shadows={name: tuple(each) for name, each in shadows.items()},
        packs={
            set_id: packs.pack_from_canonical(body)
            async for set_id, body in await tx.execute(_FACTOR_SETS)
        },
        factor_set_id=factor_set_id,
        zone=ZoneInfo(zone),
        points_life_months=points_life_months,
        tariffs=tariffs,
        budgets=await budgets_read.load(tx),
        fingerprint=fingerprint,
    )


async def _versions(tx: Tx, known: Mapping[int, Version]) -> dict[int, Version]:
    rows = await (await tx.execute(_VERSIONS)).fetchall()
    same = {
        row[0]
        for row in rows
        if row[0] in known and known[row[0]].methodology.manifest.content_hash == row[1]
    }
    new = [row[0] for row in rows if row[0] not in same]
    bodies = {row[0]: row[1] async for row in await tx.execute(_BODIES, (new,))} if new else {}
    found: dict[int, Version] = {}
    for version_id, _, active_from, active_until, state, author in rows:
        if version_id in same:
            before = known[version_id]
            methodology, reader = before.methodology, before.reader
        else:
            try:
                methodology = _methodology(bodies[version_id])
            except documents.DocumentError:
                if State(state) in IN_FORCE:
                    raise
                log.exception("version_unreadable", version_id=version_id)
                continue  # an upload that never had force stops nobody
            reader = reader_for(methodology.manifest)
        found[version_id] = Version(
            version_id, methodology, reader, active_from, active_until, State(state), author
        )
    return found


@lru_cache(maxsize=512)
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
SELECT (SELECT md5(string_agg(concat_ws(':', id, state, active_from, '-', active_until), ','
                              ORDER BY id)) FROM methodology_version),
       (SELECT count(*) FROM factor_set),
       (SELECT hashtext(string_agg(methodology || valid_from || points_per_kg, ','
                                   ORDER BY methodology, valid_from)) FROM tariff),
       (SELECT count(*) FROM budget),
       (SELECT factor_set_id || zone || points_life_months FROM programme)
"""
_PROGRAMME = "SELECT zone, factor_set_id, points_life_months FROM programme WHERE id = 1"
_VERSIONS = """
SELECT id, content_hash, active_from, active_until, state, author
  FROM methodology_version ORDER BY id
"""
_BODIES = "SELECT id, body FROM methodology_version WHERE id = ANY(%s)"
_FACTOR_SETS = "SELECT id, body FROM factor_set ORDER BY id"
_TARIFFS = "SELECT methodology, valid_from, points_per_kg FROM tariff ORDER BY 1, 2"
