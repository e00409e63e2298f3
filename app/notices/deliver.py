"""Use case: send what was promised, and let the promise go.

A message is sent before its row is deleted, and both happen under the row's lock: a worker
that dies in between sends it again. Messages are at-least-once; their id tells the receiver.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import structlog

from app.database import Tx

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one account; the id is the same each time it is sent."""

    id: UUID
    account_id: int
    template: str
    facts: dict[str, Any]


class Channel(Protocol):
    """Where messages go: a push service, or the console."""

    async def send(self, messages: list[Message]) -> Collection[UUID] | None:
        """Hand the messages over; raise to keep all of them, or return those to be kept."""
        ...


class ChannelDownError(Exception):
    """Nothing can be sent now; the messages wait."""


class ConsoleChannel:
    """Counts messages in the log instead of sending them; for local work."""

    async def send(self, messages: list[Message]) -> None:
        """One line for all of them: no account, no sentence."""
        log.info("messages_sent_to_console", messages=len(messages))


async def deliver(tx: Tx, *, channel: Channel, limit: int = 500) -> int:
    """Send at most ``limit`` of the oldest messages; returns how many are done with.

    Two workers take different rows.
    """
    rows = await (await tx.execute(_TAKE, {"limit": limit})).fetchall()
    if rows:
        kept = await channel.send([Message(*row[1:]) for row in rows]) or ()
        rows = [row for row in rows if row[1] not in kept]
        keys = {"buckets": [row[0] for row in rows], "ids": [row[1] for row in rows]}
        await tx.execute(_DROP, keys)
    return len(rows)


_TAKE = """
SELECT bucket, id, account_id, template, facts FROM outbox
 ORDER BY bucket, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""
_DROP = """
DELETE FROM outbox USING unnest(%(buckets)b::smallint[], %(ids)b::uuid[]) AS t (b, i)
 WHERE bucket = b AND id = i
"""
