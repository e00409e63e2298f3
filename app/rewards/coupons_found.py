"""Door inside the room: the coupons somebody named, found by digest and merchant, and locked."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.rewards.coupons import Coupon
from app.rewards.coupons_rules import Standing
from app.rewards.errors import CouponNotFound

Key = tuple[int, bytes]
"""A bucket and a digest: what a code leads to."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What a coupon is for, and which points are its price; ``unit`` is their code."""

    redemption_id: UUID
    offer_id: UUID
    title_zh: str
    title_en: str
    points: int
    unit: str
    unit_zh: str
    unit_en: str


@dataclass(frozen=True, slots=True, repr=False)
class Found:
    """A redemption whose row is locked; whether its code rotates, or is the merchant's own."""

    bucket: int
    account_id: int
    id: UUID
    offer_id: UUID
    unit: int
    points: int
    face_value_fen: int
    contra: int
    state: int
    slot: int
    household: int | None
    device: int | None
    created_at: datetime
    held_until: datetime
    resolved_at: datetime | None
    presented_at: datetime | None
    presented_by: str | None
    refunded_points: int
    settled: bool
    undone: int
    store_ids: list[UUID] | None
    digest: bytes
    title_zh: str
    title_en: str
    unit_code: str
    unit_zh: str
    unit_en: str
    rotating: bool
    merchant_code: bool

    @property
    def goods(self) -> dict[str, Any]:
        """The members of `Goods`."""
        return {
            "redemption_id": self.id,
            "offer_id": self.offer_id,
            "title_zh": self.title_zh,
            "title_en": self.title_en,
            "points": self.points,
            "unit": self.unit_code,
            "unit_zh": self.unit_zh,
            "unit_en": self.unit_en,
        }

    @property
    def standing(self) -> Standing:
        """What decides how it is called."""
        return Standing(
            self.state,
            self.held_until,
            self.points,
            self.presented_at,
            self.refunded_points,
            self.settled,
        )


async def lock(tx: Tx, *, merchant_id: UUID, asked: Collection[Coupon]) -> Mapping[Key, Found]:
    """The coupons of this merchant among those asked for, locked in key order; one statement.

    Args:
        tx: the caller's transaction.
        merchant_id: whose till asks; another merchant's coupon does not exist for it.
        asked: any number.

    """
    arguments = {
        "buckets": [each.bucket for each in asked],
        "digests": [each.digest for each in asked],
        "merchant_id": merchant_id,
    }
    rows = [Found(*row) async for row in await tx.execute(_LOCK, arguments)]
    return {(each.bucket, each.digest): each for each in rows}


async def lock_sale(tx: Tx, *, merchant_id: UUID, bucket: int, redemption_id: UUID) -> Found:
    """The coupon of a sale that was found, locked."""
    arguments = {"merchant_id": merchant_id, "bucket": bucket, "id": redemption_id}
    row = await (await tx.execute(_LOCK_SALE, arguments)).fetchone()
    assert row is not None, "a sale has its coupon"
    return Found(*row)


def not_found() -> CouponNotFound:
    """The one refusal for codes that nobody has and codes that are somebody else's."""
    return CouponNotFound("No coupon of this merchant has this code.", "本商户没有该券码。")


_COLUMNS = """
SELECT r.bucket, r.account_id, r.id, r.offer_id, r.unit, r.points, r.face_value_fen, r.contra,
       r.state, r.slot, r.household, r.device, r.created_at, r.held_until, r.resolved_at,
       r.presented_at, r.presented_by, r.refunded_points, r.settled_on IS NOT NULL, r.undone,
       r.store_ids, r.coupon_digest, o.title_zh, o.title_en, k.code, k.name_zh, k.name_en,
       coalesce(one.rotating, every.rotating, false), o.delivery = 2
"""
_BESIDE = """
  JOIN offer o ON o.id = r.offer_id
  JOIN unit k ON k.id = r.unit
  LEFT JOIN rotating_rule one ON one.subject = r.offer_id
  LEFT JOIN rotating_rule every ON every.subject = r.merchant_id
"""
_LOCK = f"""{_COLUMNS}
  FROM unnest(%(buckets)b::smallint[], %(digests)b::bytea[]) AS t (bucket, digest)
  JOIN redemption r ON r.bucket = t.bucket AND r.coupon_digest = t.digest
                   AND r.merchant_id = %(merchant_id)s
{_BESIDE}
 ORDER BY r.bucket, r.account_id, r.id FOR UPDATE OF r
"""
_LOCK_SALE = f"""{_COLUMNS}
  FROM redemption r
{_BESIDE}
 WHERE r.bucket = %(bucket)s AND r.id = %(id)s AND r.merchant_id = %(merchant_id)s
   FOR UPDATE OF r
"""
