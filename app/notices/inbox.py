"""A citizen's inbox: read and marked by its owner, and forgotten after half a year."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.database import Tx
from app.ids import bucket_of
from app.notices.errors import MessageNotFound

KEPT = timedelta(days=180)
"""How long a message is kept; what it tells of stays in statement and feed."""


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """One message; ``xid`` is the transaction that promised it."""

    id: UUID
    template: str
    facts: dict[str, Any]
    created_at: datetime
    read_at: datetime | None
    xid: int


async def page(
    tx: Tx, *, account_id: int, before: UUID | None, limit: int, unread: bool = False
) -> list[InboxMessage]:
    """At most ``limit`` messages, the newest first."""
    rows = await tx.execute(
        _PAGE,
        _mine(account_id)
        | {"before": before or UUID(int=2**128 - 1), "limit": limit, "unread": unread},
    )
    return [InboxMessage(*row) async for row in rows]


async def unread(tx: Tx, *, account_id: int) -> int:
    """How many messages wait to be read."""
    row = await (await tx.execute(_UNREAD, _mine(account_id))).fetchone()
    assert row is not None, "a count is always one row"
    return int(row[0])


async def read(tx: Tx, *, account_id: int, message_id: UUID, now: datetime) -> InboxMessage:
    """Mark one message as read; doing it again changes nothing.

    Raises:
        MessageNotFound: this citizen has none with this id.

    """
    found = await tx.execute(_READ, _mine(account_id) | {"id": message_id, "now": now})
    row = await found.fetchone()
    if row is None:
        raise MessageNotFound("You have no message with this id.", "您没有该编号的消息。")
    return InboxMessage(*row)


async def read_all(tx: Tx, *, account_id: int, upto: UUID, now: datetime) -> int:
    """Mark everything up to a message as read; what came after it stays new. How many were new."""
    done = await tx.execute(_READ_ALL, _mine(account_id) | {"upto": upto, "now": now})
    return done.rowcount


async def watermark(tx: Tx) -> int:
    """The oldest transaction still running: whatever lies below it is complete."""
    row = await (await tx.execute(_WATERMARK)).fetchone()
    assert row is not None, "a function always answers"
    return int(row[0])


async def news(
    tx: Tx, *, account_id: int, after: tuple[int, UUID], limit: int
) -> list[InboxMessage]:
    """Messages of ended transactions after a place, in the order of their transactions.

    What began before the oldest transaction still running has ended, so nothing can appear
    behind a place: it is late for a moment rather than lost.

    Args:
        tx: a reading connection.
        account_id: whose.
        after: transaction and id of the last one seen.
        limit: how many at most.

    """
    place = {"xid": after[0], "id": after[1], "limit": limit}
    rows = await tx.execute(_NEWS, _mine(account_id) | place)
    return [InboxMessage(*row) async for row in rows]


async def marks(tx: Tx, *, account_ids: Sequence[int]) -> dict[int, int]:
    """The transaction of each account's newest message that can be followed; it only grows."""
    rows = await tx.execute(_MARKS, {"accounts": list(account_ids)})
    return {account_id: int(xid) async for account_id, xid in rows}


async def forget(tx: Tx, *, now: datetime, limit: int = 5_000) -> int:
    """Delete messages that are older than `KEPT`; returns how many."""
    return (await tx.execute(_FORGET, {"before": now - KEPT, "limit": limit})).rowcount


def _mine(account_id: int) -> dict[str, Any]:
    return {"bucket": bucket_of(account_id), "account": account_id}


_COLUMNS = "id, template, facts, created_at, read_at, xid"
_PAGE = f"""
SELECT {_COLUMNS} FROM message
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND id < %(before)s
   AND (NOT %(unread)s OR read_at IS NULL)
 ORDER BY id DESC LIMIT %(limit)s
"""
_UNREAD = """
SELECT count(*) FROM message
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND read_at IS NULL
"""
_READ = f"""
UPDATE message SET read_at = coalesce(read_at, %(now)s)
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND id = %(id)s
RETURNING {_COLUMNS}
"""
_READ_ALL = """
UPDATE message SET read_at = %(now)s
 WHERE bucket = %(bucket)s AND account_id = %(account)s AND read_at IS NULL AND id <= %(upto)s
"""
_WATERMARK = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_NEWS = f"""
SELECT {_COLUMNS} FROM message
 WHERE bucket = %(bucket)s AND account_id = %(account)s
   AND (xid, id) > (%(xid)s, %(id)s)
   AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
 ORDER BY xid, id LIMIT %(limit)s
"""
_MARKS = """
SELECT t.a, m.xid FROM unnest(%(accounts)s::bigint[]) AS t (a)
 CROSS JOIN LATERAL (
         SELECT m.xid FROM message m
          WHERE m.bucket = (t.a %% 1024)::smallint AND m.account_id = t.a
            AND m.xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
          ORDER BY m.xid DESC LIMIT 1) AS m
"""
_FORGET = """
DELETE FROM message m USING (
  SELECT bucket, account_id, id FROM message WHERE created_at < %(before)s LIMIT %(limit)s
) AS old
 WHERE m.bucket = old.bucket AND m.account_id = old.account_id AND m.id = old.id
"""
