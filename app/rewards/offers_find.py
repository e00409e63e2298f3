"""Which page of offers a reader asked for: one door for every order of the list."""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.rewards import cursors, offers
from app.rewards.offers import Offered, Order, Wanted
from app.rewards.offers_near import Point


@dataclass(frozen=True, slots=True)
class Looking:
    """What a reader asked for."""

    wanted: Wanted
    order: Order
    point: Point | None
    limit: int
    now: datetime


async def find(tx: Tx, *, looking: Looking, cursor: str | None) -> list[Offered]:
    """One offer more than the page holds, if there is one.

    Raises:
        BadCursor: it is not one of this list, in this order.

    """
    limit, now, wanted = looking.limit + 1, looking.now, looking.wanted
    if looking.order is Order.newest:
        before = cursors.id_in(cursor)
        return await offers.open_ones(
            tx, before=before, limit=limit, now=now, wanted=wanted, point=looking.point
        )
    after = cursors.number_and_id_in(cursor)
    if looking.order is Order.nearest:
        assert looking.point is not None, "the route asked from where"
        return await offers.nearest(
            tx, point=looking.point, after=after, limit=limit, now=now, wanted=wanted
        )
    return await offers.cheapest(
        tx, after=after, limit=limit, now=now, wanted=wanted, point=looking.point
    )


def cursor_after(order: Order, last: Offered) -> str:
    """The cursor of the page that begins after ``last``."""
    if order is Order.newest:
        return cursors.cursor_at_id(last.id)
    if order is Order.cheapest:
        return cursors.cursor_at_number(last.points, last.id)
    assert last.distance_m is not None, "a list by distance knows it"
    return cursors.cursor_at_number(last.distance_m, last.id)
