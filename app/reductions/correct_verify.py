"""Part of `verify`: corrections follow one another, are booked once, and replay to their grams.

Together with ``reductions.points_are_booked_once`` this proves what a citizen has got for an
act: the points it was credited with, plus what its corrections booked.
"""

from app.catalogue.versions import Versions
from app.checks import Check
from app.database import Tx
from app.reductions import shapes
from app.reductions.correct_scan import Current, worth_by

CHUNK = 5_000

_CHAIN = """
SELECT count(*), count(*) FILTER (
         WHERE r_id IS NULL OR nth <> coalesce(last_nth, 0) + 1
            OR grams_before <> coalesce(last_grams, r_grams)
            OR points_before <> coalesce(last_points, r_points)
            OR old_version_id <> coalesce(last_version, r_version) OR owed < 0)
  FROM (SELECT c.nth, c.grams_before, c.points_before, c.old_version_id, r.id AS r_id,
               r.grams AS r_grams, r.points AS r_points, r.version_id AS r_version,
               lag(c.nth) OVER w AS last_nth, lag(c.grams_after) OVER w AS last_grams,
               lag(c.points_after) OVER w AS last_points,
               lag(c.new_version_id) OVER w AS last_version,
               sum(c.shortfall) OVER w AS owed
          FROM reduction_correction c
          LEFT JOIN reduction r ON r.id = c.reduction_id AND r.bucket = c.bucket
               AND r.account_id = c.account_id AND r.occurred_on = c.occurred_on
        WINDOW w AS (PARTITION BY c.bucket, c.account_id, c.reduction_id ORDER BY c.nth)) AS chain
"""
# 4 is `app.ledger.contra.CORRECTION`: only corrections book against it.
_BOOKED = """
SELECT count(*), count(*) FILTER (WHERE coalesce(c.booked, 0) <> coalesce(e.booked, 0)
                                     OR coalesce(c.n, 0) <> coalesce(e.n, 0))
  FROM (SELECT account_id, reduction_id AS ref, sum(booked) AS booked,
               count(*) FILTER (WHERE booked <> 0) AS n
          FROM reduction_correction GROUP BY 1, 2) c
  FULL JOIN (SELECT account_id, ref, sum(amount) AS booked, count(*) AS n
               FROM entry WHERE contra = 4 GROUP BY 1, 2) e USING (account_id, ref)
"""
_SUMS = """
SELECT count(*), count(*) FILTER (
         WHERE (w.changed, w.grams, w.points, w.shortfall, w.booked_up - w.booked_down)
               IS DISTINCT FROM (coalesce(c.n, 0), coalesce(c.grams, 0), coalesce(c.points, 0),
                                 coalesce(c.shortfall, 0), coalesce(c.booked, 0))
            OR (w.state = 4 AND w.people <> coalesce(c.people, 0)))
  FROM correction w
  LEFT JOIN (SELECT correction_id, count(*) AS n, count(DISTINCT account_id) AS people,
                    sum(grams_after - grams_before) AS grams,
                    sum(points_after - points_before) AS points,
                    sum(shortfall) AS shortfall, sum(booked) AS booked
               FROM reduction_correction GROUP BY 1) c ON c.correction_id = w.id
"""

CHECKS = (
    ("reductions.corrections_follow_one_another", _CHAIN),
    ("reductions.corrections_are_booked_once", _BOOKED),
    ("reductions.corrections_add_up", _SUMS),
)


async def checks(tx: Tx, *, versions: Versions) -> list[Check]:
    """Every law of the corrections, replay included; no rows where nothing was corrected."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql.encode())).fetchone()
        assert row is not None
        found.append(Check(name, int(row[0]), int(row[1])))
    found.append(await _replays(tx, versions))
    return found


async def _replays(tx: Tx, versions: Versions) -> Check:
    """Compute every correction again, by the version it names."""
    rows = breaches = 0
    async with tx.cursor(name="corrections") as cursor:
        await cursor.execute(_ALL)
        while chunk := await cursor.fetchmany(CHUNK):
            rows += len(chunk)
            for *values, names, inputs, grams_after, points_after in chunk:
                values.append(shapes.restored(names, inputs, values[2]))
                current = Current(*values)
                worth = worth_by(current, current.version_id, versions)
                breaches += worth != (grams_after, points_after)
    return Check("reductions.corrections_replay_to_their_grams", rows, breaches)


_ALL = """
SELECT r.account_id, r.id, r.occurred_on, r.occurred_at, c.new_version_id, r.factor_set_id,
       r.points_per_kg, r.grams, r.points, c.nth, 0, s.names, r.inputs, c.grams_after,
       c.points_after
  FROM reduction_correction c
  JOIN reduction r ON r.id = c.reduction_id AND r.account_id = c.account_id
  JOIN input_shape s ON s.id = r.shape_id
"""
