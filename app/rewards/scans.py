"""Door: what a merchant's tills have taken. Reads only, by their owner."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from app.database import Tx
from app.rewards.scan import Scanned


@dataclass(frozen=True, slots=True)
class Sold(Scanned):
    """A sale as it stands now: whether it was undone, how much of it was given back."""

    undone_at: datetime | None
    refunded_points: int


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """The points of one unit in a day's totals."""

    unit: str
    unit_zh: str
    unit_en: str
    points: int
    refunded_points: int


@dataclass(frozen=True, slots=True)
class Totals:
    """A merchant's day so far; ``sales`` and ``points`` leave undone sales out.

    ``points`` are of all units together, as many as changed hands; ``units`` says of which.
    """

    day: date
    sales: int
    points: int
    undone: int
    refunds: int
    refunded_points: int
    units: tuple[UnitTotal, ...]


async def day_start(tx: Tx, *, now: datetime) -> datetime:
    """The first moment of the programme's civil day in which ``now`` lies (UTC)."""
    row = await (await tx.execute(_DAY_START, {"now": now})).fetchone()
    assert row is not None, "one row without a table"
    started: datetime = row[0]
    return started


async def page(
    tx: Tx,
    *,
    merchant_id: UUID,
    since: datetime,
    before: tuple[datetime, str] | None,
    limit: int,
    store_id: UUID | None = None,
) -> list[Sold]:
    """At most ``limit`` of the merchant's scans, the newest first.

    Args:
        tx: a reading connection.
        merchant_id: whose.
        since: no older ones (UTC).
        before: time and order number of the last one of the page before; None starts at the
            newest.
        limit: how many at most.
        store_id: only this store's; None: all of the merchant's.

    """
    last_at, last_order_no = before or (datetime.max.replace(tzinfo=UTC), "")
    rows = await tx.execute(
        _PAGE,
        {
            "merchant_id": merchant_id,
            "since": since,
            "last_at": last_at,
            "last_order_no": last_order_no,
            "limit": limit,
            "store_id": store_id,
        },
    )
    return [Sold(*row) async for row in rows]


async def one(tx: Tx, *, merchant_id: UUID, order_no: str, store_id: UUID | None) -> Sold | None:
    """A sale as it stands now, by the merchant's own number of it; None if there is none here."""
    arguments = {"merchant_id": merchant_id, "order_no": order_no, "store_id": store_id}
    row = await (await tx.execute(_ONE, arguments)).fetchone()
    return None if row is None else Sold(*row)


async def totals(
    tx: Tx, *, merchant_id: UUID, now: datetime, store_id: UUID | None = None
) -> Totals:
    """What a merchant, or one of its stores, has taken since midnight.

    Refunds count on the day on which they are made, whichever day the sale was.
    """
    arguments = {
        "merchant_id": merchant_id,
        "since": await day_start(tx, now=now),
        "now": now,
        "store_id": store_id,
    }
    row = await (await tx.execute(_TOTALS, arguments)).fetchone()
    assert row is not None, "an aggregate always answers"
    units = await (await tx.execute(_BY_UNIT, arguments)).fetchall()
    day, sales, points, undone, refunds, refunded_points = row
    by_unit = tuple(UnitTotal(*each) for each in units)
    return Totals(day, sales, points, undone, refunds, refunded_points, by_unit)


_DAY_START = """
SELECT date_trunc('day', %(now)s::timestamptz, programme_zone())
"""
_SOLD = """
SELECT s.redemption_id, r.offer_id, o.title_zh, o.title_en, s.points, k.code, k.name_zh, k.name_en,
       s.order_no, s.scanned_at, u.undone_at,
       (SELECT coalesce(sum(f.points), 0)::bigint FROM coupon_refund f
         WHERE f.bucket = s.bucket AND f.redemption_id = s.redemption_id
           AND f.merchant_id = s.merchant_id AND f.order_no = s.order_no)
  FROM scan s
  JOIN redemption r ON r.bucket = s.bucket AND r.account_id = s.account_id
                   AND r.id = s.redemption_id
  JOIN offer o ON o.id = r.offer_id
  JOIN unit k ON k.id = r.unit
  LEFT JOIN coupon_undo u ON u.merchant_id = s.merchant_id AND u.order_no = s.order_no
 WHERE s.merchant_id = %(merchant_id)s
   AND (%(store_id)s::uuid IS NULL OR s.store_id = %(store_id)s)
"""
_ONE = f"{_SOLD} AND s.order_no = %(order_no)s"
_PAGE = f"""{_SOLD} AND s.scanned_at >= %(since)s
   AND (s.scanned_at, s.order_no) < (%(last_at)s, %(last_order_no)s)
 ORDER BY s.scanned_at DESC, s.order_no DESC LIMIT %(limit)s
"""
_TOTALS = """
WITH sold AS (
  SELECT count(*) FILTER (WHERE u.order_no IS NULL) AS sales,
         coalesce(sum(s.points) FILTER (WHERE u.order_no IS NULL), 0)::bigint AS points,
         count(u.order_no) AS undone
    FROM scan s
    LEFT JOIN coupon_undo u ON u.merchant_id = s.merchant_id AND u.order_no = s.order_no
   WHERE s.merchant_id = %(merchant_id)s AND s.scanned_at >= %(since)s
     AND (%(store_id)s::uuid IS NULL OR s.store_id = %(store_id)s)
), given_back AS (
  SELECT count(*) AS refunds, coalesce(sum(f.points), 0)::bigint AS points
    FROM coupon_refund f
    JOIN scan s ON s.merchant_id = f.merchant_id AND s.order_no = f.order_no
   WHERE f.merchant_id = %(merchant_id)s AND f.made_at >= %(since)s
     AND (%(store_id)s::uuid IS NULL OR s.store_id = %(store_id)s)
)
SELECT (%(now)s::timestamptz AT TIME ZONE programme_zone())::date,
       sold.sales, sold.points, sold.undone, g.refunds, g.points FROM sold, given_back g
"""
_BY_UNIT = """
WITH moved AS (
  SELECT s.bucket, s.account_id, s.redemption_id AS id, s.points, 0 AS refunded
    FROM scan s
   WHERE s.merchant_id = %(merchant_id)s AND s.scanned_at >= %(since)s
     AND (%(store_id)s::uuid IS NULL OR s.store_id = %(store_id)s)
     AND NOT EXISTS (SELECT FROM coupon_undo u WHERE u.merchant_id = s.merchant_id
                                                 AND u.order_no = s.order_no)
  UNION ALL
  SELECT s.bucket, s.account_id, s.redemption_id, 0, f.points
    FROM coupon_refund f
    JOIN scan s ON s.merchant_id = f.merchant_id AND s.order_no = f.order_no
   WHERE f.merchant_id = %(merchant_id)s AND f.made_at >= %(since)s
     AND (%(store_id)s::uuid IS NULL OR s.store_id = %(store_id)s)
)
SELECT k.code, k.name_zh, k.name_en, sum(m.points)::bigint, sum(m.refunded)::bigint
  FROM moved m
  JOIN redemption r ON r.bucket = m.bucket AND r.account_id = m.account_id AND r.id = m.id
  JOIN unit k ON k.id = r.unit
 GROUP BY k.id ORDER BY k.id
"""
