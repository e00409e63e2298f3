"""A citizen's reductions, their explanations, and the links they come from."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request, status

from app.cache import TooManyRequests
from app.clock import Now
from app.database import WriteTx
from app.intake import providers
from app.intake.errors import ProviderNotFound
from app.ledger.locking import lock_accounts
from app.pages import BadCursor, Cursor, Limit, PersonalRoute, cursor_of, key_of
from app.people import linking, links
from app.people.errors import CardTaken, GuardianNeeded, LinkNotFound, PersonLeft, ProofNeeded
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.people.subjects import digest_of
from app.problems import document
from app.reductions import correct_read, explain, listing
from app.reductions.errors import ReductionNotFound, ScenarioUnknown
from app.reductions.schemas import (
    ExplanationView,
    LinkIn,
    LinkList,
    LinkOut,
    ReductionPage,
    ReductionView,
)

router = APIRouter(prefix="/me", tags=["me"], dependencies=[Documented], route_class=PersonalRoute)


@router.get("/reductions", responses=document(BadCursor))
async def list_reductions(
    request: Request,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> ReductionPage:
    """The caller's reductions, newest act first."""
    before = _before(cursor) if cursor else None
    rows = await listing.page(tx, account_id=citizen.account_id, before=before, limit=limit + 1)
    versions = await request.app.state.catalogue.versions(tx)
    items = []
    for row in rows[:limit]:
        manifest = versions.by_id[row.version_id].methodology.manifest
        items.append(ReductionView.of(row, manifest.id, dict(manifest.title)))
    last = rows[limit - 1] if len(rows) > limit else None
    return ReductionPage(
        items=items,
        next_cursor=cursor_of(
            last.occurred_on.isoformat(), last.occurred_at.isoformat(), str(last.id)
        )
        if last
        else None,
    )


def _before(cursor: str) -> tuple[date, datetime, UUID]:
    day, moment, reduction_id = key_of(cursor, str, str, str)
    try:
        at = datetime.fromisoformat(str(moment))
        if at.tzinfo is None:
            raise ValueError("a moment has an offset")
        return date.fromisoformat(str(day)), at, UUID(str(reduction_id))
    except ValueError as error:
        raise BadCursor(
            "The cursor is not one of this list; begin again at the first page.",
            "游标不属于此列表;请不带 cursor 重新请求第一页。",
        ) from error


@router.get("/reductions/{reduction_id}/explanation", responses=document(ReductionNotFound))
async def explain_reduction(
    reduction_id: UUID, request: Request, citizen: CurrentCitizen, tx: CitizenTx
) -> ExplanationView:
    """How the grams came about: every input, factor with its source, term and rounding."""
    kept = await explain.stored(tx, account_id=citizen.account_id, reduction_id=reduction_id)
    versions = await request.app.state.catalogue.versions(tx)
    corrections = await correct_read.of_reduction(
        tx, account_id=citizen.account_id, reduction_id=reduction_id
    )
    return ExplanationView.of(explain.explain(kept, versions), corrections, versions)


@router.get("/links")
async def list_links(citizen: CurrentCitizen, tx: CitizenTx) -> LinkList:
    """The caller's linked cards; their numbers are not known here."""
    mine = await links.of_account(tx, account_id=citizen.account_id)
    codes = await providers.codes(tx)
    return LinkList(items=[LinkOut.of(link, codes) for link in mine])


@router.post(
    "/links",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        ProviderNotFound,
        ScenarioUnknown,
        CardTaken,
        ProofNeeded,
        GuardianNeeded,
        PersonLeft,
        TooManyRequests,
    ),
)
async def link_card(
    body: LinkIn, request: Request, citizen: CurrentCitizen, tx: WriteTx, now: Now
) -> LinkList:
    """Link a card and agree to its scenarios; doing it again changes nothing."""
    state = request.app.state
    limit = state.settings.limits.citizen_writes_per_minute
    await state.cache.allow(f"citizen:{citizen.account_id}", per_minute=limit)
    provider = await providers.by_code(tx, code=body.provider)
    if provider.proof != "none":
        raise ProofNeeded(
            "This provider asks for a proof that the card is yours; claim it and answer.",
            "该数据提供方要求验证卡证归属,请申请绑定并完成验证。",
            proof=provider.proof,
        )
    versions = await state.catalogue.versions(tx)
    for scenario in body.scenarios:
        if scenario not in versions.by_methodology:
            raise ScenarioUnknown(
                f"The catalogue has no scenario {scenario}.", f"目录中没有场景 {scenario}。"
            )
    await linking.link(
        tx,
        account_id=citizen.account_id,
        provider_id=provider.id,
        subject=digest_of(state.keys.subject, provider_id=provider.id, subject=body.card),
        scenarios=body.scenarios,
        now=now,
    )
    mine = await links.of_account(tx, account_id=citizen.account_id)
    codes = await providers.codes(tx)
    return LinkList(items=[LinkOut.of(link, codes) for link in mine])


@router.delete(
    "/links/{link_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(LinkNotFound),
)
async def unlink_card(link_id: UUID, citizen: CurrentCitizen, tx: WriteTx, now: Now) -> None:
    """Unlink a card and withdraw what was agreed to; intake stops at once."""
    await linking.unlink(tx, account_id=citizen.account_id, subject=link_id, now=now)
    # Batches that found a consent before are done when this is answered; later ones find none.
    await lock_accounts(tx, account_ids=[citizen.account_id])
