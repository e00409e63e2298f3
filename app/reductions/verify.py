"""Door for `puhui verify`: are the reductions what their inputs say, and nobody's twice?

Reads the tables of the rooms below as well, in one snapshot: proving that rooms agree is this
file's purpose, and no other code may do so.
"""

from collections.abc import Mapping
from typing import Any

from app.catalogue.versions import Versions
from app.checks import Check
from app.database import Tx
from app.reductions import correct_verify
from app.reductions.decisions import measured
from app.reductions.explain import Stored, replay
from app.reductions.listing import ReductionView
from methodologies.packs import FactorError

CHUNK = 5_000

_OVERLAPS = """
SELECT count(*), count(*) FILTER (WHERE starts_at < before)
  FROM (SELECT starts_at, max(ends_at) OVER (PARTITION BY bucket, scope, subject
                 ORDER BY starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
          FROM claim) AS claims
"""
_CLAIMS = """
SELECT count(*), count(*) FILTER (WHERE k.activity_id IS NULL)
  FROM claim c
  LEFT JOIN (SELECT DISTINCT activity_id FROM natural_key) k ON k.activity_id = c.reduction_id
"""
_KEYS = """
SELECT count(*), count(*) FILTER (WHERE n <> 1)
  FROM (SELECT k.digest, count(r.id) + count(h.id) AS n
          FROM natural_key k
          LEFT JOIN reduction r ON r.bucket = (k.account_id % 1024)::smallint
               AND r.account_id = k.account_id AND r.occurred_on = k.occurred_on
               AND r.id = k.activity_id
          LEFT JOIN held_activity h ON h.bucket = (k.account_id % 1024)::smallint
               AND h.account_id = k.account_id AND h.id = k.activity_id
         GROUP BY k.digest) AS keys
"""
_KEYLESS = """
SELECT count(*), count(*) FILTER (WHERE k.digest IS NULL)
  FROM reduction r LEFT JOIN natural_key k ON k.activity_id = r.id
"""
_POINTS = """
SELECT count(*), count(*) FILTER (
         WHERE r.id IS NULL OR (e.ref IS NULL AND r.points > 0) OR e.amount <> r.points)
  FROM reduction r
  FULL JOIN (SELECT account_id, ref, amount FROM entry WHERE kind = 1) e
    ON e.account_id = r.account_id AND e.ref = r.id
"""

CHECKS = (
    ("reductions.claims_do_not_overlap", _OVERLAPS),
    ("reductions.claims_have_a_record", _CLAIMS),
    ("reductions.natural_keys_lead_to_one_record", _KEYS),
    ("reductions.reductions_have_a_natural_key", _KEYLESS),
    ("reductions.points_are_booked_once", _POINTS),
)


async def checks(tx: Tx, *, versions: Versions) -> list[Check]:
    """Every law of the reductions, replay included."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql.encode())).fetchone()
        assert row is not None
        found.append(Check(name, int(row[0]), int(row[1])))
    found.append(await _replays(tx, versions))
    return found + await correct_verify.checks(tx, versions=versions)


async def _replays(tx: Tx, versions: Versions) -> Check:
    """Compute every reduction again; one that cannot be computed is a breach too."""
    rows = breaches = 0
    async with tx.cursor(name="replays") as cursor:
        await cursor.execute(_ALL)
        while chunk := await cursor.fetchmany(CHUNK):
            rows += len(chunk)
            breaches += sum(not agrees(row, versions) for row in chunk)
    return Check("reductions.reductions_replay_to_their_grams", rows, breaches)


def agrees(row: tuple[Any, ...], versions: Versions) -> bool:
    """Whether one row of the reduction table is what its own inputs give."""
    inputs: Mapping[str, str] = row[8]
    kept = Stored(ReductionView(*row[:6]), row[6], row[7], inputs)
    try:
        worth = replay(kept, versions)
    except (KeyError, ValueError, ArithmeticError, FactorError):
        return False
    manifest = versions.by_id[kept.view.version_id].methodology.manifest
    points = measured(worth, manifest) * kept.points_per_kg // 1000
    return worth.status == "quantified" and (worth.grams, points) == (
        kept.view.grams,
        kept.view.points,
    )


_ALL = """
SELECT id, version_id, occurred_on, occurred_at, grams, points, factor_set_id, points_per_kg,
       inputs
  FROM reduction
"""
