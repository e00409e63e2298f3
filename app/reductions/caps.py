"""Caps over a window: how much of one the holder has used, and what is left for an act.

Read under locks, so nothing can be used twice. Caps fail closed: an act that finds nothing left
is rejected, and one that finds too little is cut (rule R6). A citizen's use is added up from
the citizen's own reductions (`recent`). What is capped per vehicle or per natural key is counted
in a row of that subject, because its acts may be several citizens'.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from app.database import Tx
from app.lanes import routed
from app.reductions.decisions import Candidate, Place
from methodologies.contract import EXACT, Cap
from methodologies.manifest import Manifest

_ZERO, _ONE = Decimal(0), Decimal(1)
_add = EXACT.add
ACTS = "acts"
OWN = frozenset({"citizen", "household"})
"""Holders that are the citizen: a household nobody has bound is the citizen alone."""


def window_of(cap: Cap, day: date) -> tuple[date, date]:
    """First and last civil day of the window in which an act of ``day`` counts."""
    if cap.window == "day":
        return day, day
    months = {"month": 1, "quarter": 3, "year": 12}[cap.window]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    after = first.month - 1 + months
    return first, date(first.year + after // 12, after % 12 + 1, 1) - timedelta(days=1)


class Used:
    """What each holder's windows hold already; grows as a batch is settled, in order."""

    def __init__(self) -> None:
        self._amounts: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._taken: defaultdict[Place, Decimal] = defaultdict(Decimal)

    def put(self, place: Place, amount: Decimal) -> None:
        """What the database says is used."""
        self._amounts[place] = _add(self._amounts[place], amount)

    def take(self, candidate: Candidate) -> None:
        """One more act, and what its capped terms came to."""
        for cap, place in candidate.places:
            amount = amount_of(candidate, cap)
            self._amounts[place] = _add(self._amounts[place], amount)
            if cap.per not in OWN:
                self._taken[place] = _add(self._taken[place], amount)

    def of(self, place: Place) -> Decimal:
        """What is used so far."""
        return self._amounts[place]

    def left(self, cap: Cap, place: Place) -> Decimal:
        """What the cap still allows; never below zero."""
        used = self._amounts.get(place)
        if used is None:
            return cap.maximum
        left = EXACT.subtract(cap.maximum, used)
        return left if left > 0 else _ZERO

    def left_for(self, act_id: UUID, cap: Cap, place: Place) -> Decimal:  # noqa: ARG002 - lanes use it
        """What the cap still allows this act; in lanes, what was reserved for it."""
        return self.left(cap, place)

    def taken(self) -> Mapping[Place, Decimal]:
        """What this batch adds to the rows of subjects."""
        return self._taken


def amount_of(candidate: Candidate, cap: Cap) -> Decimal:
    """How much of a cap an act uses."""
    if cap.count == ACTS:
        return _ONE
    return candidate.worth.counts.get(cap.count, _ZERO)


def places_of(
    manifest: Manifest, account_id: int, subjects: Mapping[str, int], day: date
) -> tuple[tuple[Cap, Place], ...]:
    """Each cap of an act's methodology, and where its use is counted.

    Args:
        manifest: of the version that judges the act.
        account_id: whose act it is.
        subjects: the numbers of vehicles and keys that caps are counted for, by field.
        day: of the act.

    """
    return tuple(
        [
            (cap, (subjects.get(cap.subject, account_id), manifest.id, cap.count, first))
            for cap, first in _firsts(manifest, day)
        ]
    )


@lru_cache(maxsize=4096)
def _firsts(manifest: Manifest, day: date) -> tuple[tuple[Cap, date], ...]:
    return tuple((cap, window_of(cap, day)[0]) for cap in manifest.caps)


async def read_subjects(tx: Tx, *, candidates: Sequence[Candidate], used: Used) -> None:
    """Lock and read what vehicles and keys have used: two statements, or none."""
    subjects = {
        place for candidate in candidates for cap, place in candidate.places if cap.per not in OWN
    }
    if subjects:
        await lock_and_read(tx, used=used, places=sorted(subjects))


async def lock_and_read(
    tx: Tx, *, used: Used, places: Sequence[Place], buckets: Sequence[int] | None = None
) -> None:
    """Lock the rows of these places, in order; missing ones are made."""
    arguments = columns(places) | {"buckets": buckets}
    await tx.execute(_MAKE, arguments)
    rows = await tx.execute(routed(_LOCK, buckets), arguments)
    async for subject, methodology, count, first, amount in rows:
        used.put((subject, methodology, count, first), amount)


async def keep(tx: Tx, *, used: Used) -> None:
    """Add what this batch took to the rows of subjects; they are locked already."""
    taken = used.taken()
    if taken:
        await add(tx, amounts=taken)


async def add(
    tx: Tx, *, amounts: Mapping[Place, Decimal], buckets: Sequence[int] | None = None
) -> None:
    """Change what is used; negative amounts are given back."""
    places = sorted(amounts)
    more = {"amounts": [amounts[each] for each in places], "buckets": buckets}
    await tx.execute(routed(_KEEP, buckets), columns(places) | more)


def columns(places: Sequence[Place]) -> dict[str, object]:
    """Places as columns of a statement."""
    return {
        "subjects": [place[0] for place in places],
        "methodologies": [place[1] for place in places],
        "counts": [place[2] for place in places],
        "first": [place[3] for place in places],
    }


_MAKE = """
INSERT INTO cap_use (bucket, subject, methodology, counted, window_from, used)
SELECT (subject %% 1024)::smallint, subject, methodology, counted, first, 0
  FROM unnest(%(subjects)b::bigint[], %(methodologies)b::text[], %(counts)b::text[],
              %(first)b::date[]) AS t (subject, methodology, counted, first)
 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT DO NOTHING
"""
_LOCK = """
SELECT t.subject, t.methodology, t.counted, t.first, c.used
  FROM (SELECT * FROM unnest(%(subjects)b::bigint[], %(methodologies)b::text[], %(counts)b::text[],
                             %(first)b::date[]) AS t (subject, methodology, counted, first)
         ORDER BY (subject %% 1024)::smallint, subject, methodology, counted, first) AS t
 CROSS JOIN LATERAL (
  SELECT c.used FROM cap_use c
   WHERE c.bucket = (t.subject %% 1024)::smallint AND c.subject = t.subject
     AND c.methodology = t.methodology AND c.counted = t.counted AND c.window_from = t.first
       /* lane: c */
     FOR UPDATE) AS c
"""
_KEEP = """
UPDATE cap_use c SET used = c.used + t.amount
  FROM unnest(%(subjects)b::bigint[], %(methodologies)b::text[], %(counts)b::text[],
              %(first)b::date[], %(amounts)b::numeric[])
         AS t (subject, methodology, counted, first, amount)
 WHERE c.bucket = (t.subject %% 1024)::smallint AND c.subject = t.subject
   AND c.methodology = t.methodology AND c.counted = t.counted AND c.window_from = t.first
   /* lane: c */
"""
