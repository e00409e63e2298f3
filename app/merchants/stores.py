"""Door: stores: a merchant's own, and those everybody can find by district or around a point."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from app.database import Tx
from app.merchants.errors import StoreNotFound


@dataclass(frozen=True, slots=True)
class StoreView:
    """A place where a merchant sells; coordinates are GCJ-02."""

    id: UUID
    merchant_id: UUID
    code: str
    name_zh: str
    name_en: str
    address: str
    district_code: str
    latitude: Decimal
    longitude: Decimal
    opening_hours: str
    state: str


@dataclass(frozen=True, slots=True)
class NearbyStore:
    """An open store of an active merchant, and how far it is; None where nobody asked from."""

    store: StoreView
    merchant_zh: str
    merchant_en: str
    distance_m: int | None


async def own(tx: Tx, *, merchant_id: UUID, store_id: UUID) -> StoreView:
    """One store of a merchant.

    Raises:
        StoreNotFound: the merchant has none with this id, whoever else may.

    """
    row = await (await tx.execute(_OWN, (merchant_id, store_id))).fetchone()
    if row is None:
        raise StoreNotFound("You have no store with this id.", "您没有该编号的门店。")
    return StoreView(*row)


async def page(tx: Tx, *, merchant_id: UUID, after: UUID | None, limit: int) -> list[StoreView]:
    """At most ``limit`` stores of one merchant, open or closed, oldest first."""
    rows = await tx.execute(_PAGE, (merchant_id, after or UUID(int=0), limit))
    return [StoreView(*row) async for row in rows]


async def open_among(tx: Tx, *, merchant_id: UUID, store_ids: Collection[UUID]) -> frozenset[UUID]:
    """Which of some ids are open stores of this very merchant."""
    rows = await tx.execute(_OPEN_AMONG, (merchant_id, list(store_ids)))
    return frozenset([row[0] async for row in rows])


async def in_district(
    tx: Tx, *, district_code: str, after: UUID | None, limit: int
) -> list[NearbyStore]:
    """At most ``limit`` open stores of active merchants in a district, oldest first."""
    arguments = {"district": district_code, "after": after or UUID(int=0), "limit": limit}
    return [_nearby(row) async for row in await tx.execute(_DISTRICT, arguments)]


async def around(
    tx: Tx,
    *,
    latitude: Decimal,
    longitude: Decimal,
    radius_m: int,
    after: tuple[int, UUID] | None,
    limit: int,
) -> list[NearbyStore]:
    """At most ``limit`` open stores of active merchants, the nearest first.

    A box of the index narrows them down; the great circle decides. The box does not reach
    around the 180th meridian.

    Args:
        tx: a reading connection.
        latitude: of the point, degrees.
        longitude: of the point, degrees.
        radius_m: how far, whole metres.
        after: distance and id of the last one of the page before; None starts at the nearest.
        limit: how many at most.

    """
    distance_m, store_id = after or (-1, UUID(int=0))
    arguments = {
        "lat": latitude,
        "lon": longitude,
        "radius": radius_m,
        "distance": distance_m,
        "id": store_id,
        "limit": limit,
    }
    return [_nearby(row) async for row in await tx.execute(_AROUND, arguments)]


async def of_merchants(
    tx: Tx, *, merchant_ids: Collection[UUID], latitude: Decimal, longitude: Decimal
) -> list[NearbyStore]:
    """Every open store of some active merchants, with its distance from a point; in no order."""
    arguments = {"merchants": list(merchant_ids), "lat": latitude, "lon": longitude}
    return [_nearby(row) async for row in await tx.execute(_MEASURED, arguments)]


def _nearby(row: tuple[object, ...]) -> NearbyStore:
    *store, merchant_zh, merchant_en, distance_m = row
    return NearbyStore(StoreView(*store), merchant_zh, merchant_en, distance_m)  # type: ignore[arg-type]


_STORE = """s.id, s.merchant_id, s.code, s.name_zh, s.name_en, s.address, s.district_code,
       s.latitude, s.longitude, s.opening_hours, s.state"""
_OWN = f"SELECT {_STORE} FROM store s WHERE s.merchant_id = %s AND s.id = %s"
_OPEN_AMONG = """
SELECT id FROM store WHERE merchant_id = %s AND id = ANY (%b::uuid[]) AND state = 'open'
"""
_PAGE = f"""
SELECT {_STORE} FROM store s WHERE s.merchant_id = %s AND s.id > %s ORDER BY s.id LIMIT %s
"""
_DISTRICT = f"""
SELECT {_STORE}, m.name_zh, m.name_en, NULL::int
  FROM store s JOIN merchant m ON m.id = s.merchant_id AND m.state = 'active'
 WHERE s.state = 'open' AND s.district_code = %(district)s AND s.id > %(after)s
 ORDER BY s.id LIMIT %(limit)s
"""
# Metres along the great circle from a point `p` to a store `s`.
_DISTANCE = """round(2 * 6371009 * asin(sqrt(least(1,
           sind((s.latitude::float8 - p.lat) / 2) ^ 2
           + cosd(p.lat) * cosd(s.latitude::float8)
             * sind((s.longitude::float8 - p.lon) / 2) ^ 2))))::int"""
_MEASURED = f"""
SELECT {_STORE}, m.name_zh, m.name_en, {_DISTANCE}
  FROM (SELECT %(lat)s::float8 AS lat, %(lon)s::float8 AS lon) AS p
 CROSS JOIN merchant m
  JOIN store s ON s.merchant_id = m.id AND s.state = 'open'
 WHERE m.id = ANY (%(merchants)b::uuid[]) AND m.state = 'active'
"""
# 111,195 m is one degree of a great circle of the mean earth (radius 6,371,009 m, IUGG). The box
# is a hundredth wider than the circle; near a pole it is as wide as the cosine is held up.
_AROUND = f"""
WITH point AS (
  SELECT %(lat)s::float8 AS lat, %(lon)s::float8 AS lon,
         %(radius)s::float8 * 1.01 / 111195 AS up
), box AS (
  SELECT (lat - up)::numeric AS south, (lat + up)::numeric AS north,
         (lon - up / greatest(cosd(lat), 0.001))::numeric AS west,
         (lon + up / greatest(cosd(lat), 0.001))::numeric AS east
    FROM point
), found AS (
  SELECT {_STORE}, m.name_zh AS merchant_zh, m.name_en AS merchant_en,
         {_DISTANCE} AS distance_m
    FROM point p CROSS JOIN box b
    JOIN store s ON s.latitude BETWEEN b.south AND b.north
                AND s.longitude BETWEEN b.west AND b.east
    JOIN merchant m ON m.id = s.merchant_id AND m.state = 'active'
   WHERE s.state = 'open'
)
SELECT * FROM found
 WHERE distance_m <= %(radius)s AND (distance_m, id) > (%(distance)s::int, %(id)s::uuid)
 ORDER BY distance_m, id LIMIT %(limit)s
"""
