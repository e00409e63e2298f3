"""Use case: one step of a line or a draw: give places, grant from the head, let the rest go.

Set-based: a step is a constant number of statements, however many are waiting. One step of an
offer runs at a time; a second worker that comes meanwhile does nothing. Killed in the middle, a
step has done nothing.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.database import Tx
from app.rewards import lottery, withdraw_tell
from app.rewards.queue_tables import TicketState
from app.rewards.release_units import Resolved, give_back
from app.rewards.tables import Mode, OfferState

log = structlog.get_logger()

DRAW_GRACE = timedelta(seconds=20)
"""A draw waits until every registration that began in time has ended, whichever way."""


async def offers_waiting(tx: Tx) -> list[UUID]:
    """Offers in whose line or draw somebody waits."""
    return [offer_id async for (offer_id,) in await tx.execute(_WAITING)]


async def step(tx: Tx, *, offer_id: UUID, limit: int, now: datetime) -> int:
    """Do what is due for one offer.

    Args:
        tx: the transaction of this step.
        offer_id: which.
        limit: how many tickets are granted, or let go, at most.
        now: when (UTC).

    Returns:
        How many tickets were granted or let go; as many as ``limit``: more may follow at once.

    """
    row = await (await tx.execute(_LOCK, (offer_id,))).fetchone()
    if row is None:
        return 0
    state, mode, opens_at, closes_at, usable_until, shuffle_s, draws_at, drawn_at = row
    if state == OfferState.withdrawn:
        return await _let_go(tx, offer_id, TicketState.withdrawn, after=0, limit=limit, now=now)
    if usable_until <= now or (mode == Mode.queue and closes_at <= now):
        return await _let_go(tx, offer_id, TicketState.left, after=0, limit=limit, now=now)
    granted = 0
    if mode == Mode.queue:
        shuffled_at = opens_at + timedelta(seconds=shuffle_s)
        if now >= shuffled_at:
            await tx.execute(_PLACE, {"offer_id": offer_id, "shuffled_at": shuffled_at})
            granted = await grant(tx, offer_id=offer_id, limit=limit, now=now)
        return granted
    if drawn_at is None:
        if now < draws_at + DRAW_GRACE:
            return 0
        return await lottery.draw(tx, offer_id=offer_id, now=now)
    granted = await grant(tx, offer_id=offer_id, limit=limit, now=now)
    if granted:
        return granted
    winners = await lottery.winners(tx, offer_id=offer_id)
    return await _let_go(tx, offer_id, TicketState.lost, after=winners, limit=limit, now=now)


async def grant(tx: Tx, *, offer_id: UUID, limit: int, now: datetime) -> int:
    """Turn tickets at the head into redemptions, as many as there are units; how many."""
    row = await (await tx.execute(_GRANT, (offer_id, limit, now))).fetchone()
    assert row is not None, "a function always answers"
    granted = int(row[0])
    if granted:
        log.info("tickets_granted", offer_id=str(offer_id), tickets=granted)
    return granted


async def _let_go(
    tx: Tx, offer_id: UUID, state: TicketState, *, after: int, limit: int, now: datetime
) -> int:
    """Close tickets whose place is beyond ``after``, or who have none; their points return."""
    rows = await tx.execute(
        _LET_GO,
        {
            "offer_id": offer_id,
            "after": after,
            "limit": limit,
            "state": state.value,
            "waiting": TicketState.waiting.value,
            "now": now,
        },
    )
    resolved = [Resolved(*row) async for row in rows]
    await give_back(tx, resolved=resolved)
    if state is TicketState.withdrawn:
        await withdraw_tell.tell(tx, offer_id=offer_id, resolved=resolved, now=now)
    if resolved:
        log.info("tickets_let_go", offer_id=str(offer_id), tickets=len(resolved))
    return len(resolved)


_WAITING = """
SELECT o.id FROM offer o
 WHERE o.mode <> 1 AND EXISTS (SELECT FROM ticket t WHERE t.offer_id = o.id AND t.state = 1)
 ORDER BY o.id
"""
_LOCK = """
SELECT o.state, o.mode, o.opens_at, o.closes_at, o.usable_until, o.shuffle_s, o.draws_at,
       s.drawn_at
  FROM offer_seed s JOIN offer o ON o.id = s.offer_id
 WHERE s.offer_id = %s FOR UPDATE OF s SKIP LOCKED
"""

# Who came in the first seconds is ordered by the seed, everybody later by the clock; whoever
# becomes visible only now goes behind those who have a place.
_PLACE = """
WITH fresh AS MATERIALIZED (
  SELECT t.bucket, t.account_id, s.next_place - 1 + row_number() OVER (
           ORDER BY CASE WHEN t.arrived_at < %(shuffled_at)s
                         THEN sha256(s.seed || uuid_send(t.id)) END NULLS LAST,
                    t.arrived_at, t.id) AS place
    FROM ticket t JOIN offer_seed s ON s.offer_id = t.offer_id
   WHERE t.offer_id = %(offer_id)s AND t.state = 1 AND t.place IS NULL
), placed AS (
  UPDATE ticket t SET place = f.place FROM fresh f
   WHERE t.bucket = f.bucket AND t.account_id = f.account_id AND t.offer_id = %(offer_id)s
     AND t.state = 1
  RETURNING t.place
)
UPDATE offer_seed SET next_place = (SELECT max(place) + 1 FROM fresh)
 WHERE offer_id = %(offer_id)s AND EXISTS (SELECT FROM fresh)
"""
_GRANT = "SELECT grant_tickets(%s, %s, %s)"
_LET_GO = """
WITH gone AS MATERIALIZED (
  SELECT bucket, account_id FROM ticket
   WHERE offer_id = %(offer_id)s AND state = %(waiting)s
     AND (place IS NULL OR place > %(after)s)
   ORDER BY bucket, account_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE ticket t SET state = %(state)s, resolved_at = %(now)s
  FROM gone g
 WHERE t.bucket = g.bucket AND t.account_id = g.account_id AND t.offer_id = %(offer_id)s
RETURNING t.account_id, t.id, t.offer_id, t.unit, t.points, NULL::smallint, t.household,
          t.device, t.arrived_at
"""
