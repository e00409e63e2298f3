"""A citizen's claims for missing trips, and appeals about acts.

Both are safe to send again from a phone that was offline: the `Idempotency-Key` tells.
"""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, status

from app import idempotency
from app.appeals import make, reading
from app.appeals.errors import AppealNotFound, AppealWaits, NothingToClaim, TooManyAppeals
from app.appeals.make import MissingTrip
from app.appeals.schemas import AppealIn, AppealPage, AppealView, ClaimIn
from app.appeals.tables import Kind
from app.cache import TooManyRequests
from app.catalogue.errors import CatalogueEmpty
from app.clock import Now
from app.database import Tx, WriteTx
from app.idempotency import IdempotencyKey, once
from app.intake import providers
from app.intake.errors import ProviderNotFound
from app.pages import BadCursor, Cursor, Limit, PersonalRoute, place_in, place_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.problems import document, in_english

router = APIRouter(
    prefix="/me", tags=["appeals"], dependencies=[Documented], route_class=PersonalRoute
)

_SIGN_IN = (NotSignedIn, WrongAudience)
_WRITE = (*_SIGN_IN, NothingToClaim, TooManyAppeals, CatalogueEmpty, TooManyRequests)


async def _within_limit(request: Request, citizen: CurrentCitizen) -> None:
    per_minute = request.app.state.settings.limits.citizen_writes_per_minute
    await request.app.state.cache.allow(f"citizen:{citizen.account_id}", per_minute=per_minute)


@router.post(
    "/claims",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(_within_limit)],
    responses=document(*_WRITE, ProviderNotFound, *idempotency.ERRORS),
)
async def claim_trip(
    *,
    request: Request,
    body: ClaimIn,
    citizen: CurrentCitizen,
    key: IdempotencyKey,
    tx: WriteTx,
    now: Now,
) -> AppealView:
    """Claim a trip that did not arrive; an officer answers within ten working days."""
    me = citizen.account_id
    trip = MissingTrip(
        body.provider, body.scenario, body.link_id, body.happened_from, body.happened_until
    )
    versions = await request.app.state.catalogue.versions(tx)

    async def claiming() -> dict[str, Any]:
        made = await make.claim(
            tx, account_id=me, trip=trip, note=body.note, versions=versions, now=now
        )
        return {"id": str(made.id)}

    kept = await once(
        tx, account_id=me, key=key, route="claim_trip", body=body, effect=claiming, now=now
    )
    return await _view(request, tx, me, UUID(kept["id"]))


@router.post(
    "/appeals",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(_within_limit)],
    responses=document(*_WRITE, AppealWaits, *idempotency.ERRORS),
)
async def appeal_act(
    *,
    request: Request,
    body: AppealIn,
    citizen: CurrentCitizen,
    key: IdempotencyKey,
    tx: WriteTx,
    now: Now,
) -> AppealView:
    """Ask an officer to look at an act again: credited, held, or refused."""
    me = citizen.account_id
    versions = await request.app.state.catalogue.versions(tx)

    async def appealing() -> dict[str, Any]:
        made = await make.appeal(
            tx, account_id=me, act_id=body.act_id, note=body.note, versions=versions, now=now
        )
        return {"id": str(made.id)}

    kept = await once(
        tx, account_id=me, key=key, route="appeal_act", body=body, effect=appealing, now=now
    )
    return await _view(request, tx, me, UUID(kept["id"]))


@router.get("/claims", responses=document(*_SIGN_IN, BadCursor))
async def list_claims(
    *,
    request: Request,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> AppealPage:
    """Your claims for missing trips, newest first."""
    return await _page(
        request, tx, citizen.account_id, Kind.missing_trip, cursor=cursor, limit=limit
    )


@router.get("/appeals", responses=document(*_SIGN_IN, BadCursor))
async def list_appeals(
    *,
    request: Request,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> AppealPage:
    """Your appeals about acts, newest first."""
    return await _page(request, tx, citizen.account_id, Kind.act, cursor=cursor, limit=limit)


@router.get("/claims/{appeal_id}", responses=document(*_SIGN_IN, AppealNotFound))
async def read_claim(
    appeal_id: UUID, request: Request, citizen: CurrentCitizen, tx: CitizenTx
) -> AppealView:
    """One of your claims."""
    return await _view(request, tx, citizen.account_id, appeal_id, Kind.missing_trip)


@router.get("/appeals/{appeal_id}", responses=document(*_SIGN_IN, AppealNotFound))
async def read_appeal(
    appeal_id: UUID, request: Request, citizen: CurrentCitizen, tx: CitizenTx
) -> AppealView:
    """One of your appeals."""
    return await _view(request, tx, citizen.account_id, appeal_id, Kind.act)


async def _view(
    request: Request, tx: Tx, account_id: int, appeal_id: UUID, kind: Kind | None = None
) -> AppealView:
    found = await reading.one(tx, appeal_id=appeal_id, account_id=account_id)
    if found is None or (kind is not None and found.kind is not kind):
        raise AppealNotFound("You have none with this id.", "您没有该编号的申请。")
    return AppealView.of(found, await providers.codes(tx), english=in_english(request))


async def _page(
    request: Request, tx: Tx, account_id: int, kind: Kind, *, cursor: str | None, limit: int
) -> AppealPage:
    before = place_in(cursor) if cursor else None
    found = await reading.of_account(
        tx, account_id=account_id, kind=kind, before=before, limit=limit + 1
    )
    names = await providers.codes(tx)
    english = in_english(request)
    last = found[limit - 1] if len(found) > limit else None
    return AppealPage(
        items=[AppealView.of(each, names, english=english) for each in found[:limit]],
        next_cursor=place_of(last.made_at, last.id) if last else None,
    )
