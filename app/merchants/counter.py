"""Whether a till or a person that signed in may still act: asked by the guard at every request.

A token lives longer than a revocation may wait. What was live is believed for two seconds in
this process, so a revoked till is dead within two seconds everywhere, and a busy till costs one
query in two seconds. What is dead is never remembered.
"""

import time
from datetime import datetime
from uuid import UUID

from app.database import Database, Tx
from app.people.errors import NotSignedIn
from app.people.seats import Seat

BELIEVED_S = 2
REMEMBERED_MAX = 20_000


class Counter:
    """One process's memory of who was live a moment ago.

    Args:
        database: where the truth is.
        believed_s: for how many whole seconds an answer is good.

    """

    def __init__(self, database: Database, *, believed_s: int = BELIEVED_S) -> None:
        self._database = database
        self._believed_s = believed_s
        self._live_until: dict[tuple[UUID, Seat], float] = {}

    async def ensure_live(self, *, merchant_id: UUID, seat: Seat, now: datetime) -> None:
        """Refuse a till or a person that was revoked, removed, moved, or whose store is closed.

        Raises:
            NotSignedIn: sign in again, if you still can.

        """
        moment, who = time.monotonic(), (merchant_id, seat)
        if self._live_until.get(who, 0) > moment:
            return
        async with self._database.reading() as tx:
            live = await is_live(tx, merchant_id=merchant_id, seat=seat, now=now)
        if not live:
            self._live_until.pop(who, None)
            raise NotSignedIn(
                "This till or person may no longer act; sign in again.",
                "该终端或人员的登录已失效,请重新登录。",
            )
        if len(self._live_until) >= REMEMBERED_MAX:
            self._live_until.clear()
        self._live_until[who] = moment + self._believed_s


async def is_live(tx: Tx, *, merchant_id: UUID, seat: Seat, now: datetime) -> bool:
    """Whether the till's key still opens it, or the person still has the role, at this moment."""
    if seat.key_id is not None:
        arguments = {
            "key": seat.key_id,
            "till": seat.till_id,
            "store": seat.store_id,
            "merchant": merchant_id,
            "now": now,
        }
        found = await tx.execute(_TILL, arguments)
    else:
        found = await tx.execute(_STAFF, (seat.staff_id, merchant_id, seat.role.value))
    return await found.fetchone() is not None


_TILL = """
SELECT FROM till_key k JOIN till t ON t.id = k.till_id JOIN store s ON s.id = t.store_id
 WHERE k.id = %(key)s AND (k.ends_at IS NULL OR k.ends_at > %(now)s)
   AND t.id = %(till)s AND t.state = 'active' AND t.merchant_id = %(merchant)s
   AND s.id = %(store)s AND s.state = 'open'
"""
_STAFF = """
SELECT FROM merchant_staff
 WHERE id = %s AND merchant_id = %s AND role = %s AND state = 'active'
"""
