"""Door for `puhui verify`: is somebody who was forgotten really gone, and is nobody forgotten half?

Reads other rooms' tables in the snapshot of the proof, as every room's proof does.
"""

from app.checks import Check
from app.database import Tx

_GONE = """
WITH gone AS (
  SELECT q.account_id, c.id AS owner, c.nickname FROM rights_request q
    LEFT JOIN citizen c USING (account_id)
   WHERE q.kind = 'deletion' AND q.state IN ('running', 'done')
)
"""
# Nothing that names them: no key, no name, no card, no consent, no claim, no copy.
_NAMELESS = (
    _GONE
    + """
SELECT count(*), count(*) FILTER (
         WHERE g.owner IS NULL OR g.nickname NOT LIKE 'left-%'
            OR NOT EXISTS (SELECT FROM data_key d
                            WHERE d.owner = g.owner AND d.shredded_at IS NOT NULL)
            OR EXISTS (SELECT FROM link l
                        WHERE l.account_id = g.account_id AND l.valid_until IS NULL)
            OR EXISTS (SELECT FROM consent s
                        WHERE s.account_id = g.account_id AND s.withdrawn_at IS NULL)
            OR EXISTS (SELECT FROM link_claim p
                        WHERE p.account_id = g.account_id AND p.state = 'pending')
            OR EXISTS (SELECT FROM export_file f WHERE f.account_id = g.account_id))
  FROM gone g
"""
)
_NO_NEWS = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (
         SELECT FROM entry e WHERE e.bucket = (q.account_id % 1024)::smallint
            AND e.account_id = q.account_id AND e.kind = 1 AND e.posted_at > q.finished_at))
  FROM rights_request q WHERE q.kind = 'deletion' AND q.state = 'done'
"""
_SHREDDED = """
SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (
         SELECT FROM citizen c JOIN rights_request q USING (account_id)
          WHERE c.id = d.owner AND q.kind = 'deletion' AND q.state IN ('running', 'done')))
  FROM data_key d WHERE d.shredded_at IS NOT NULL
"""
# Only years are known: a child is one until the year after its fourteenth birthday.
_CHILDREN = """
SELECT count(*), count(*) FILTER (WHERE EXISTS (
         SELECT FROM consent s WHERE s.bucket = (c.account_id % 1024)::smallint
            AND s.account_id = c.account_id AND s.withdrawn_at IS NULL))
  FROM citizen c LEFT JOIN guardianship g ON g.ward_account_id = c.account_id
 WHERE extract(year FROM now()) - greatest(g.birth_year, c.birth_year) <= 14
   AND (g.confirmed_at IS NULL OR g.ended_at IS NOT NULL)
"""

CHECKS = (
    ("rights.whoever_left_is_nameless", _NAMELESS),
    ("rights.whoever_left_earns_nothing", _NO_NEWS),
    ("rights.keys_are_destroyed_on_request_alone", _SHREDDED),
    ("rights.children_agree_with_their_guardian", _CHILDREN),
)


async def checks(tx: Tx) -> list[Check]:
    """Every law of this room, with how many rows were read and how many break it."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql.encode())).fetchone()
        assert row is not None, "a count always answers"
        found.append(Check(name, int(row[0]), int(row[1])))
    return found
