"""A draw that anybody can redraw: the seed's hash is public before, the seed after.

A ticket's rank is ``SHA-256(seed || the 16 bytes of its id)``; the lowest win, as many as there
are units. The ids were given out before the seed was known to anybody outside, and the hash
keeps the seed from being chosen afterwards.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Tx
from app.rewards import rules
from app.rewards.tables import OfferState

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Draw:
    """What is public about a draw; seed and winners only once it has been held."""

    offer_id: UUID
    seed_hash: bytes
    draws_at: datetime | None
    drawn_at: datetime | None
    seed: bytes | None
    winners: int | None


@dataclass(frozen=True, slots=True)
class Entrant:
    """A pseudonymous entry, and the place that the seed gave it."""

    ticket_id: UUID
    place: int


async def draw(tx: Tx, *, offer_id: UUID, now: datetime) -> int:
    """Rank every ticket by the seed and grant the winners, in one transaction; how many won.

    Args:
        tx: a transaction that has locked the offer's seed.
        offer_id: which.
        now: when (UTC); the seed is public from here on.

    """
    await tx.execute(_RANK, {"offer_id": offer_id})
    row = await (await tx.execute(_DRAWN, {"offer_id": offer_id, "now": now})).fetchone()
    assert row is not None, "the caller has locked it"
    winners = int(row[0])
    granted = await (await tx.execute(_GRANT, (offer_id, winners, now))).fetchone()
    assert granted is not None, "a function always answers"
    await record(
        tx,
        actor="process:worker",
        action="rewards.draw",
        subject=f"offer:{offer_id}",
        facts={"winners": winners, "granted": granted[0]},
        now=now,
    )
    log.info("offer_drawn", offer_id=str(offer_id), winners=winners)
    return int(granted[0])


async def winners(tx: Tx, *, offer_id: UUID) -> int:
    """How many win; a draw that was not held has none."""
    row = await (await tx.execute(_WINNERS, (offer_id,))).fetchone()
    return int(row[0]) if row is not None else 0


async def draw_of(tx: Tx, *, offer_id: UUID) -> Draw:
    """What is public about an offer's seed.

    Raises:
        OfferNotFound: no published offer with a line or a draw has this id.

    """
    arguments = {"id": offer_id, "draft": OfferState.draft.value}
    row = await (await tx.execute(_DRAW, arguments)).fetchone()
    if row is None:
        raise rules.no_such_offer()
    return Draw(*row)


async def entrants(tx: Tx, *, offer_id: UUID, after: int, limit: int) -> list[Entrant]:
    """At most ``limit`` entries of a draw that was held, by place, beyond ``after``."""
    arguments = {"offer_id": offer_id, "after": after, "limit": limit}
    return [Entrant(*row) async for row in await tx.execute(_ENTRANTS, arguments)]


_RANK = """
UPDATE ticket t SET place = r.place
  FROM (SELECT t.bucket, t.account_id,
               row_number() OVER (ORDER BY sha256(s.seed || uuid_send(t.id)), t.id) AS place
          FROM ticket t JOIN offer_seed s ON s.offer_id = t.offer_id
         WHERE t.offer_id = %(offer_id)s AND t.state = 1) AS r
 WHERE t.bucket = r.bucket AND t.account_id = r.account_id AND t.offer_id = %(offer_id)s
"""

# As many as there are units, entries, and money for what others pay.
_DRAWN = """
UPDATE offer_seed SET drawn_at = %(now)s, winners = least(
  (SELECT coalesce(sum(remaining), 0) FROM offer_stock
    WHERE offer_id = %(offer_id)s AND open),
  (SELECT count(*) FROM ticket WHERE offer_id = %(offer_id)s AND place IS NOT NULL),
  (SELECT min((SELECT coalesce(sum(remaining_fen), 0) FROM funding_slot l
                WHERE l.budget_id = f.budget_id) / f.fen)
     FROM offer_funding f
    WHERE f.offer_id = %(offer_id)s AND f.budget_id IS NOT NULL AND f.fen > 0))
 WHERE offer_id = %(offer_id)s
RETURNING winners
"""
_GRANT = "SELECT grant_tickets(%s, %s, %s)"
_WINNERS = "SELECT coalesce(winners, 0) FROM offer_seed WHERE offer_id = %s"
_DRAW = """
SELECT o.id, s.seed_hash, o.draws_at, s.drawn_at,
       CASE WHEN s.drawn_at IS NOT NULL THEN s.seed END, s.winners
  FROM offer o JOIN offer_seed s ON s.offer_id = o.id
 WHERE o.id = %(id)s AND o.state <> %(draft)s
"""
_ENTRANTS = """
SELECT t.id, t.place FROM ticket t JOIN offer_seed s ON s.offer_id = t.offer_id
 WHERE t.offer_id = %(offer_id)s AND s.drawn_at IS NOT NULL AND t.place > %(after)s
 ORDER BY t.place LIMIT %(limit)s
"""
