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
from app.reductions import shapes
from app.reductions.decisions import measured
from app.reductions.errors import ReductionNotFound
from app.reductions.listing import ReductionView
from app.reductions.quantify import context_of
from methodologies.contract import Context, Quantification, Step
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
    """A citizen's own reduction, with the version and the grams that count now.

    Raises:
        ReductionNotFound: this citizen has none with this id.

    """
    row = await (await tx.execute(_STORED, (reduction_id, account_id))).fetchone()
    if row is None:
        raise ReductionNotFound("You have no reduction with this id.", "您没有该减排记录。")
    view = ReductionView(*row[:7])
    factor_set_id, points_per_kg, names, values = row[7:]
    kept = shapes.restored(names, values, view.occurred_on)
    return Stored(view, factor_set_id, points_per_kg, kept)


def explain(kept: Stored, versions: Versions) -> Explanation:
    """Recompute a stored reduction with the version and factors that made it. Pure."""
    version = versions.by_id[kept.view.version_id]
    inputs, context = again(kept, version, versions)
    worth, steps = version.methodology.explain(inputs, context)
    return Explanation(
        stored=kept,
        version=version,
        steps=steps,
        sentence=sentence(version.methodology.manifest, steps),
        recomputed_grams=worth.grams,
        recomputed_points=measured(worth, version.methodology.manifest)
        * kept.points_per_kg
        // 1000,
    )


def replay(kept: Stored, versions: Versions) -> Quantification:
    """The grams again, without the steps: what `verify` does a million times."""
    version = versions.by_id[kept.view.version_id]
    inputs, context = again(kept, version, versions)
    return version.methodology.quantify(inputs, context)


def again(kept: Stored, version: Version, versions: Versions) -> tuple[dict[str, Any], Context]:
    """The typed inputs, and all that surrounded them: factors, caps, what an officer set aside."""
    inputs = inputs_from_json(kept.inputs, version.methodology.manifest)
    limits, waived = shapes.limits_of(kept.inputs), shapes.waived_of(kept.inputs)
    return inputs, context_of(version, inputs, versions, kept.factor_set_id, limits, waived=waived)


_STORED = """
SELECT r.id, coalesce(c.new_version_id, r.version_id), r.occurred_on, r.occurred_at,
       coalesce(c.grams_after, r.grams), coalesce(c.points_after, r.points), c.nth IS NOT NULL,
       r.factor_set_id, r.points_per_kg, s.names, r.inputs
  FROM reduction r JOIN input_shape s ON s.id = r.shape_id
  LEFT JOIN LATERAL (
         SELECT c.new_version_id, c.grams_after, c.points_after, c.nth
           FROM reduction_correction c
          WHERE c.bucket = r.bucket AND c.account_id = r.account_id AND c.reduction_id = r.id
          ORDER BY c.nth DESC LIMIT 1) AS c ON true
 WHERE r.id = %s AND r.account_id = %s
"""
