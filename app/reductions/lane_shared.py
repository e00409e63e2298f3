"""Claims and caps of subjects in other buckets: reserved for an act before its lane writes.

A vehicle's bucket is not its driver's. Its interval is claimed, and its cap drawn on, in a
transaction of the vehicle's bucket, in the act's name: whoever delivers the act again finds what
is reserved for it. What is not used is given back, and until then stands in nobody's favour.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from app.columns import int2s, int4s, int8s, moments_us, uuids
from app.database import Tx
from app.ids import BUCKETS
from app.lanes import routed
from app.reductions import caps, claims
from app.reductions.decisions import Interval, Place
from methodologies.contract import EXACT

ClaimWish = tuple[UUID, Interval]
"""An act, and what it claims of another subject than its citizen."""
CapWish = tuple[UUID, Place, Decimal, Decimal]
"""An act, where a cap is counted, the cap, and how much of it the act would use."""
Granted = Mapping[tuple[UUID, Place], Decimal]


def bucket_of_claim(wish: ClaimWish) -> int:
    """The subject's bucket."""
    return wish[1].subject % BUCKETS


def bucket_of_cap(wish: CapWish) -> int:
    """The holder's bucket."""
    return wish[1][0] % BUCKETS


@dataclass(frozen=True, slots=True)
class Late:
    """Acts that came too late: after other deliveries' acts, or after earlier ones of their own."""

    others: set[UUID]
    inside: set[UUID]

    @property
    def all(self) -> set[UUID]:
        """Both."""
        return self.others | self.inside


async def claim(tx: Tx, *, buckets: Sequence[int], wishes: Sequence[ClaimWish]) -> Late:
    """Claim for acts, in their order; those that come too late are returned."""
    intervals = [interval for _, interval in wishes]
    await claims.lock_subjects(tx, intervals=intervals, buckets=buckets)
    rows = await tx.execute(routed(_LAST, buckets), _intervals(wishes, buckets))
    before = {place: act_id async for place, act_id in rows}
    late = Late(set(), set())
    taken: defaultdict[tuple[int, int], list[ClaimWish]] = defaultdict(list)
    granted: list[ClaimWish] = []
    for place, (act_id, interval) in enumerate(wishes):
        mine = before.get(place) == act_id
        others = taken[interval.scope, interval.subject]
        if place in before and not mine:
            late.others.add(act_id)
            continue
        if any(interval.overlaps(other) and owner != act_id for owner, other in others):
            late.inside.add(act_id)
            continue
        others.append((act_id, interval))
        if not mine:
            granted.append((act_id, interval))
    if granted:
        await tx.execute(_KEEP, _intervals(granted, buckets))
    return late


async def overlapped(
    tx: Tx, *, buckets: Sequence[int], wishes: Sequence[ClaimWish]
) -> list[tuple[UUID, UUID]]:
    """Acts that another act's claim overlaps, each with that other act; nothing is claimed."""
    rows = await tx.execute(routed(_LAST, buckets), _intervals(wishes, buckets))
    found = [(wishes[place][0], other) async for place, other in rows]
    return [(act_id, other) for act_id, other in found if act_id != other]


async def unclaim(tx: Tx, *, buckets: Sequence[int], wishes: Sequence[ClaimWish]) -> None:
    """Give back what was claimed for acts that were not accepted."""
    await tx.execute(routed(_FORGET, buckets), _intervals(wishes, buckets))


async def draw(tx: Tx, *, buckets: Sequence[int], wishes: Sequence[CapWish]) -> Granted:
    """Draw on caps for acts, in their order: as much as is left, which may be nothing."""
    places = sorted({place for _, place, _, _ in wishes})
    used = caps.Used()
    await caps.lock_and_read(tx, used=used, places=places, buckets=buckets)
    ids = uuids(list({act_id for act_id, _, _, _ in wishes}))
    rows = await tx.execute(routed(_DRAWN, buckets), {"ids": ids, "buckets": buckets})
    before = {(act_id, (s, m, c, f)): amount async for act_id, s, m, c, f, amount in rows}
    granted: dict[tuple[UUID, Place], Decimal] = {}
    more: defaultdict[Place, Decimal] = defaultdict(Decimal)
    new: list[tuple[UUID, Place, Decimal]] = []
    for act_id, place, maximum, amount in wishes:
        key = (act_id, place)
        if key not in before and key not in granted:
            fits = min(amount, max(Decimal(0), EXACT.subtract(maximum, used.of(place))))
            used.put(place, fits)
            more[place] = EXACT.add(more[place], fits)
            granted[key] = fits
            new.append((act_id, place, fits))
        elif key in before:
            granted[key] = before[key]
    if new:
        await tx.execute(_DRAW, _drawn(new))
        await caps.add(tx, amounts=more, buckets=buckets)
    return granted


