"""A citizen's own acts near those of a batch: what overlaps them, and what their caps hold.

One statement for the whole batch, read under the citizens' locks. A citizen's short intervals
stand in the reductions' own rows, so the index of a citizen's days finds them, and with them
what a cap over a window has used already.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from app.catalogue.versions import Versions
from app.columns import dates, int2s, int4s, int8s, moments
from app.database import Tx
from app.lanes import routed
from app.reductions import shapes
from app.reductions.caps import ACTS, OWN, Used, window_of
from app.reductions.decisions import Candidate, Interval

_DAY, _WEST, _EAST = timedelta(days=1), timedelta(hours=12), timedelta(hours=14)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
_NO_SCOPE = _NO_VERSION = 0

_Windows = dict[tuple[str, date], date]
"""What is counted, and the window's first day: its last day."""


_Row = tuple[int, int, date, date, int, int, datetime, datetime]
"""A question: an act's place, whose days, and what to look for: a version, an overlap, or both."""


def _overlaps(place: int, candidate: Candidate, interval: Interval) -> _Row:
    """Acts that end after this one starts, and no more than a day after it ends.

    Whatever the zone was in which their days were told: none is more than 12 hours behind UTC,
    or 14 before it. An earlier day would be read for nothing, by everybody, row by row.
    """
    starts_at, ends_at = interval.starts_at, interval.ends_at
    first = (starts_at.astimezone(UTC) - _WEST).date()
    last = (ends_at.astimezone(UTC) + _DAY + _EAST).date()
    scope = interval.scope
    return place, candidate.account_id, first, last, _NO_VERSION, scope, starts_at, ends_at


def _counts(account_id: int, days: tuple[date, date], version_id: int) -> _Row:
    """Acts of a version on these days."""
    return -1, account_id, *days, version_id, _NO_SCOPE, _NEVER, _NEVER


def _counts_too(row: _Row, days: tuple[date, date], version_id: int) -> _Row:
    """A question for overlaps that also asks for acts of a version: one look instead of two."""
    place, account_id, first, last, _, scope, starts_at, ends_at = row
    first, last = min(first, days[0]), max(last, days[1])
    return place, account_id, first, last, version_id, scope, starts_at, ends_at


def _columns(asked: Sequence[_Row]) -> dict[str, object]:
    places, accounts, first, last, versions, scopes, starts, ends = zip(*asked, strict=True)
    return {
        "places": int4s(places),
        "accounts": int8s(accounts),
        "first": dates(first),
        "last": dates(last),
        "versions": int2s(versions),
        "scopes": int2s(scopes),
        "starts": moments(starts),
        "ends": moments(ends),
    }


async def read(
    tx: Tx,
    *,
    candidates: Sequence[Candidate],
    versions: Versions,
    used: Used,
    buckets: Sequence[int] | None = None,
) -> set[int]:
    """Put what the citizens' caps hold into ``used``; returns the records whose acts overlap."""
    asked: list[_Row] = []
    windows: defaultdict[tuple[int, str], _Windows] = defaultdict(dict)
    place_of: dict[int, int] = {}
    for place, candidate in enumerate(candidates):
        if candidate.held:
            continue
        for interval in candidate.intervals:
            if not interval.shared and interval.subject == candidate.account_id:
                place_of.setdefault(candidate.account_id, len(asked))
                asked.append(_overlaps(place, candidate, interval))
        for cap, where in candidate.places:
            if cap.per in OWN:
                last = window_of(cap, candidate.day)[1]
                windows[where[0], where[1]][cap.count, where[3]] = last
    names_asked = {methodology for _, methodology in windows}
    ids_of = {methodology: versions.ids_of(methodology) for methodology in names_asked}
    for (account_id, methodology), wanted in windows.items():
        days = min(first for _, first in wanted), max(wanted.values())
        for version_id in ids_of[methodology]:
            at = place_of.pop(account_id, None)
            if at is None:
                asked.append(_counts(account_id, days, version_id))
            else:
                asked[at] = _counts_too(asked[at], days, version_id)
    if not asked:
        return set()
    asking = _columns(asked) | {"buckets": buckets}
    rows = await (await tx.execute(routed(_RECENT, buckets), asking, binary=True)).fetchall()
    names = await shapes.names_of(tx, shape_ids={row[4] for row in rows if row[5] is not None})
    overlapping: set[int] = set()
    for place, account_id, version_id, day, shape_id, inputs, overlaps in rows:
        if overlaps:
            overlapping.add(candidates[place].record.index)
        if inputs is None:
            continue
        methodology = versions.by_id[version_id].methodology.manifest.id
        counts = shapes.counts_of(shapes.apart(names[shape_id], inputs))
        for (count, first), last in windows[account_id, methodology].items():
            if first <= day <= last:
                amount = Decimal(1) if count == ACTS else Decimal(counts.get(count, 0))
                used.put((account_id, methodology, count, first), amount)
    return overlapping


_RECENT = """
SELECT t.place, t.account, r.version_id, r.occurred_on, r.shape_id,
       CASE WHEN r.version_id = t.version THEN r.inputs END, r.overlaps
  FROM unnest(%(places)b::int[], %(accounts)b::bigint[], %(first)b::date[], %(last)b::date[],
              %(versions)b::smallint[], %(scopes)b::smallint[], %(starts)b::timestamptz[],
              %(ends)b::timestamptz[])
         AS t (place, account, first, last, version, scope, starts_at, ends_at)
 CROSS JOIN LATERAL (
         SELECT r.version_id, r.occurred_on, r.shape_id, r.inputs,
                r.scope = t.scope AND r.occurred_at > t.starts_at
                AND r.occurred_at - r.duration_s * interval '1 second' < t.ends_at AS overlaps
           FROM reduction r
          WHERE r.account_id = t.account AND r.occurred_on BETWEEN t.first AND t.last
            /* lane: r */
         OFFSET 0) AS r
 WHERE r.version_id = t.version OR r.overlaps
"""
