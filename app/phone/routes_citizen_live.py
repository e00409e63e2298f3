"""What changes, as it happens: a stream of events, and its polling twin with the same events.

A client that reconnects sends the last event's id and misses nothing. The stream ends by itself
after a few minutes, so that nobody listens longer than a token lives; clients connect again.
"""

import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import psycopg
import psycopg_pool
import structlog
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from app.database import Database
from app.pages import BadCursor
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.phone import changes
from app.phone.errors import TooManyStreams
from app.phone.hub import Hub, Seat
from app.phone.place import Place
from app.phone.schemas_changes import ChangePage, ChangeView
from app.problems import document, in_english

log = structlog.get_logger()
router = APIRouter(prefix="/me", tags=["live"], dependencies=[Documented])

HEARTBEAT_S = 15
LIFE_S = 300
"""How long a stream lives; shorter than a token."""
RECONNECT_MS = 1_000
POLL_AGAIN_S = 5
_SIGN_IN = (NotSignedIn, WrongAudience)
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: `id`, `event` (the kind) and `data`, a `ChangeView`."
        " The event `resync` says that the id sent is not known any more.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}

LastEventId = Annotated[
    str | None, Header(max_length=400, description="The last event's id: what came after it first.")
]


async def _seat(request: Request, citizen: CurrentCitizen) -> AsyncIterator[Seat]:
    """A seat for as long as the answer is being sent, whatever ends it."""
    hub: Hub = request.app.state.hub
    seat = hub.sit(citizen.account_id)
    try:
        yield seat
    finally:
        hub.leave(seat)


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses=document(*_SIGN_IN, BadCursor, TooManyStreams) | _STREAM,
)
async def stream_changes(
    request: Request,
    citizen: CurrentCitizen,
    seat: Annotated[Seat, Depends(_seat)],
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Points that arrive, acts that count, coupons that are used, messages: within a second.

    Send the token in the header; a client whose `EventSource` cannot do so reads the stream with
    `fetch`. Each event's `id` resumes after it. A comment comes every fifteen seconds.
    """
    place = Place.read(last_event_id) if last_event_id else None
    events = _events(
        request.app.state.database,
        seat,
        place,
        english=in_english(request),
    )
    return StreamingResponse(
        events,
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(
    database: Database, seat: Seat, place: Place | None, *, english: bool
) -> AsyncIterator[bytes]:
    """The stream's bytes; a connection is taken for each look, and held for none."""
    me, ends_s = seat.account_id, int(time.monotonic()) + LIFE_S
    first = b""
    try:
        async with database.reading_as(account_id=me) as tx:
            if place is not None and not await changes.is_known(tx, place=place):
                first, place = format_sse_event(data_str="{}", event="resync"), None
            if place is None:
                place = await changes.start(tx, account_id=me)
        # An id without data moves the client's last id on: whoever reconnects misses nothing.
        yield first + format_sse_event(id=place.text, retry=RECONNECT_MS)
        while not seat.ended and time.monotonic() < ends_s:
            async with database.reading_as(account_id=me) as tx:
                found = await changes.since(tx, account_id=me, place=place, english=english)
            place = found.place
            if found.items:
                yield b"".join(map(_written, found.items))
            if not found.more and not await seat.wait(timeout_s=HEARTBEAT_S):
                yield KEEPALIVE_COMMENT
    except (psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
        log.warning("stream_lost_database", kind=type(error).__name__)


def _written(item: ChangeView) -> bytes:
    return format_sse_event(data_str=item.model_dump_json(), event=item.kind, id=item.id)


@router.get("/changes", responses=document(*_SIGN_IN, BadCursor))
async def poll_changes(
    *,
    request: Request,
    response: Response,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    after: Annotated[
        str | None,
        Query(max_length=400, description="The last event's id, or the last answer's `after`."),
    ] = None,
) -> ChangePage:
    """The stream's events for who cannot listen; `Retry-After` says when to ask again.

    Without `after` it answers where to start, and no events.
    """
    me = citizen.account_id
    response.headers["Cache-Control"] = "no-store"
    place = Place.read(after) if after else None
    known = place is not None and await changes.is_known(tx, place=place)
    if place is None or not known:
        start = await changes.start(tx, account_id=me)
        response.headers["Retry-After"] = str(POLL_AGAIN_S)
        return ChangePage(items=[], after=start.text, more=False, resync=place is not None)
    found = await changes.since(tx, account_id=me, place=place, english=in_english(request))
    response.headers["Retry-After"] = "0" if found.more else str(POLL_AGAIN_S)
    return ChangePage(items=found.items, after=found.place.text, more=found.more, resync=False)
