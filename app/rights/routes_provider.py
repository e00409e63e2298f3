"""The providers' door to claims of their own customers' cards."""

from uuid import UUID

from fastapi import APIRouter, Request, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.intake import providers
from app.intake.errors import ProviderNotFound
from app.pages import BadCursor, Cursor, Limit, bad_cursor, cursor_of, key_of
from app.people import proofs_asked
from app.people.errors import (
    CardTaken,
    GuardianNeeded,
    LinkClaimNotFound,
    NotSignedIn,
    PersonLeft,
    WrongAudience,
)
from app.people.guards import CurrentProvider, Documented
from app.problems import document
from app.rights.schemas_claims import ChallengeIn, ConfirmationIn, WaitingPage, WaitingView

router = APIRouter(prefix="/provider/link-claims", tags=["provider"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.get("", responses=document(*_SIGN_IN, ProviderNotFound, BadCursor))
async def list_waiting(
    *,
    request: Request,
    provider: CurrentProvider,
    tx: ReadTx,
    now: Now,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> WaitingPage:
    """Claims of your customers' cards that wait, oldest first."""
    known = await providers.by_code(tx, code=provider.code)
    found = await proofs_asked.waiting(
        tx,
        provider_id=known.id,
        after=_after(cursor) if cursor else None,
        limit=limit + 1,
        vault=request.app.state.vault,
        now=now,
    )
    more = len(found) > limit
    return WaitingPage(
        items=[WaitingView.of(each) for each in found[:limit]],
        next_cursor=cursor_of(str(found[limit - 1].id)) if more else None,
    )


def _after(cursor: str) -> UUID:
    [key] = key_of(cursor, str)
    try:
        return UUID(str(key))
    except ValueError as error:
        raise bad_cursor() from error


@router.post(
    "/{claim_id}/challenge",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, ProviderNotFound, LinkClaimNotFound),
)
async def set_challenge(
    claim_id: UUID,
    *,
    body: ChallengeIn,
    request: Request,
    provider: CurrentProvider,
    tx: WriteTx,
    now: Now,
) -> None:
    """Say what the card's owner will know; a code is good for ten minutes."""
    known = await providers.by_code(tx, code=provider.code)
    await proofs_asked.challenge(
        tx,
        provider_id=known.id,
        claim_id=claim_id,
        answer=body.answer,
        vault=request.app.state.vault,
        now=now,
    )


@router.post(
    "/{claim_id}/confirmation",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(
        *_SIGN_IN, ProviderNotFound, LinkClaimNotFound, CardTaken, GuardianNeeded, PersonLeft
    ),
)
async def confirm_claim(
    claim_id: UUID, body: ConfirmationIn, provider: CurrentProvider, tx: WriteTx, now: Now
) -> None:
    """Say what your customer answered when you asked whether the card is theirs."""
    known = await providers.by_code(tx, code=provider.code)
    await proofs_asked.confirm(
        tx, provider_id=known.id, claim_id=claim_id, confirmed=body.confirmed, now=now
    )
