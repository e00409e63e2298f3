"""Door: a citizen's redemptions, as they stand at a moment. Reads only, by their owner."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.rewards import coupons_rules, rules
from app.rewards.coupons_rules import Shown
from app.rewards.errors import RedemptionNotFound
from app.rewards.tables import RedemptionState


@dataclass(frozen=True, slots=True)
class Claim:
    """One redemption; ``state`` and ``shown`` are what it is at the moment of the question."""

    id: UUID
    bucket: int
    offer_id: UUID
    merchant_id: UUID
    title_zh: str
    title_en: str
    points: int
    created_at: datetime
    held_until: datetime
    resolved_at: datetime | None
    refunded_points: int
    rotating: bool
    merchant_code: bool
    unit: str
    state: RedemptionState
    shown: Shown


async def claim(tx: Tx, *, account_id: int, redemption_id: UUID, now: datetime) -> Claim:
    """One of the citizen's redemptions.

    Raises:
        RedemptionNotFound: it does not exist, or is somebody else's.

    """
    arguments = {"bucket": bucket_of(account_id), "account_id": account_id, "id": redemption_id}
    row = await (await tx.execute(_ONE, arguments)).fetchone()
    if row is None:
        raise RedemptionNotFound("You have no redemption with this id.", "您没有该编号的兑换记录。")
    return _claim(row, now)


async def page(
    tx: Tx, *, account_id: int, before: UUID | None, limit: int, now: datetime
) -> list[Claim]:
    """At most ``limit`` of the citizen's redemptions, the newest first.

    Args:
        tx: a reading connection.
        account_id: whose.
        before: the last id of the page before; None starts at the newest.
        limit: how many at most.
        now: the moment (UTC) whose states are told.

    """
    rows = await tx.execute(
        _PAGE,
        {
            "bucket": bucket_of(account_id),
            "account_id": account_id,
            "before": before or UUID(int=2**128 - 1),
            "limit": limit,
        },
    )
    return [_claim(row, now) async for row in rows]


async def page_of_time(
    tx: Tx, *, account_id: int, before: tuple[datetime, UUID] | None, limit: int, now: datetime
) -> list[Claim]:
    """The same by the moment of redeeming, for a list that holds other things as well."""
    rows = await tx.execute(
        _OF_TIME,
        {
            "bucket": bucket_of(account_id),
            "account_id": account_id,
            "at": before[0] if before else None,
            "id": before[1] if before else None,
            "limit": limit,
        },
    )
    return [_claim(row, now) async for row in rows]


async def of_entries(tx: Tx, *, account_id: int, refs: Sequence[UUID]) -> dict[UUID, UUID]:
    """The redemptions that entries of the ledger are about, by the entries' refs.

    A sale's ref is the redemption itself; that of a later sale, an undo or a refund is its own.
    """
    if not refs:
        return {}
    given = {"bucket": bucket_of(account_id), "account": account_id, "refs": list(refs)}
    return {ref: claimed async for ref, claimed in await tx.execute(_OF_ENTRIES, given)}


def _claim(row: tuple[Any, ...], now: datetime) -> Claim:
    *facts, state, presented_at, settled = row
    claim = dict(zip(_FACTS, facts, strict=True))
    standing = coupons_rules.Standing(
        state,
        claim["held_until"],
        claim["points"],
        presented_at,
        claim["refunded_points"],
        settled,
    )
    return Claim(
        **claim,
        state=rules.state_at(state, claim["held_until"], now),
        shown=coupons_rules.shown(standing, now),
    )


_FACTS = (
    "id",
    "bucket",
    "offer_id",
    "merchant_id",
    "title_zh",
    "title_en",
    "points",
    "created_at",
    "held_until",
    "resolved_at",
    "refunded_points",
    "rotating",
    "merchant_code",
    "unit",
)
_COLUMNS = """
SELECT r.id, r.bucket, r.offer_id, r.merchant_id, o.title_zh, o.title_en, r.points,
       r.created_at, r.held_until, r.resolved_at, r.refunded_points,
       coalesce(one.rotating, every.rotating, false), o.delivery = 2,
       (SELECT u.code FROM unit u WHERE u.id = r.unit), r.state, r.presented_at,
       r.settled_on IS NOT NULL
  FROM redemption r
  JOIN offer o ON o.id = r.offer_id
  LEFT JOIN rotating_rule one ON one.subject = r.offer_id
  LEFT JOIN rotating_rule every ON every.subject = r.merchant_id
"""
_ONE = f"""{_COLUMNS}
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account_id)s AND r.id = %(id)s
"""
_PAGE = f"""{_COLUMNS}
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account_id)s AND r.id < %(before)s
 ORDER BY r.id DESC LIMIT %(limit)s
"""
_OF_TIME = f"""{_COLUMNS}
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account_id)s
   AND (%(at)s::timestamptz IS NULL OR (r.created_at, r.id) < (%(at)s::timestamptz, %(id)s::uuid))
 ORDER BY r.created_at DESC, r.id DESC LIMIT %(limit)s
"""
_OF_ENTRIES = """
SELECT id, id FROM redemption
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND id = ANY(%(refs)s::uuid[])
UNION ALL
SELECT u.id, u.redemption_id FROM redemption r
  JOIN coupon_undo u ON u.bucket = r.bucket AND u.redemption_id = r.id
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account)s AND u.id = ANY(%(refs)s::uuid[])
UNION ALL
SELECT f.id, f.redemption_id FROM redemption r
  JOIN coupon_refund f ON f.bucket = r.bucket AND f.redemption_id = r.id
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account)s AND f.id = ANY(%(refs)s::uuid[])
UNION ALL
SELECT s.entry_ref, s.redemption_id FROM redemption r
  JOIN scan s ON s.bucket = r.bucket AND s.redemption_id = r.id
 WHERE r.bucket = %(bucket)s AND r.account_id = %(account)s
   AND s.entry_ref = ANY(%(refs)s::uuid[])
"""
