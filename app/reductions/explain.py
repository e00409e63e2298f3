"""Use case: work a reduction out again, from what was stored, and show every step.

Nothing of an explanation is stored, so it cannot disagree with the number: it is computed
anew from the inputs, the version and the factor set, and compared with the grams that were
credited.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.catalogue.versions import Version, Versions
from app.database import Tx
from app.ids import bucket_of
from app.reductions.credit import LIMIT_PREFIX
from app.reductions.errors import ReductionNotFound
from app.reductions.judge import context_of
from app.reductions.listing import ReductionView
from methodologies.contract import Quantification, Step
from methodologies.explanation import sentence
from methodologies.replay import inputs_from_json


@dataclass(frozen=True, slots=True)
class Stored:
    """A reduction as it stands in its table."""

    view: ReductionView
    factor_set_id: int
    points_per_kg: int
    inputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The computation again, step by step, in both languages."""

    stored: Stored
    version: Version
    steps: tuple[Step, ...]
    sentence: Mapping[str, str]
    recomputed_grams: int
    recomputed_points: int

    @property
    def agrees(self) -> bool:
        """Whether the recomputed numbers are the credited ones; anything else is a breach."""
        view = self.stored.view
        return (self.recomputed_grams, self.recomputed_points) == (view.grams, view.points)


async def stored(tx: Tx, *, account_id: int, reduction_id: UUID) -> Stored:
    """A citizen's own reduction.

    Raises:
        ReductionNotFound: this citizen has none with this id.

    """
    row = await (
        await tx.execute(_STORED, (bucket_of(account_id), account_id, reduction_id))
    ).fetchone()
    if row is None:
        raise ReductionNotFound("You have no reduction with this id.", "您没有该减排记录。")
    return Stored(ReductionView(*row[:6]), *row[6:])


def explain(kept: Stored, versions: Versions) -> Explanation:
    """Recompute a stored reduction with the version and factors that made it. Pure."""
    version = versions.by_id[kept.view.version_id]
    inputs, limits = split(kept.inputs, version)
    context = context_of(version, inputs, versions, kept.factor_set_id, limits)
    worth, steps = version.methodology.explain(inputs, context)
    return Explanation(
        stored=kept,
        version=version,
        steps=steps,
        sentence=sentence(version.methodology.manifest, steps),
        recomputed_grams=worth.grams,
        recomputed_points=worth.grams * kept.points_per_kg // 1000,
    )


def replay(kept: Stored, versions: Versions) -> Quantification:
    """The grams again, without the steps: what `verify` does a million times."""
    version = versions.by_id[kept.view.version_id]
    inputs, limits = split(kept.inputs, version)
    context = context_of(version, inputs, versions, kept.factor_set_id, limits)
    return version.methodology.quantify(inputs, context)


def split(kept: Mapping[str, str], version: Version) -> tuple[dict[str, Any], dict[str, str]]:
    """Apart again: the typed inputs, and what caps over a window still allowed."""
    plain = {name: value for name, value in kept.items() if not name.startswith(LIMIT_PREFIX)}
    limits = {
        name.removeprefix(LIMIT_PREFIX): value
        for name, value in kept.items()
        if name.startswith(LIMIT_PREFIX)
    }
    return inputs_from_json(plain, version.methodology.manifest), limits


_STORED = """
SELECT id, version_id, occurred_on, occurred_at, grams, points, factor_set_id, points_per_kg,
       inputs
  FROM reduction WHERE bucket = %s AND account_id = %s AND id = %s
"""
