"""What the till's pages have in common: whose counter it is, and where one begins again."""

from typing import Any

from fastapi import status
from fastapi.responses import RedirectResponse

from app.catalogue.zone import zone
from app.console.till_session import PATH, Session
from app.database import Tx
from app.merchants import directory, stores


async def shop_of(tx: Tx, *, session: Session) -> dict[str, Any]:
    """The names over the counter, and where its clock stands."""
    who = session.merchant
    assert who.seat.store_id is not None, "a till stands in a store"
    merchant = await directory.by_id(tx, merchant_id=who.id)
    store = await stores.own(tx, merchant_id=who.id, store_id=who.seat.store_id)
    return {"merchant": merchant, "store": store, "zone": await zone(tx)}


def to_start() -> RedirectResponse:
    """To the page with the field, or to the sign-in."""
    return RedirectResponse(PATH, status.HTTP_303_SEE_OTHER, headers={"Cache-Control": "no-store"})


def is_order_no(text: str) -> bool:
    """Whether this can be a number that a till gave to a sale."""
    return 0 < len(text) <= 64 and text.isascii() and text.isprintable() and " " not in text
