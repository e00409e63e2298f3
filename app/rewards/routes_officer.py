"""Offers, as officers draft them, take them back, feed them with codes and fund them.

Publishing, the exchange rate and new budgets are proposals that a second officer approves:
`rewards.publish`, `rewards.set_rate`, `rewards.open_budget`.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Query, Request, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.merchants import directory
from app.merchants.errors import MerchantNotFound
from app.pages import BadCursor, Cursor, Limit, cursor_of, key_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.rewards import codes_import, cursors, funding, offers, rules, withdraw_run
from app.rewards.draft import draft_offer
from app.rewards.errors import OfferNotFound, OfferUnsound
from app.rewards.offers_errors import (
    CodesUnreadable,
    FundingUnsound,
    ImportNotFound,
    OfferWithdrawn,
)
from app.rewards.offers_schemas import (
    DraftOffer,
    OfferDrafted,
    OfferRecord,
    OfferRecordPage,
)
from app.rewards.officer_schemas import (
    BudgetList,
    BudgetView,
    ImportView,
    RejectPage,
    RejectView,
    WithdrawalView,
    WithdrawOffer,
)
from app.rewards.tables import OfferState
from app.rewards.withdraw import withdraw

router = APIRouter(prefix="/admin", tags=["offers"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)

State = Annotated[
    OfferState | None,
    Query(description="Only these: 1 drafts, 2 published, 3 taken back.", examples=[1]),
]


@router.post(
    "/offers",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_SIGN_IN, OfferUnsound, FundingUnsound, MerchantNotFound),
)
async def make_offer(
    body: DraftOffer, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> OfferDrafted:
    """Write an offer down; nobody sees it before a second officer has approved it."""
    merchant = await directory.by_id(tx, merchant_id=body.merchant_id)
    offer_id = await draft_offer(
        tx,
        merchant_id=merchant.id,
        contra=merchant.contra,
        title_zh=body.title_zh,
        title_en=body.title_en,
        points=body.points,
        stock=body.stock,
        per_citizen=body.per_citizen,
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        now=now,
        terms=body.terms(),
    )
    return OfferDrafted(offer_id=offer_id)


@router.get("/offers", responses=document(*_SIGN_IN, BadCursor))
async def list_all_offers(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    state: State = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> OfferRecordPage:
    """Offers in any state, the newest first."""
    found = await offers.kept(tx, state=state, before=cursors.id_in(cursor), limit=limit + 1)
    page = found[:limit]
    return OfferRecordPage(
        items=[OfferRecord.of(kept, each) for kept, each in page],
        next_cursor=cursor_of(str(page[-1][1].id)) if len(found) > limit else None,
    )


@router.post(
    "/offers/{offer_id}/withdraw",
    status_code=status.HTTP_202_ACCEPTED,
    responses=document(*_SIGN_IN, OfferNotFound, OfferWithdrawn),
)
async def withdraw_offer(
    offer_id: UUID, body: WithdrawOffer, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> WithdrawalView:
    """Take an offer back at once; whoever holds an unused coupon gets the points back soon."""
    await withdraw(
        tx,
        offer_id=offer_id,
        merchant_id=None,
        actor=f"officer:{officer.id}",
        reason_zh=body.reason_zh,
        reason_en=body.reason_en,
        now=now,
    )
    return WithdrawalView(offer_id=offer_id, released=0, points=0, finished_at=None)


@router.get("/offers/{offer_id}/withdrawal", responses=document(*_SIGN_IN, OfferNotFound))
async def read_withdrawal(offer_id: UUID, officer: CurrentOfficer, tx: ReadTx) -> WithdrawalView:
    """How far the holders of an offer that was taken back have been made whole."""
    found = await withdraw_run.progress(tx, offer_id=offer_id)
    if found is None:
        raise rules.no_such_offer()
    return WithdrawalView.of(found)


@router.post(
    "/offers/{offer_id}/codes",
    status_code=status.HTTP_202_ACCEPTED,
    responses=document(*_SIGN_IN, OfferNotFound, CodesUnreadable),
)
async def import_codes(
    *,
    request: Request,
    offer_id: UUID,
    officer: CurrentOfficer,
    content: Annotated[
        bytes,
        Body(media_type="text/csv", description="CSV: a code in the first column of each line."),
    ],
    tx: WriteTx,
    now: Now,
) -> ImportView:
    """Send a list of the merchant's codes; a job reads it, and each new code is a unit."""
    key = request.app.state.keys.coupon
    import_id = await codes_import.receive(tx, offer_id=offer_id, content=content, key=key, now=now)
    found = await codes_import.progress(tx, offer_id=offer_id, import_id=import_id)
    return ImportView.of(found)


@router.get("/offers/{offer_id}/codes/{import_id}", responses=document(*_SIGN_IN, ImportNotFound))
async def read_import(
    offer_id: UUID, import_id: UUID, officer: CurrentOfficer, tx: ReadTx
) -> ImportView:
    """How far a list has been read."""
    return ImportView.of(await codes_import.progress(tx, offer_id=offer_id, import_id=import_id))


@router.get(
    "/offers/{offer_id}/codes/{import_id}/rejects",
    responses=document(*_SIGN_IN, ImportNotFound, BadCursor),
)
async def list_rejects(
    *,
    offer_id: UUID,
    import_id: UUID,
    officer: CurrentOfficer,
    tx: ReadTx,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> RejectPage:
    """Which lines were refused, and why."""
    await codes_import.progress(tx, offer_id=offer_id, import_id=import_id)
    after = 0 if cursor is None else int(key_of(cursor, int)[0])
    found = await codes_import.rejects(tx, import_id=import_id, after=after, limit=limit + 1)
    page = found[:limit]
    return RejectPage(
        items=[RejectView.of(each) for each in page],
        next_cursor=cursor_of(page[-1].line) if len(found) > limit else None,
    )


@router.get("/funding", responses=document(*_SIGN_IN))
async def list_budgets(officer: CurrentOfficer, tx: ReadTx) -> BudgetList:
    """Budgets that pay parts of offers, and what is left of them."""
    return BudgetList(items=[BudgetView.of(each) for each in await funding.budgets(tx)])
