"""Cards that a citizen claims, and how they prove that the cards are theirs."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, status

from app.cache import TooManyRequests
from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import WriteTx
from app.idempotency import IdempotencyKeyReused, OptionalKey, once
from app.intake import providers
from app.intake.errors import ProviderNotFound
from app.pages import PersonalRoute
from app.people import proofs
from app.people.errors import (
    CardTaken,
    ChallengeMissing,
    GuardianNeeded,
    LinkClaimClosed,
    LinkClaimNotFound,
    NotSignedIn,
    PersonLeft,
    TooManyClaims,
    WrongAudience,
)
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.people.subjects import digest_of
from app.problems import document
from app.reductions.errors import ScenarioUnknown
from app.rights import notices_told
from app.rights.patience import Patience
from app.rights.schemas_claims import ClaimList, ClaimOut, LinkClaimIn, ProofIn

router = APIRouter(
    prefix="/me/link-claims", tags=["privacy"], dependencies=[Documented], route_class=PersonalRoute
)

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        *_SIGN_IN,
        CatalogueEmpty,
        ProviderNotFound,
        ScenarioUnknown,
        CardTaken,
        GuardianNeeded,
        PersonLeft,
        TooManyClaims,
        TooManyRequests,
    ),
    dependencies=[Patience],
)
async def claim_card(
    body: LinkClaimIn, request: Request, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> ClaimOut:
    """Claim a card of a provider that wants a proof; it is linked when that is given."""
    state = request.app.state
    provider = await providers.by_code(tx, code=body.provider)
    versions = await state.catalogue.versions(tx)
    for scenario in body.scenarios:
        notices_told.told(versions, scenario=scenario, provider=None, now=now)
    made = await proofs.claim(
        tx,
        account_id=citizen.account_id,
        provider_id=provider.id,
        proof=provider.proof,
        card=body.card,
        subject=digest_of(state.keys.subject, provider_id=provider.id, subject=body.card),
        scenarios=body.scenarios,
        vault=state.vault,
        now=now,
    )
    return ClaimOut.of(made, {provider.id: provider.code})


@router.get("", responses=document(*_SIGN_IN))
async def list_link_claims(citizen: CurrentCitizen, tx: CitizenTx) -> ClaimList:
    """Your claims, with their states and the tries that are left."""
    mine = await proofs.of_account(tx, account_id=citizen.account_id)
    codes = await providers.codes(tx)
    return ClaimList(items=[ClaimOut.of(each, codes) for each in mine])


@router.post(
    "/{claim_id}/answer",
    responses=document(
        *_SIGN_IN,
        LinkClaimNotFound,
        LinkClaimClosed,
        ChallengeMissing,
        CardTaken,
        GuardianNeeded,
        PersonLeft,
        TooManyRequests,
        IdempotencyKeyReused,
    ),
    dependencies=[Patience],
)
async def answer_claim(
    claim_id: UUID,
    *,
    body: ProofIn,
    request: Request,
    citizen: CurrentCitizen,
    tx: WriteTx,
    now: Now,
    idempotency_key: OptionalKey = None,
) -> ClaimOut:
    """Answer; `state` says whether the card is linked now, and `tries_left` what is left if not."""
    me = citizen.account_id

    async def proving() -> dict[str, Any]:
        await proofs.prove(
            tx,
            account_id=me,
            claim_id=claim_id,
            answer=body.answer,
            vault=request.app.state.vault,
            now=now,
        )
        return {"id": str(claim_id)}

    await once(
        tx,
        account_id=me,
        key=idempotency_key,
        route=f"answer_claim {claim_id}",
        body=body,
        effect=proving,
        now=now,
    )
    found = await proofs.one(tx, account_id=me, claim_id=claim_id)
    return ClaimOut.of(found, await providers.codes(tx))


@router.delete(
    "/{claim_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, LinkClaimNotFound),
)
async def cancel_claim(claim_id: UUID, citizen: CurrentCitizen, tx: WriteTx, now: Now) -> None:
    """Take a claim back; the card's number is forgotten."""
    await proofs.cancel(tx, account_id=citizen.account_id, claim_id=claim_id, now=now)
