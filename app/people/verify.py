"""Door: what must be true of people. Part of ``puhui verify``; changes nothing."""

from typing import LiteralString

from app.checks import Check
from app.database import Tx


async def checks(tx: Tx) -> list[Check]:
    """Every invariant of this room, with how many rows break it: 0, or an incident."""
    found = []
    for name, sql in CHECKS:
        row = await (await tx.execute(sql)).fetchone()
        assert row is not None, "an aggregate always answers"
        found.append(Check(name, *row))
    return found


_HOUSEHOLDS = """
WITH found AS (
  SELECT household_id AS id, count(*) AS people FROM household_member
   WHERE left_at IS NULL GROUP BY 1
)
SELECT count(*), count(*) FILTER (WHERE h.members IS DISTINCT FROM coalesce(f.people, 0)
                                     OR (h.members = 0 AND h.code_digest IS NOT NULL))
  FROM household h FULL JOIN found f USING (id)
"""
# Who was forgotten has no year, and no key.
_BIRTH_YEARS = """
SELECT count(*), count(*) FILTER (WHERE c.birth_year IS DISTINCT FROM g.birth_year)
  FROM guardianship g JOIN citizen c ON c.account_id = g.ward_account_id
 WHERE NOT EXISTS (SELECT FROM data_key d WHERE d.owner = c.id AND d.shredded_at IS NOT NULL)
"""

CHECKS: tuple[tuple[str, LiteralString], ...] = (
    ("people.households_count_their_people", _HOUSEHOLDS),
    ("people.children_have_one_year_of_birth", _BIRTH_YEARS),
)
