"""Door for `puhui verify`: are the reductions what their inputs say, and nobody's twice?

Reads the tables of the rooms below as well, in one snapshot: proving that rooms agree is this
file's purpose, and no other code may do so.
"""

from typing import Any

from app.catalogue.versions import Versions
from app.checks import Check
from app.database import Tx
from app.reductions import correct_verify, shapes
from app.reductions.decisions import measured
from app.reductions.explain import Stored, replay
from app.reductions.listing import ReductionView
from methodologies.packs import FactorError

CHUNK = 5_000

_OVERLAPS = """
SELECT count(*), count(*) FILTER (WHERE starts_at < before)
  FROM (SELECT starts_at, max(ends_at) OVER (PARTITION BY scope, subject
                 ORDER BY starts_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
          FROM (SELECT scope, subject, starts_at, ends_at FROM claim
                UNION ALL
                SELECT scope, account_id, occurred_at - duration_s * interval '1 second',
                       occurred_at
                  FROM reduction WHERE scope <> 0) AS taken) AS claims
"""
_CLAIMS = """
SELECT count(*), count(*) FILTER (WHERE r.id IS NULL AND k.id IS NULL)
  FROM claim c LEFT JOIN reduction r ON r.id = c.reduction_id
  LEFT JOIN natural_key_lane k ON k.id = c.reduction_id
"""
_NUMBERS = """
SELECT count(*), count(*) FILTER (WHERE uuid_extract_version(r.id) IS DISTINCT FROM 8
                                    AND k.digest IS NULL)
  FROM (SELECT id FROM reduction UNION ALL SELECT id FROM held_activity) r
  LEFT JOIN natural_key k ON k.activity_id = r.id
"""
_EARLIER = """
SELECT count(*), count(*) FILTER (WHERE n <> 1)
  FROM (SELECT k.digest, count(r.id) + count(h.id) AS n
          FROM natural_key k
          LEFT JOIN reduction r ON r.id = k.activity_id AND r.account_id = k.account_id
          LEFT JOIN held_activity h ON h.id = k.activity_id AND h.account_id = k.account_id
         GROUP BY k.digest) AS keys
"""
_LINES = """
SELECT coalesce(sum(n), 0), count(*) FILTER (WHERE n <> 1)
  FROM (SELECT block_no, line, count(*) AS n
          FROM (SELECT block_no, line FROM reduction WHERE block_no > 0
                UNION ALL
                SELECT block_no, line FROM held_activity WHERE block_no > 0) AS acts
         GROUP BY block_no, line) AS lines
"""
_POINTS = """
SELECT count(*), count(*) FILTER (
         WHERE r.id IS NULL OR (e.ref IS NULL AND r.points > 0) OR e.amount <> r.points)
  FROM reduction r
  FULL JOIN (SELECT account_id, ref, amount FROM entry WHERE kind = 1) e
    ON e.account_id = r.account_id AND e.ref = r.id
"""

_REVIEWS = """
SELECT count(*), count(*) FILTER (WHERE NOT CASE v.decision
         WHEN 1 THEN r.id IS NOT NULL AND h.id IS NULL AND (r.grams, r.points) = (v.grams, v.points)
         ELSE r.id IS NULL AND h.id IS NOT NULL END)
  FROM (SELECT DISTINCT ON (bucket, id) * FROM held_review ORDER BY bucket, id, nth DESC) AS v
  LEFT JOIN reduction r ON r.id = v.id
  LEFT JOIN held_activity h ON h.id = v.id
"""
_WAIVED = """
SELECT count(*), count(*) FILTER (WHERE v.id IS NULL)
  FROM reduction r JOIN input_shape s ON s.id = r.shape_id AND s.names LIKE '%waived:%'
  LEFT JOIN held_review v ON v.bucket = r.bucket AND v.id = r.id AND v.decision = 1
"""

CHECKS = (
    ("reductions.claims_do_not_overlap", _OVERLAPS),
    ("reductions.claims_have_a_record", _CLAIMS),
    ("reductions.ids_are_of_the_records_numbers", _NUMBERS),
    ("reductions.earlier_numbers_lead_to_one_act", _EARLIER),
    ("reductions.acts_have_a_line_of_evidence_each", _LINES),
    ("reductions.points_are_booked_once", _POINTS),
    ("reductions.reviews_are_what_became_of_acts", _REVIEWS),
    ("reductions.an_officer_set_reasons_aside", _WAIVED),
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
    view = ReductionView(*row[:6])
    try:
        kept = Stored(view, row[6], row[7], shapes.restored(row[8], row[9], view.occurred_on))
        worth = replay(kept, versions)
    except (AttributeError, KeyError, ValueError, ArithmeticError, FactorError):
        return False
    manifest = versions.by_id[view.version_id].methodology.manifest
    points = measured(worth, manifest) * kept.points_per_kg // 1000
    return worth.status == "quantified" and (worth.grams, points) == (
        view.grams,
        view.points,
    )


_ALL = """
SELECT r.id, version_id, occurred_on, occurred_at, grams, points, factor_set_id, points_per_kg,
       s.names, r.inputs
  FROM reduction r LEFT JOIN input_shape s ON s.id = r.shape_id
"""
