"""Caps over a window: how much of one the holder has used, and what is left for an act.

Read under locks, so nothing can be used twice. Caps fail closed: an act that finds nothing left
is rejected, and one that finds too little is cut (rule R6). A citizen's use is added up from
the citizen's own reductions. What is capped per vehicle or per natural key is counted in a row
of that subject, because its acts may be several citizens'.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from app.catalogue.versions import Versions
from app.database import Tx
from app.reductions.decisions import Candidate
from methodologies.contract import EXACT, Cap

ACTS = "acts"
OWN = frozenset({"citizen", "household"})
"""Holders that are the citizen: a household nobody has bound is the citizen alone."""

Place = tuple[int, str, str, date]
"""Holder, methodology, what is counted, and the window's first day."""


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
        self._amounts[place] = EXACT.add(self._amounts[place], amount)

    def take(self, candidate: Candidate) -> None:
        """One more act, and what its capped terms came to."""
        for cap, place in places_of(candidate):
            counted = candidate.worth.counts.get(cap.count, Decimal(0))
            amount = Decimal(1) if cap.count == ACTS else counted
            self.put(place, amount)
            if cap.per not in OWN:
                self._taken[place] = EXACT.add(self._taken[place], amount)

    def left(self, cap: Cap, place: Place) -> Decimal:
        """What the cap still allows; never below zero."""
        return max(Decimal(0), EXACT.subtract(cap.maximum, self._amounts[place]))

    def taken(self) -> Mapping[Place, Decimal]:
        """What this batch adds to the rows of subjects."""
        return self._taken


def places_of(candidate: Candidate) -> Iterator[tuple[Cap, Place]]:
    """Each cap of an act's methodology, and where its use is counted."""
    manifest = candidate.version.methodology.manifest
    for cap in manifest.caps:
        holder = candidate.cap_subjects.get(cap.subject, candidate.account_id)
        yield cap, (holder, manifest.id, cap.count, window_of(cap, candidate.day)[0])


async def used_by(tx: Tx, *, candidates: Sequence[Candidate], versions: Versions) -> Used:
    """Read the windows the batch touches: one statement for citizens, two for subjects."""
    used = Used()
    own: dict[tuple[int, str, str, date], date] = {}
    subjects: set[Place] = set()
    for candidate in candidates:
        for cap, place in places_of(candidate):
            if cap.per in OWN:
                own[place] = window_of(cap, candidate.day)[1]
            else:
                subjects.add(place)
    if own:
        await _add_own(tx, used, own, versions)
    if subjects:
        await _add_subjects(tx, used, sorted(subjects))
    return used


async def _add_own(tx: Tx, used: Used, own: Mapping[Place, date], versions: Versions) -> None:
    spans = sorted({(place[0], place[3], last) for place, last in own.items()})
    rows = await tx.execute(
        _USED,
        {
            "accounts": [span[0] for span in spans],
            "first": [span[1] for span in spans],
            "last": [span[2] for span in spans],
        },
    )
    by_act: defaultdict[tuple[int, str], list[tuple[str, date, date]]] = defaultdict(list)
    for (account_id, methodology, count, first), last in own.items():
        by_act[account_id, methodology].append((count, first, last))
    async for account_id, day, version_id, counts in rows:
        methodology = versions.by_id[version_id].methodology.manifest.id
        for count, first, last in by_act.get((account_id, methodology), ()):
            if first <= day <= last:
                amount = 1 if count == ACTS else (counts or {}).get(count, 0)
                used.put((account_id, methodology, count, first), Decimal(amount))


async def _add_subjects(tx: Tx, used: Used, places: Sequence[Place]) -> None:
    arguments = _columns(places)
    await tx.execute(_MAKE, arguments)
    rows = await tx.execute(_LOCK, arguments)
    async for subject, methodology, count, first, amount in rows:
        used.put((subject, methodology, count, first), amount)


async def keep(tx: Tx, *, used: Used) -> None:
    """Add what this batch took to the rows of subjects; they are locked already."""
    taken = used.taken()
    if taken:
        places = sorted(taken)
        await tx.execute(_KEEP, _columns(places) | {"amounts": [taken[each] for each in places]})


def _columns(places: Sequence[Place]) -> dict[str, object]:
    return {
        "subjects": [place[0] for place in places],
        "methodologies": [place[1] for place in places],
        "counts": [place[2] for place in places],
        "first": [place[3] for place in places],
    }


_USED = """
SELECT DISTINCT ON (r.id) r.account_id, r.occurred_on, r.version_id, r.counts
  FROM unnest(%(accounts)b::bigint[], %(first)b::date[], %(last)b::date[])
         AS t (account_id, first, last)
  JOIN reduction r ON r.bucket = (t.account_id %% 1024)::smallint
                  AND r.account_id = t.account_id AND r.occurred_on BETWEEN t.first AND t.last
"""
_MAKE = """
INSERT INTO cap_use (bucket, subject, methodology, counted, window_from, used)
SELECT (subject %% 1024)::smallint, subject, methodology, counted, first, 0
  FROM unnest(%(subjects)b::bigint[], %(methodologies)b::text[], %(counts)b::text[],
              %(first)b::date[]) AS t (subject, methodology, counted, first)
 ORDER BY 1, 2, 3, 4, 5
ON CONFLICT DO NOTHING
"""
_LOCK = """
SELECT c.subject, c.methodology, c.counted, c.window_from, c.used FROM cap_use c
  JOIN unnest(%(subjects)b::bigint[], %(methodologies)b::text[], %(counts)b::text[],
              %(first)b::date[]) AS t (subject, methodology, counted, first)
    ON c.bucket = (t.subject %% 1024)::smallint AND c.subject = t.subject
   AND c.methodology = t.methodology AND c.counted = t.counted AND c.window_from = t.first
 ORDER BY c.bucket, c.subject, c.methodology, c.counted, c.window_from FOR UPDATE OF c
"""
_KEEP = """
UPDATE cap_use c SET used = c.used + t.amount
  FROM unnest(%(subjects)b::bigint[], %(methodologies)b::text[], %(counts)b::text[],
              %(first)b::date[], %(amounts)b::numeric[])
         AS t (subject, methodology, counted, first, amount)
 WHERE c.bucket = (t.subject %% 1024)::smallint AND c.subject = t.subject
   AND c.methodology = t.methodology AND c.counted = t.counted AND c.window_from = t.first
"""
