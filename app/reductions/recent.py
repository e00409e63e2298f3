"""A citizen's own acts near those of a batch: what overlaps them, and what their caps hold.

One statement for the whole batch, read under the citizens' locks. A citizen's short intervals
stand in the reductions' own rows, so the index of a citizen's days finds them, and with them
what a cap over a window has used already.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from app.catalogue.versions import Versions
from app.columns import day_of, days, int2s, int4s, int8s, moments_us, plain_cursor
from app.database import Cursor, Tx
from app.lanes import routed
from app.reductions import shapes
from app.reductions.caps import ACTS, OWN, Used, window_of
from app.reductions.decisions import Candidate, Interval
from methodologies.manifest import Manifest
from methodologies.moments import DAY_US

_WEST_US, _EAST_US = DAY_US // 24 * 12, DAY_US // 24 * 14
_NEVER_US = 0
_NO_SCOPE = _NO_VERSION = 0
_ONE = Decimal(1)

_Window = tuple[str, date, int, int]
"""What is counted, the window's first day, and its first and last day as numbers."""


_Row = tuple[int, int, int, int, int, int, int, int]
"""A question: an act's place, whose days, and what to look for: a version, an overlap, or both.

Days and moments are counted as PostgreSQL counts them (`columns.day_of`, `moments.us_of`).
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, and of which candidates."""

    cursor: Cursor
    candidates: Sequence[Candidate]
    windows: Mapping[tuple[int, str], set[_Window]]
    versions: Versions


def _overlaps(place: int, account_id: int, own: Interval) -> _Row:
    """Acts that end after this one starts, and no more than a day after it ends.

    Whatever the zone was in which their days were told: none is more than 12 hours behind UTC,
    or 14 before it. An earlier day would be read for nothing, by everybody, row by row.
    """
    starts_us, ends_us = own.starts_us, own.ends_us
    first, last = (starts_us - _WEST_US) // DAY_US, (ends_us + DAY_US + _EAST_US) // DAY_US
    return place, account_id, first, last, _NO_VERSION, own.scope, starts_us, ends_us


def _counts(account_id: int, days_asked: tuple[int, int], version_id: int) -> _Row:
    """Acts of a version on these days."""
    return -1, account_id, *days_asked, version_id, _NO_SCOPE, _NEVER_US, _NEVER_US


def _counts_too(row: _Row, days_asked: tuple[int, int], version_id: int) -> _Row:
    """A question for overlaps that also asks for acts of a version: one look instead of two."""
    place, account_id, first, last, _, scope, starts_us, ends_us = row
    first, last = min(first, days_asked[0]), max(last, days_asked[1])
    return place, account_id, first, last, version_id, scope, starts_us, ends_us


def _columns(asked: Sequence[_Row]) -> dict[str, object]:
    places, accounts, first, last, versions, scopes, starts, ends = zip(*asked, strict=True)
    return {
        "places": int4s(places),
        "accounts": int8s(accounts),
        "first": days(first),
        "last": days(last),
        "versions": int2s(versions),
        "scopes": int2s(scopes),
        "starts": moments_us(starts),
        "ends": moments_us(ends),
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
    question = await ask(tx, candidates=candidates, versions=versions, buckets=buckets)
    return set() if question is None else await told(tx, question=question, used=used)


async def ask(
    tx: Tx,
    *,
    candidates: Sequence[Candidate],
    versions: Versions,
    buckets: Sequence[int] | None = None,
) -> Question | None:
    """The question of `read`, whose answer is read later (`told`); None if there is none."""
    asked: list[_Row] = []
    windows: defaultdict[tuple[int, str], set[_Window]] = defaultdict(set)
    place_of: dict[int, int] = {}
    for place, candidate in enumerate(candidates):
        if candidate.held:
            continue
        account_id = candidate.account_id
        for interval in candidate.intervals:
            if interval.subject == account_id and not interval.shared:
                place_of.setdefault(account_id, len(asked))
                asked.append(_overlaps(place, account_id, interval))
        manifest = candidate.version.methodology.manifest
        if own_windows := _own_windows(manifest, candidate.day):
            windows[account_id, manifest.id].update(own_windows)
    names_asked = {methodology for _, methodology in windows}
    ids_of = {methodology: versions.ids_of(methodology) for methodology in names_asked}
    for (account_id, methodology), wanted in windows.items():
        if len(wanted) == 1:
            ((_, _, first, last),) = wanted
        else:
            first, last = min(each[2] for each in wanted), max(each[3] for each in wanted)
        days_asked = first, last
        for version_id in ids_of[methodology]:
            at = place_of.pop(account_id, None)
            if at is None:
                asked.append(_counts(account_id, days_asked, version_id))
            else:
                asked[at] = _counts_too(asked[at], days_asked, version_id)
    if not asked:
        return None
    asking = _columns(asked) | {"buckets": buckets}
    cursor = await plain_cursor(tx).execute(routed(_RECENT, buckets), asking)
    return Question(cursor, candidates, windows, versions)


@lru_cache(maxsize=4096)
def _own_windows(manifest: Manifest, day: date) -> frozenset[_Window]:
    """The windows of the citizen's own caps in which an act of this day counts."""
    found = set()
    for cap in manifest.caps:
        if cap.per in OWN:
            first, last = window_of(cap, day)
            found.add((cap.count, first, day_of(first), day_of(last)))
    return frozenset(found)


async def told(tx: Tx, *, question: Question, used: Used) -> set[int]:
    """The answer to `ask`: what caps hold goes into ``used``; returns records that overlap."""
    rows = await question.cursor.fetchall()
    windows, versions = question.windows, question.versions
    names = await shapes.names_of(tx, shape_ids={row[4] for row in rows if row[5] is not None})
    overlapping: set[int] = set()
    for place, account_id, version_id, day, shape_id, inputs, overlaps in rows:
        if overlaps:
            overlapping.add(question.candidates[place].record.index)
        if inputs is None:
            continue
        methodology = versions.by_id[version_id].methodology.manifest.id
        counts = shapes.counts_in(names[shape_id], inputs)
        for count, first, first_day, last_day in windows[account_id, methodology]:
            if first_day <= day <= last_day:
                amount = _ONE if count == ACTS else Decimal(counts.get(count, 0))
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
