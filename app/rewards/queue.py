"""Use cases: take a ticket for an offer with a line or a draw, look at it, give it back.

A ticket holds its price and counts against every limit from the first moment, so that what is
granted later can fail for nobody. Points come back when it is lost or given back.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import bucket_of
from app.rewards.offers_errors import TicketClosed, TicketNotFound
from app.rewards.queue_tables import TicketState
from app.rewards.redeem import Asked, Standing, ask
from app.rewards.release_units import Resolved, give_back

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class TicketView:
    """A citizen's ticket as it stands; ``ahead`` is how many are before it, about.

    Whoever left the line is still counted until the head has passed them; None: not placed yet,
    or no longer waiting.
    """

    id: UUID
    offer_id: UUID
    points: int
    unit: str
    state: TicketState
    place: int | None
    ahead: int | None
    arrived_at: datetime
    resolved_at: datetime | None


async def take_ticket(
    tx: Tx,
    *,
    account_id: int,
    offer_id: UUID,
    coupon_key: bytes,
    now: datetime,
    asked: Asked | None = None,
    standing: Standing | None = None,
) -> UUID:
    """Hold the price and stand in line, or register for the draw; the ticket's id.

    Args:
        tx: the caller's transaction; a refusal leaves nothing of it.
        account_id: who asks.
        offer_id: for what.
        coupon_key: the key of the coupon that a grant will make of it.
        now: when (UTC); who comes in the first seconds of a line is shuffled.
        asked: the first request with this key does the work, later ones get its answer.
        standing: what limits of devices look at.

    Raises:
        OfferNotFound: unknown or closed.
        DrawOver: registration for the draw has ended.
        OfferTakesNoTicket: it is given to whoever claims first.
        TicketExists: the citizen has, or had, one.
        LimitReached: a household or device has as many as it may.
        InsufficientPoints: the citizen cannot pay.

    """
    kept, _ = await ask(
        tx,
        account_id=account_id,
        offer_id=offer_id,
        coupon_key=coupon_key,
        now=now,
        asked=asked,
        standing=standing or Standing(),
        ticket=True,
    )
    return UUID(kept["redemption_id"])


async def ticket(tx: Tx, *, account_id: int, offer_id: UUID) -> TicketView:
    """The citizen's ticket for an offer; one statement, however long the line is.

    Raises:
        TicketNotFound: the citizen has none.

    """
    row = await (await tx.execute(_ONE, _key(account_id, offer_id))).fetchone()
    if row is None:
        raise TicketNotFound("You have no ticket for this offer.", "您没有该商品的排队或登记记录。")
    ticket_id, points, unit, state, place, head, arrived_at, resolved_at = row
    waiting = state == TicketState.waiting and place is not None and head is not None
    return TicketView(
        id=ticket_id,
        offer_id=offer_id,
        points=points,
        unit=unit,
        state=TicketState(state),
        place=place,
        ahead=place - head if waiting else None,
        arrived_at=arrived_at,
        resolved_at=resolved_at,
    )


async def leave(tx: Tx, *, account_id: int, offer_id: UUID, now: datetime) -> TicketView:
    """Give a waiting ticket back; doing it again answers the same.

    Raises:
        TicketNotFound: the citizen has none.
        TicketClosed: it was granted or lost.

    """
    states = {
        "waiting": TicketState.waiting.value,
        "left": TicketState.left.value,
        "now": now,
    }
    row = await (await tx.execute(_LEAVE, _key(account_id, offer_id) | states)).fetchone()
    if row is not None:
        await give_back(tx, resolved=[Resolved(*row)])
        log.info("ticket_left", offer_id=str(offer_id))
    found = await ticket(tx, account_id=account_id, offer_id=offer_id)
    if found.state is not TicketState.left:
        raise TicketClosed(
            f"The ticket is {found.state.name}.", "该排队或登记已结束。", state=found.state.name
        )
    return found


def _key(account_id: int, offer_id: UUID) -> dict[str, object]:
    return {"bucket": bucket_of(account_id), "account_id": account_id, "offer_id": offer_id}


# The head's ticket is somebody else's, and hidden from whoever reads: a function tells its place.
_ONE = """
SELECT t.id, t.points, (SELECT u.code FROM unit u WHERE u.id = t.unit), t.state, t.place,
       line_head(t.offer_id), t.arrived_at, t.resolved_at
  FROM ticket t
 WHERE t.bucket = %(bucket)s AND t.account_id = %(account_id)s AND t.offer_id = %(offer_id)s
"""
_LEAVE = """
UPDATE ticket SET state = %(left)s, resolved_at = %(now)s
 WHERE bucket = %(bucket)s AND account_id = %(account_id)s AND offer_id = %(offer_id)s
   AND state = %(waiting)s
RETURNING account_id, id, offer_id, unit, points, NULL::smallint, household, device, arrived_at
"""
