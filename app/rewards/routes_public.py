"""Offers, as anybody may see them."""

import hashlib
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.clock import Now
from app.database import ReadTx
from app.pages import BadCursor, Cursor, Limit, cursor_of
from app.problems import document, in_english
from app.rewards import cursors, offers
from app.rewards.errors import OfferNotFound
from app.rewards.schemas import OfferPage, OfferView

router = APIRouter(prefix="/offers", tags=["rewards"])

COPY_LIFE_S = 1
"""How old the list may be; `remaining` in it is a hint, the claim itself decides."""

_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Unchanged since the ETag you sent."}
}


@router.get("", response_model=OfferPage, responses=document(BadCursor) | _UNCHANGED)
async def list_offers(
    request: Request, tx: ReadTx, now: Now, limit: Limit = 20, cursor: Cursor = None
) -> Response:
    """Offers that can be claimed now, the newest first."""
    english = in_english(request)
    before = cursors.id_in(cursor)

    async def read() -> str:
        found = await offers.open_ones(tx, before=before, limit=limit + 1, now=now)
        page = found[:limit]
        return OfferPage(
            items=[OfferView.of(each, english=english) for each in page],
            next_cursor=cursor_of(str(page[-1].id)) if len(found) > limit else None,
        ).model_dump_json()

    if before is not None:  # only first pages are everybody's; a copy of each cursor is nobody's
        return _answer(request, await read())
    name = f"offers:{'en' if english else 'zh'}:{limit}"
    return _answer(request, await request.app.state.cache.text(name, life_s=COPY_LIFE_S, make=read))


@router.get("/{offer_id}", response_model=OfferView, responses=document(OfferNotFound) | _UNCHANGED)
async def get_offer(request: Request, offer_id: UUID, tx: ReadTx, now: Now) -> Response:
    """One offer; it may open later."""
    found = await offers.offer(tx, offer_id=offer_id, now=now)
    return _answer(request, OfferView.of(found, english=in_english(request)).model_dump_json())


def _answer(request: Request, body: str) -> Response:
    """The body with its ETag; or 304, when the caller has it already.

    Source: RFC 9110, sections 8.8.3 and 13.1.2.
    """
    etag = f'W/"{hashlib.blake2b(body.encode(), digest_size=12).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=1", "Vary": "Accept-Language"}
    known = request.headers.get("if-none-match", "")
    if etag in {each.strip() for each in known.split(",")} or known.strip() == "*":
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
