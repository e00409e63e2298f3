"""Read: tickets, scans and refunds of one citizen, for a copy of their data; coupons are a list.

Codes are not here: whoever holds a copy could spend them.
"""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, parts_of


async def dossier(tx: Tx, *, account_id: int) -> Mapping[str, Rows]:
    """Places in lines, where and when coupons were taken, and what was undone or given back."""
    return await parts_of(tx, _PARTS, account_id=account_id)


_TICKETS = """
SELECT id AS ticket_id, offer_id, points, place, state, arrived_at, resolved_at FROM ticket
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY arrived_at, id
"""
_SCANS = """
SELECT redemption_id, merchant_id, store_id, order_no, points, scanned_at, offline FROM scan
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY scanned_at, redemption_id
"""
_UNDONE = """
SELECT redemption_id, merchant_id, order_no, points, undone_at FROM coupon_undo
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY undone_at, id
"""
_REFUNDED = """
SELECT redemption_id, merchant_id, order_no, refund_no, points, refunded_points, made_at
  FROM coupon_refund
 WHERE bucket = (%(account)s::bigint %% 1024)::smallint AND account_id = %(account)s
 ORDER BY made_at, id
"""
_PARTS = (
    ("tickets", _TICKETS),
    ("coupon_scans", _SCANS),
    ("coupon_undone", _UNDONE),
    ("coupon_refunds", _REFUNDED),
)
