"""What a phone opens with: the feed, and the carbon account."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.pages import UNCHANGED, BadCursor, Cursor, Limit, cursor_of, key_of, tagged
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.phone import account, feed
from app.phone.feed import Key
from app.phone.schemas import AccountView, FeedPage
from app.problems import document, in_english
from app.reductions import account as sums

router = APIRouter(prefix="/me", tags=["me"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.get(
    "/feed",
    response_model=FeedPage,
    responses=document(*_SIGN_IN, BadCursor, CatalogueEmpty) | UNCHANGED,
)
async def read_feed(
    *,
    request: Request,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    now: Now,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Everything that happened, newest first: acts, what is waited for, redemptions, the rest.

    Unchanged, it is answered 304 to its `ETag`.
    """
    found = await feed.page(
        tx,
        account_id=citizen.account_id,
        before=_before(cursor) if cursor else None,
        limit=limit + 1,
        versions=await request.app.state.catalogue.versions(tx),
        english=in_english(request),
        now=now,
    )
    last = found[limit - 1].key if len(found) > limit else None
    page = FeedPage(
        items=[each.item for each in found[:limit]],
        next_cursor=cursor_of(last[0].isoformat(), last[1].isoformat(), str(last[2]))
        if last
        else None,
    )
    return tagged(request, page.model_dump_json().encode(), cached="private, no-cache")


@router.get(
    "/account",
    response_model=AccountView,
    responses=document(*_SIGN_IN, CatalogueEmpty) | UNCHANGED,
)
async def read_account(
    request: Request, citizen: CurrentCitizen, tx: CitizenTx, now: Now
) -> Response:
    """The caller's carbon account; unchanged, it is answered 304 to its `ETag`."""
    versions = await request.app.state.catalogue.versions(tx)
    found = account.of_sums(
        await sums.sums(tx, account_id=citizen.account_id),
        versions=versions,
        today=now.astimezone(versions.zone).date(),
        english=in_english(request),
    )
    return tagged(request, found.model_dump_json().encode(), cached="private, no-cache")


def _before(cursor: str) -> Key:
    day, moment, number = key_of(cursor, str, str, str)
    try:
        at = datetime.fromisoformat(str(moment))
        if at.tzinfo is None:
            raise ValueError("a moment has an offset")
        return date.fromisoformat(str(day)), at, UUID(str(number))
    except ValueError as error:
        raise BadCursor(
            "The cursor is not one of this list; begin again at the first page.",
            "游标不属于此列表;请不带 cursor 重新请求第一页。",
        ) from error
