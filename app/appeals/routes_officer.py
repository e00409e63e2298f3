"""Appeals, as officers find them by their deadline, take them, and answer them."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request

from app.appeals import decide, reading
from app.appeals.decide import Answer
from app.appeals.errors import AppealDecided, AppealNotFound, NotCreditable
from app.appeals.reading import Appeal
from app.appeals.schemas import AcceptIn, AnswerIn, AppealPage, AppealView
from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import ReadTx, Tx, WriteTx
from app.intake import providers
from app.pages import BadCursor, Cursor, Limit, bad_cursor, cursor_of, key_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document, in_english
from app.reductions.errors import HeldDecided, HeldNotFound, NotReleasable

router = APIRouter(prefix="/admin/appeals", tags=["review"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)
_ANSWER = (*_SIGN_IN, AppealNotFound, AppealDecided)


@router.get("", responses=document(*_SIGN_IN, BadCursor))
async def list_due_appeals(
    *,
    request: Request,
    officer: CurrentOfficer,
    tx: ReadTx,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> AppealPage:
    """Claims and appeals that wait for an answer, the earliest deadline first."""
    after = _after(cursor) if cursor else None
    found = await reading.due(tx, after=after, limit=limit + 1)
    names = await providers.codes(tx)
    last = found[limit - 1] if len(found) > limit else None
    return AppealPage(
        items=[AppealView.of(each, names, english=in_english(request)) for each in found[:limit]],
        next_cursor=cursor_of(last.due_on.isoformat(), str(last.id)) if last else None,
    )


@router.post("/{appeal_id}/assign", responses=document(*_ANSWER))
async def take_appeal(
    appeal_id: UUID, request: Request, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> AppealView:
    """Take it: the citizen sees that somebody is at it. Taking over from a colleague is allowed."""
    taken = await decide.assign(tx, appeal_id=appeal_id, officer_id=officer.id, now=now)
    return await _view(request, tx, taken)


@router.post("/{appeal_id}/refuse", responses=document(*_ANSWER))
async def refuse_appeal(
    *,
    appeal_id: UUID,
    body: AnswerIn,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> AppealView:
    """Answer no, with the reason; the citizen is told."""
    answer = Answer(officer.id, body.reason_zh, body.reason_en)
    closed = await decide.refuse(tx, appeal_id=appeal_id, answer=answer, now=now)
    return await _view(request, tx, closed)


@router.post(
    "/{appeal_id}/accept",
    responses=document(
        *_ANSWER, NotCreditable, HeldNotFound, HeldDecided, NotReleasable, CatalogueEmpty
    ),
)
async def accept_appeal(
    *,
    appeal_id: UUID,
    body: AcceptIn,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> AppealView:
    """Answer yes: the trip is credited by the ordinary path, or the held act is released.

    An appeal about a credited act is only answered; what its grams should be is the methodology's
    business, and a version that corrects it recalculates all alike.
    """
    state = request.app.state
    closed = await decide.accept(
        tx,
        appeal_id=appeal_id,
        answer=Answer(officer.id, body.reason_zh, body.reason_en),
        evidence=body.evidence,
        held_id=body.held_id,
        versions=await state.catalogue.versions(tx, fresh=True),
        subject_key=state.keys.subject,
        now=now,
    )
    state.cache.wake()
    return await _view(request, tx, closed)


async def _view(request: Request, tx: Tx, found: Appeal) -> AppealView:
    return AppealView.of(found, await providers.codes(tx), english=in_english(request))


def _after(cursor: str) -> tuple[date, UUID]:
    day, number = key_of(cursor, str, str)
    try:
        return date.fromisoformat(str(day)), UUID(str(number))
    except ValueError as error:
        raise bad_cursor() from error
