"""Door: a merchant's tills and their keys, as its people see them. No key is ever shown again."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.database import Tx


@dataclass(frozen=True, slots=True)
class TillView:
    """A machine at a store's counter, and the prefixes of the keys that open it now."""

    id: UUID
    store_id: UUID
    code: str
    label: str
    state: str
    created_at: datetime
    revoked_at: datetime | None
    key_prefixes: list[str]


async def page(
    tx: Tx, *, merchant_id: UUID, after: UUID | None, limit: int, now: datetime
) -> list[TillView]:
    """At most ``limit`` tills of one merchant, oldest first."""
    arguments = {"merchant": merchant_id, "after": after or UUID(int=0), "limit": limit}
    return [TillView(*row) async for row in await tx.execute(_PAGE, arguments | {"now": now})]


_PAGE = """
SELECT t.id, t.store_id, t.code, t.label, t.state, t.created_at, t.revoked_at,
       ARRAY(SELECT k.prefix FROM till_key k
              WHERE k.till_id = t.id AND t.state = 'active'
                AND (k.ends_at IS NULL OR k.ends_at > %(now)s)
              ORDER BY k.id)
  FROM till t WHERE t.merchant_id = %(merchant)s AND t.id > %(after)s
 ORDER BY t.id LIMIT %(limit)s
"""
