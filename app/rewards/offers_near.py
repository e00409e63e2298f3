"""Door: how far offers are, by the open stores that take their coupons. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from app.database import Tx
from app.merchants import stores
from app.merchants.stores import NearbyStore

STORES_MAX = 1_000
"""How many stores around a point are looked at: the nearest."""
RADIUS_M = 3_000
"""How far a list by distance reaches for who does not say."""
RADIUS_M_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Point:
    """Where a reader stands (GCJ-02), and how far they would go; None: they have not said."""

    latitude: Decimal
    longitude: Decimal
    radius_m: int | None


async def around(tx: Tx, *, point: Point) -> dict[str, Any]:
    """What `TAKEN` asks for: the stores within the radius, and how far each is."""
    return _places(
        await stores.around(
            tx,
            latitude=point.latitude,
            longitude=point.longitude,
            radius_m=point.radius_m or RADIUS_M,
            after=None,
            limit=STORES_MAX,
        )
    )


async def metres(
    tx: Tx, *, point: Point, offer_ids: Collection[UUID], merchant_ids: Collection[UUID]
) -> dict[UUID, int]:
    """How far each offer is, however far that is; one that no open store takes is left out."""
    near = await stores.of_merchants(
        tx, merchant_ids=merchant_ids, latitude=point.latitude, longitude=point.longitude
    )
    rows = await tx.execute(_METRES, _places(near) | {"ids": list(offer_ids)})
    return dict(await rows.fetchall())


def _places(near: Sequence[NearbyStore]) -> dict[str, Any]:
    return {
        "stores": [each.store.id for each in near],
        "merchants": [each.store.merchant_id for each in near],
        "distances": [each.distance_m for each in near],
    }


TAKEN = """
  FROM unnest(%(stores)b::uuid[], %(merchants)b::uuid[], %(distances)b::int[])
    AS t (store_id, merchant_id, distance_m)
  JOIN offer o ON o.merchant_id = t.merchant_id
              AND (o.store_ids IS NULL OR t.store_id = ANY (o.store_ids))
"""
"""Offers `o` and stores `t` that take them."""
_METRES = f"""
SELECT o.id, min(t.distance_m) {TAKEN} WHERE o.id = ANY (%(ids)b::uuid[]) GROUP BY 1
"""
