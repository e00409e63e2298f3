"""A citizen's inbox. Marking as read is safe to send again: it needs no key."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from app.clock import Now
from app.database import WriteTx
from app.notices import inbox
from app.notices.errors import MessageNotFound
from app.notices.schemas import MessagePage, MessageView, ReadUpTo, Unread
from app.pages import (
    UNCHANGED,
    BadCursor,
    Cursor,
    Limit,
    bad_cursor,
    cursor_of,
    key_of,
    tagged,
)
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.problems import document, in_english

router = APIRouter(prefix="/me/messages", tags=["messages"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.get("", response_model=MessagePage, responses=document(*_SIGN_IN, BadCursor) | UNCHANGED)
async def list_messages(
    *,
    request: Request,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    cursor: Cursor = None,
    limit: Limit = 20,
    unread: bool = False,
) -> Response:
    """Your messages, newest first; `unread=true` leaves out what you have read.

    Unchanged, they are answered 304 to their `ETag`.
    """
    me = citizen.account_id
    before = _id_in(cursor) if cursor else None
    found = await inbox.page(tx, account_id=me, before=before, limit=limit + 1, unread=unread)
    english = in_english(request)
    page = MessagePage(
        items=[MessageView.of(each, english=english) for each in found[:limit]],
        unread=await inbox.unread(tx, account_id=me),
        next_cursor=cursor_of(str(found[limit - 1].id)) if len(found) > limit else None,
    )
    return tagged(request, page.model_dump_json().encode(), cached="private, no-cache")


@router.post("/read-all", responses=document(*_SIGN_IN))
async def read_all_messages(
    body: ReadUpTo, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> Unread:
    """Mark everything up to a message as read; sent again, it changes nothing."""
    await inbox.read_all(tx, account_id=citizen.account_id, upto=body.upto, now=now)
    return Unread(unread=await inbox.unread(tx, account_id=citizen.account_id))


@router.post("/{message_id}/read", responses=document(*_SIGN_IN, MessageNotFound))
async def read_message(
    message_id: UUID, request: Request, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> MessageView:
    """Mark one message as read; sent again, it changes nothing."""
    message = await inbox.read(tx, account_id=citizen.account_id, message_id=message_id, now=now)
    return MessageView.of(message, english=in_english(request))


def _id_in(cursor: str) -> UUID:
    (text,) = key_of(cursor, str)
    try:
        return UUID(str(text))
    except ValueError as error:
        raise bad_cursor() from error
