"""Door for `puhui verify`: does every point expire on the day that its booking gave it?

An entry does not say when its points expire: that follows from the day of its booking by the
unit's rule, and a late batch never expires before an earlier one. So lots are worked out again
from the entries, which are sealed; whoever moves a mark or its day by hand is found.
"""

from zoneinfo import ZoneInfo

from app.checks import Check
from app.database import Tx
from app.ledger.units import POINTS


async def checks(tx: Tx, *, zone: ZoneInfo, life_months: int) -> list[Check]:
    """The law of the lots, with how many marks and bookings were read and how many break it.

    Args:
        tx: one snapshot.
        zone: the programme's, which says on which day something was booked.
        life_months: how long the programme lets ordinary points live; other units know it.

    """
    facts = {"zone": zone.key, "points": POINTS, "months": life_months}
    row = await (await tx.execute(_LOTS, facts)).fetchone()
    assert row is not None, "a count always answers"
    return [Check("ledger.lots_are_what_the_bookings_say", int(row[0]), int(row[1]))]


def _expires(at: str) -> str:
    return (
        f"coalesce(l.last_day, (date_trunc('quarter', date_trunc('month', {at}) + l.months)"
        " + interval '3 months - 1 day')::date)"
    )


# The day was read before the balance was locked, and a clock may step an hour: for two hours about
# midnight the day before or after is as good, which matters at the turn of a quarter only. Behind
# an entry from a clock that was ahead, time was counted on from that one's: such a booking was
# made by then, and nobody knows since when. Marks follow one another in time (another law), so
# the first one behind a booking is the earliest.
_LOTS = f"""
WITH mark AS (
  SELECT bucket, account_id, unit, cum_earned AS place, expires_on FROM lot
   UNION ALL
  SELECT bucket, account_id, unit, earned, last_expiry FROM balance WHERE earned > 0
), gain AS (
  SELECT bucket, account_id, unit, seq, place, posted_at AT TIME ZONE %(zone)s AS by,
         CASE WHEN posted_at > earlier + interval '1 ms' THEN posted_at AT TIME ZONE %(zone)s
              END AS at
    FROM (SELECT bucket, account_id, unit, seq, posted_at, earned_after AS place,
                 lag(earned_after, 1, 0::bigint) OVER w AS before,
                 lag(posted_at, 1, '-infinity') OVER w AS earlier
            FROM entry WINDOW w AS (PARTITION BY bucket, account_id, unit ORDER BY seq)) AS e
   WHERE place > before
), rule AS (
  SELECT id AS unit, last_day, make_interval(months =>
           CASE WHEN id = %(points)s THEN %(months)s ELSE coalesce(life_months, 0) END) AS months
    FROM unit
), due AS (
  SELECT g.bucket, g.account_id, g.unit, g.place,
         max({_expires("at - interval '2 hours'")}) OVER w AS earliest,
         max({_expires("by + interval '2 hours'")}) OVER w AS latest
    FROM gain g LEFT JOIN rule l USING (unit)
  WINDOW w AS (PARTITION BY g.bucket, g.account_id, g.unit ORDER BY g.seq)
), axis AS (
  SELECT d.earliest, d.latest, m.expires_on,
         min(m.expires_on) OVER (PARTITION BY bucket, account_id, unit ORDER BY place DESC) AS there
    FROM due d FULL JOIN mark m USING (bucket, account_id, unit, place)
)
SELECT count(*), count(*) FILTER (
         WHERE earliest IS NULL OR there IS NULL OR there NOT BETWEEN earliest AND latest)
  FROM axis
"""