async def undraw(
    tx: Tx, *, buckets: Sequence[int], kept: Sequence[UUID], gone: Sequence[UUID]
) -> None:
    """Forget what was reserved; what acts that were not accepted had drawn is given back."""
    rows = await tx.execute(
        routed(_UNDRAW, buckets), {"ids": uuids([*kept, *gone]), "buckets": buckets}
    )
    back: defaultdict[Place, Decimal] = defaultdict(Decimal)
    given = set(gone)
    async for act_id, s, m, c, f, amount in rows:
        if act_id in given:
            back[s, m, c, f] = EXACT.subtract(back[s, m, c, f], amount)
    if back:
        await caps.add(tx, amounts=back, buckets=buckets)


def _intervals(wishes: Sequence[ClaimWish], buckets: Sequence[int]) -> dict[str, object]:
    return {
        "buckets": buckets,
        "places": int4s(range(len(wishes))),
        "ids": uuids([act_id for act_id, _ in wishes]),
        "scopes": int2s([each.scope for _, each in wishes]),
        "subjects": int8s([each.subject for _, each in wishes]),
        "starts": moments_us([each.starts_us for _, each in wishes]),
        "ends": moments_us([each.ends_us for _, each in wishes]),
    }


def _drawn(new: Sequence[tuple[UUID, Place, Decimal]]) -> dict[str, object]:
    return {
        "ids": uuids([act_id for act_id, _, _ in new]),
        "amounts": [amount for _, _, amount in new],
        **caps.columns([place for _, place, _ in new]),
    }


_LAST = """
SELECT t.place, last.reduction_id
  FROM unnest(%(places)b::int[], %(scopes)b::smallint[], %(subjects)b::bigint[],
              %(starts)b::timestamptz[], %(ends)b::timestamptz[])
         AS t (place, scope, subject, starts_at, ends_at)
 CROSS JOIN LATERAL (
         SELECT c.ends_at, c.reduction_id FROM claim c
          WHERE c.bucket = (t.subject %% 1024)::smallint AND c.scope = t.scope
            AND c.subject = t.subject AND c.starts_at < t.ends_at
            /* lane: c */
          ORDER BY c.starts_at DESC LIMIT 1) AS last
 WHERE last.ends_at > t.starts_at
"""
_KEEP = """
INSERT INTO claim (bucket, scope, subject, starts_at, ends_at, reduction_id)
SELECT (subject %% 1024)::smallint, scope, subject, starts_at, ends_at, id
  FROM unnest(%(ids)b::uuid[], %(scopes)b::smallint[], %(subjects)b::bigint[],
              %(starts)b::timestamptz[], %(ends)b::timestamptz[])
    AS t (id, scope, subject, starts_at, ends_at)
"""
_FORGET = """
DELETE FROM claim c
 USING unnest(%(ids)b::uuid[], %(scopes)b::smallint[], %(subjects)b::bigint[],
              %(starts)b::timestamptz[]) AS t (id, scope, subject, starts_at)
 WHERE c.bucket = (t.subject %% 1024)::smallint AND c.scope = t.scope AND c.subject = t.subject
   AND c.starts_at = t.starts_at AND c.reduction_id = t.id
   /* lane: c */
"""
_COLUMNS = "subject, methodology, counted, window_from, amount"
_DRAWN = (
    f"SELECT act_id, {_COLUMNS} FROM cap_lane l WHERE act_id = ANY(%(ids)b::uuid[]) /* lane: l */"
)
_DRAW = f"""
INSERT INTO cap_lane (bucket, act_id, {_COLUMNS})
SELECT (subject %% 1024)::smallint, id, subject, methodology, counted, first, amount
  FROM unnest(%(ids)b::uuid[], %(subjects)b::bigint[], %(methodologies)b::text[],
              %(counts)b::text[], %(first)b::date[], %(amounts)b::numeric[])
    AS t (id, subject, methodology, counted, first, amount)
"""
_UNDRAW = f"""
DELETE FROM cap_lane l WHERE act_id = ANY(%(ids)b::uuid[]) /* lane: l */
RETURNING act_id, {_COLUMNS}
"""
