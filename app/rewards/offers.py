"""Door: what can be had for points. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, LiteralString
from uuid import UUID

from app.database import Tx
from app.merchants import directory
from app.merchants.directory import MerchantView
from app.rewards import offers_near, rules
from app.rewards.offers_near import TAKEN, Point
from app.rewards.tables import Delivery, Mode, OfferKind, OfferState


class Order(StrEnum):
    """How a list of offers is sorted."""

    newest = "newest"
    cheapest = "cheapest"
    nearest = "nearest"


@dataclass(frozen=True, slots=True)
class Offered:
    """A published offer, as everybody sees it; ``distance_m`` only where somebody asked from."""

    id: UUID
    merchant_id: UUID
    title_zh: str
    title_en: str
    points: int
    per_citizen: int
    opens_at: datetime
    closes_at: datetime
    remaining: int
    kind: OfferKind
    mode: Mode
    delivery: Delivery
    category: str
    district_code: str
    text_zh: str
    text_en: str
    picture: str
    face_value_fen: int
    usable_until: datetime
    draws_at: datetime | None
    limits: list[dict[str, Any]]
    audience: dict[str, Any]
    unit: str
    coupon_life_s: int
    merchant_zh: str = ""
    merchant_en: str = ""
    distance_m: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader looks for; nothing said: everything."""

    category: str | None = None
    district_code: str | None = None
    kind: OfferKind | None = None
    points_max: int | None = None


EVERYTHING = Wanted()


async def open_ones(
    tx: Tx,
    *,
    before: UUID | None,
    limit: int,
    now: datetime,
    wanted: Wanted = EVERYTHING,
    point: Point | None = None,
) -> list[Offered]:
    """At most ``limit`` offers that can be claimed now, the newest first; three statements.

    Five with a point: each offer is told with its distance, and a radius leaves out who is beyond.

    Args:
        tx: a reading connection.
        before: the last id of the page before; None starts at the newest.
        limit: how many at most.
        now: the moment (UTC) at which they are open.
        wanted: which ones.
        point: from where.

    """
    arguments = await _filter(tx, wanted, now, limit) | {"before": before or UUID(int=2**128 - 1)}
    if point is not None and point.radius_m is not None:
        return await _within(tx, _NEWEST_WITHIN, arguments, point)
    return await _anywhere(tx, _NEWEST, arguments, point)


async def cheapest(
    tx: Tx,
    *,
    after: tuple[int, UUID] | None,
    limit: int,
    now: datetime,
    wanted: Wanted = EVERYTHING,
    point: Point | None = None,
) -> list[Offered]:
    """The same, the lowest price first; ``after`` is the last one's price and id."""
    points, offer_id = after or (0, UUID(int=0))
    arguments = await _filter(tx, wanted, now, limit) | {"points": points, "id": offer_id}
    if point is not None and point.radius_m is not None:
        return await _within(tx, _CHEAPEST_WITHIN, arguments, point)
    return await _anywhere(tx, _CHEAPEST, arguments, point)


async def nearest(
    tx: Tx,
    *,
    point: Point,
    after: tuple[int, UUID] | None,
    limit: int,
    now: datetime,
    wanted: Wanted = EVERYTHING,
) -> list[Offered]:
    """The same, by the distance of the nearest store that takes the coupon; four statements.

    Args:
        tx: a reading connection.
        point: from where, and how far.
        after: distance and id of the last one of the page before.
        limit: how many at most.
        now: the moment (UTC).
        wanted: which ones.

    """
    distance_m, offer_id = after or (-1, UUID(int=0))
    arguments = await _filter(tx, wanted, now, limit) | {"distance": distance_m, "id": offer_id}
    return await _within(tx, _NEAREST, arguments, point)


async def offer(tx: Tx, *, offer_id: UUID, now: datetime) -> Offered:
    """One published offer that has not closed; it may open later.

    Raises:
        OfferNotFound: there is none.

    """
    row = await (await tx.execute(_ONE, {"id": offer_id, "now": now})).fetchone()
    if row is None:
        raise rules.no_such_offer()
    return (await _with_merchants(tx, [row]))[0]


async def kept(
    tx: Tx, *, state: OfferState | None, before: UUID | None, limit: int
) -> list[tuple[OfferState, Offered]]:
    """At most ``limit`` offers of any state, the newest first, with their state; for officers."""
    arguments = {
        "state": None if state is None else state.value,
        "before": before or UUID(int=2**128 - 1),
        "limit": limit,
    }
    rows = await (await tx.execute(_KEPT, arguments)).fetchall()
    offered = await _with_merchants(tx, [row[:-1] for row in rows])
    return [(OfferState(row[-1]), each) for each, row in zip(offered, rows, strict=True)]


async def _anywhere(
    tx: Tx, sql: LiteralString, arguments: dict[str, Any], point: Point | None
) -> list[Offered]:
    """A page of all offers; with a point, each with its distance, however far that is."""
    found = await _with_merchants(tx, await (await tx.execute(sql, arguments)).fetchall())
    if point is None:
        return found
    ids, merchants = {each.id for each in found}, {each.merchant_id for each in found}
    far = await offers_near.metres(tx, point=point, offer_ids=ids, merchant_ids=merchants)
    return [replace(each, distance_m=far.get(each.id)) for each in found]


