"""What the records of one batch share, worked out once: likely versions, rates, days' factors.

Pure, and thrown away with the batch; nothing here outlives the catalogue's picture it is made of.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache

from app.catalogue.versions import Version
from app.reductions.decisions import Surroundings
from app.reductions.quantify import context_of
from methodologies.contract import Context, Quantification
from methodologies.manifest import Manifest
from methodologies.moments import us_of
from methodologies.packs import FactorError
from methodologies.replay import Evidence


class Bench:
    """What does not depend on one record, worked out once for a batch."""

    def __init__(self, around: Surroundings) -> None:
        self._versions = around.versions
        self.received_us = us_of(around.received_at)
        self.today = around.received_at.astimezone(around.versions.zone).date()
        self._likely: dict[str, Likely] = {}
        self._rates: dict[tuple[str, date], int] = {}
        self._contexts: dict[tuple[object, ...], Context] = {}

    def likely(self, methodology: str, known: Sequence[Version]) -> "Likely":
        """The version of today; without one, the latest."""
        found = self._likely.get(methodology)
        if found is None:
            version = next((each for each in known if each.in_force(self.today)), known[0])
            found = self._likely[methodology] = Likely(version)
        return found

    def rate(self, methodology: str, day: date) -> int:
        """The tariff of a scenario on a day."""
        key = methodology, day
        found = self._rates.get(key)
        if found is None:
            found = self._rates[key] = self._versions.points_per_kg(methodology, day)
        return found

    def quantify(self, version: Version, evidence: Evidence) -> Quantification:
        """Compute; the factors of a day are looked up once, not for every act of the day."""
        chosen_by = _chosen_by(version.methodology.manifest)
        key = (version.id, evidence.occurred_on, *map(evidence.get, chosen_by))
        context = self._contexts.get(key)
        if context is None:
            try:
                context = context_of(
                    version, evidence, self._versions, self._versions.factor_set_id, None
                )
            except FactorError:
                return Quantification.held("no_factor")
            self._contexts[key] = context
        return version.methodology.quantify(evidence, context)


class Likely:
    """A version that most records of a batch are read with, and the days it was found in force."""

    __slots__ = ("blank", "days", "read", "version")

    def __init__(self, version: Version) -> None:
        self.version = version
        self.read = version.reader.read
        self.blank = blank_past(version.methodology.manifest)
        self.days: set[date] = set()

    def in_force(self, day: date) -> bool:
        """Whether acts of this day are judged by it; asked once for each day of a batch."""
        if day in self.days:
            return True
        if not self.version.in_force(day):
            return False
        self.days.add(day)
        return True


@lru_cache(maxsize=512)
def _chosen_by(manifest: Manifest) -> tuple[str, ...]:
    """The inputs that choose factors, besides the day of the act."""
    names = {name for need in manifest.factors for name in need.choose_by[2:]}
    return ("grid_region", *sorted(names))


@lru_cache(maxsize=256)
def blank_past(manifest: Manifest) -> Mapping[str, object]:
    """Something in the place of a past that is not read yet, so that the rest can be."""
    blank: dict[str, object] = {}
    for name in manifest.history:
        spec = manifest.inputs[name]
        number = max(spec.minimum or Decimal(0), Decimal(0))
        blank[name] = [number] if spec.type == "list" else number
    return blank
