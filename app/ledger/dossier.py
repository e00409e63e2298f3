"""Read: what the book holds about one account beside its entries, for a copy of their data."""

from collections.abc import Mapping

from app.database import Tx
from app.named import Rows, parts_of


async def dossier(tx: Tx, *, account_id: int) -> Mapping[str, Rows]:
    """Marks of expiry, debts to the reserve, what was taken back, and notices of expiry."""
    return await parts_of(tx, _PARTS, account_id=account_id)


_LOTS = """
SELECT u.code AS unit, l.expires_on, l.cum_earned AS earned_until_then
  FROM lot l JOIN unit u ON u.id = l.unit
 WHERE l.bucket = (%(account)s::bigint %% 1024)::smallint AND l.account_id = %(account)s
 ORDER BY 1, 2
"""
_DEBTS = """
SELECT u.code AS unit, d.owed, d.cap FROM debt d JOIN unit u ON u.id = d.unit
 WHERE d.bucket = (%(account)s::bigint %% 1024)::smallint AND d.account_id = %(account)s
 ORDER BY 1
"""
_CAUSES = """
SELECT u.code AS unit, c.ref, c.of_ref, c.points, c.booked, c.owed, c.borne, c.posted_at
  FROM cause c JOIN unit u ON u.id = c.unit
 WHERE c.bucket = (%(account)s::bigint %% 1024)::smallint AND c.account_id = %(account)s
 ORDER BY c.posted_at, c.ref
"""
_TOLD = """
SELECT u.code AS unit, n.expires_on, n.days, n.told_at
  FROM expiry_notice n JOIN unit u ON u.id = n.unit
 WHERE n.bucket = (%(account)s::bigint %% 1024)::smallint AND n.account_id = %(account)s
 ORDER BY n.told_at, n.expires_on
"""
_PARTS = (
    ("points_lots", _LOTS),
    ("points_debts", _DEBTS),
    ("points_causes", _CAUSES),
    ("expiry_notices", _TOLD),
)