async def _within(
    tx: Tx, sql: LiteralString, arguments: dict[str, Any], point: Point
) -> list[Offered]:
    """A page of the offers that a store within the radius takes, each with its distance."""
    near = await offers_near.around(tx, point=point)
    rows = await (await tx.execute(sql, arguments | near)).fetchall()
    offered = await _with_merchants(tx, [row[:-1] for row in rows])
    return [replace(each, distance_m=row[-1]) for each, row in zip(offered, rows, strict=True)]


async def _filter(tx: Tx, wanted: Wanted, now: datetime, limit: int) -> dict[str, Any]:
    return {
        "closed": await directory.inactive(tx),
        "category": wanted.category,
        "district": wanted.district_code,
        "kind": None if wanted.kind is None else wanted.kind.value,
        "points_max": wanted.points_max,
        "now": now,
        "limit": limit,
    }


async def _with_merchants(tx: Tx, rows: Sequence[tuple[Any, ...]]) -> list[Offered]:
    """Rows and the names of their merchants, by the merchants' own door."""
    merchants = await directory.by_ids(tx, merchant_ids={row[1] for row in rows})
    return [_offered(row, merchants[row[1]]) for row in rows]


def _offered(row: tuple[Any, ...], merchant: MerchantView) -> Offered:
    facts: dict[str, Any] = dict(zip(_FIELDS, row, strict=True))
    facts |= {
        "kind": OfferKind(facts["kind"]),
        "mode": Mode(facts["mode"]),
        "delivery": Delivery(facts["delivery"]),
        "merchant_zh": merchant.name_zh,
        "merchant_en": merchant.name_en,
    }
    return Offered(**facts)


_FIELDS = tuple(field.name for field in fields(Offered))[:24]
_COLUMNS = """
SELECT o.id, o.merchant_id, o.title_zh, o.title_en, o.points, o.per_citizen, o.opens_at,
       o.closes_at, (SELECT coalesce(sum(s.remaining), 0)::int FROM offer_stock s
                      WHERE s.offer_id = o.id),
       o.kind, o.mode, o.delivery, o.category, o.district_code, o.text_zh, o.text_en, o.picture,
       o.face_value_fen, o.usable_until, o.draws_at, o.limits, o.audience,
       (SELECT u.code FROM unit u WHERE u.id = o.unit), o.coupon_life_s
"""
# The state is written out: it is what the partial indexes are for. A draw takes nobody after its
# hour, whether it has been held yet or not.
_WANTED = """
 o.state = 2 AND o.opens_at <= %(now)s AND o.closes_at > %(now)s
   AND (o.mode <> 3 OR o.draws_at > %(now)s)
   AND o.merchant_id <> ALL (%(closed)b::uuid[])
   AND (%(category)s::text IS NULL OR o.category = %(category)s)
   AND (%(district)s::text IS NULL OR o.district_code IN ('', %(district)s))
   AND (%(kind)s::smallint IS NULL OR o.kind = %(kind)s)
   AND (%(points_max)s::int IS NULL OR o.points <= %(points_max)s)
"""
_NEWEST = f"""{_COLUMNS}
  FROM offer o WHERE {_WANTED} AND o.id < %(before)s
 ORDER BY o.id DESC LIMIT %(limit)s
"""
_CHEAPEST = f"""{_COLUMNS}
  FROM offer o WHERE {_WANTED} AND (o.points, o.id) > (%(points)s::int, %(id)s::uuid)
 ORDER BY o.points, o.id LIMIT %(limit)s
"""
_WITHIN = f"""{_COLUMNS}, n.distance_m
  FROM (SELECT o.id, min(t.distance_m) AS distance_m {TAKEN} WHERE {_WANTED} GROUP BY 1) AS n
  JOIN offer o ON o.id = n.id
"""
_NEAREST = f"""{_WITHIN}
 WHERE (n.distance_m, n.id) > (%(distance)s::int, %(id)s::uuid)
 ORDER BY n.distance_m, n.id LIMIT %(limit)s
"""
_NEWEST_WITHIN = f"""{_WITHIN}
 WHERE o.id < %(before)s ORDER BY o.id DESC LIMIT %(limit)s
"""
_CHEAPEST_WITHIN = f"""{_WITHIN}
 WHERE (o.points, o.id) > (%(points)s::int, %(id)s::uuid)
 ORDER BY o.points, o.id LIMIT %(limit)s
"""
_ONE = f"""{_COLUMNS}
  FROM offer o WHERE o.id = %(id)s AND o.state = 2 AND o.closes_at > %(now)s
"""
_KEPT = f"""{_COLUMNS}, o.state
  FROM offer o WHERE (%(state)s::smallint IS NULL OR o.state = %(state)s) AND o.id < %(before)s
 ORDER BY o.id DESC LIMIT %(limit)s
"""
