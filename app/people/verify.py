"""Door: what must be true of households. Part of ``puhui verify``; changes nothing."""

from app.checks import Check
from app.database import Tx


async def checks(tx: Tx) -> list[Check]:
    """Every invariant of this room, with how many rows break it: 0, or an incident."""
    row = await (await tx.execute(_HOUSEHOLDS)).fetchone()
    assert row is not None, "an aggregate always answers"
    return [Check("people.households_count_their_people", *row)]


_HOUSEHOLDS = """
WITH found AS (
  SELECT household_id AS id, count(*) AS people FROM household_member
   WHERE left_at IS NULL GROUP BY 1
)
SELECT count(*), count(*) FILTER (WHERE h.members IS DISTINCT FROM coalesce(f.people, 0)
                                     OR (h.members = 0 AND h.code_digest IS NOT NULL))
  FROM household h FULL JOIN found f USING (id)
"""
