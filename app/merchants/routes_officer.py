"""Applications and merchants, as officers check, suspend and look after them.

Approval is at ``/v1/admin/proposals``.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.merchants import (
    accounts,
    applications,
    check,
    cursors,
    directory,
    history,
    invite,
    standing,
)
from app.merchants.errors import (
    ApplicationNotFound,
    ManagerThere,
    MerchantCodeTaken,
    MerchantNotFound,
    WrongMerchantState,
)
from app.merchants.schemas_officer import (
    ApplicationCheckIn,
    ApplicationDetail,
    ApplicationOut,
    ApplicationPage,
    ApplicationState,
    ContactOut,
    ManagerIn,
    MerchantDetail,
    MerchantOut,
    MerchantPage,
    MerchantState,
    ProposedOut,
    StandingReasonIn,
    TransitionOut,
)
from app.merchants.schemas_people import InvitationOut
from app.pages import BadCursor, Cursor, Limit
from app.people import officers
from app.people.errors import NotSignedIn, WrongAudience, WrongOffice
from app.people.guards import CurrentOfficer, Documented
from app.problems import document

router = APIRouter(prefix="/admin", tags=["merchants"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)
_APPLICATION = "/merchant-applications/{application_id}"
_MERCHANT = "/merchants/{merchant_id}"


@router.get("/merchant-applications", responses=document(*_SIGN_IN, BadCursor))
async def list_applications(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    state: Annotated[ApplicationState, Query(description="How far they have come.")] = "applied",
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ApplicationPage:
    """Applications in one state, oldest first."""
    found = await applications.page(
        tx, state=state, after=cursors.after_id(cursor), limit=limit + 1
    )
    page = found[:limit]
    return ApplicationPage(
        items=[ApplicationOut.of(each) for each in page],
        next_cursor=cursors.more(len(found), limit, *(str(each.id) for each in page[-1:])),
    )


@router.get(_APPLICATION, responses=document(*_SIGN_IN, ApplicationNotFound))
async def show_application(
    application_id: UUID, request: Request, officer: CurrentOfficer, tx: ReadTx
) -> ApplicationDetail:
    """One application with its history; name, phone and account are masked."""
    application = await applications.by_id(tx, application_id=application_id)
    contact = await applications.contact(
        tx, application_id=application_id, vault=request.app.state.vault
    )
    steps = await history.of(tx, subject=application_id)
    return ApplicationDetail(
        application=ApplicationOut.of(application),
        contact=ContactOut.of(contact),
        history=[TransitionOut.of(each) for each in steps],
    )


@router.post(f"{_APPLICATION}/contact", responses=document(*_SIGN_IN, ApplicationNotFound))
async def see_contact(
    *,
    application_id: UUID,
    request: Request,
    response: Response,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> ContactOut:
    """Whom to call about an application, in full; that you looked is kept."""
    response.headers["Cache-Control"] = "no-store"
    contact = await applications.whom_to_call(
        tx,
        application_id=application_id,
        officer_id=officer.id,
        vault=request.app.state.vault,
        now=now,
    )
    return ContactOut.of(contact)


@router.post(
    f"{_APPLICATION}/check",
    responses=document(*_SIGN_IN, ApplicationNotFound, WrongMerchantState, MerchantCodeTaken),
)
async def check_application(
    application_id: UUID, body: ApplicationCheckIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> ProposedOut:
    """Say what was found; another officer approves the proposal that this makes."""
    proposal_id = await check.check(
        tx,
        application_id=application_id,
        code=body.code,
        notes=body.notes,
        officer_id=officer.id,
        now=now,
    )
    return ProposedOut(proposal_id=proposal_id)


@router.post(
    f"{_APPLICATION}/refuse",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, ApplicationNotFound, WrongMerchantState),
)
async def refuse_application(
    application_id: UUID, body: StandingReasonIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> None:
    """Turn an application down; the applicant reads the reason and may apply anew."""
    await check.refuse(
        tx, application_id=application_id, reason=body.reason, officer_id=officer.id, now=now
    )


@router.get("/merchants", responses=document(*_SIGN_IN, BadCursor))
async def list_merchants(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    state: Annotated[MerchantState | None, Query(description="How they stand.")] = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> MerchantPage:
    """Merchants, the first known first."""
    found = await directory.page(tx, after=cursors.after_id(cursor), state=state, limit=limit + 1)
    page = found[:limit]
    return MerchantPage(
        items=[MerchantOut.of(each) for each in page],
        next_cursor=cursors.more(len(found), limit, *(str(each.id) for each in page[-1:])),
    )


@router.get(_MERCHANT, responses=document(*_SIGN_IN, MerchantNotFound))
async def show_merchant(merchant_id: UUID, officer: CurrentOfficer, tx: ReadTx) -> MerchantDetail:
    """One merchant with its history."""
    merchant = await directory.by_id(tx, merchant_id=merchant_id)
    steps = await history.of(tx, subject=merchant_id)
    return MerchantDetail(
        merchant=MerchantOut.of(merchant), history=[TransitionOut.of(each) for each in steps]
    )


@router.post(
    f"{_MERCHANT}/suspend",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_SIGN_IN, MerchantNotFound, WrongMerchantState),
)
async def suspend_merchant(
    merchant_id: UUID, body: StandingReasonIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> None:
    """Stop a merchant at once. One officer is enough: harm does not wait for a second."""
    await standing.suspend(
        tx, merchant_id=merchant_id, reason=body.reason, officer_id=officer.id, now=now
    )


@router.post(
    f"{_MERCHANT}/resume",
    responses=document(*_SIGN_IN, MerchantNotFound, WrongMerchantState),
)
async def resume_merchant(
    merchant_id: UUID, body: StandingReasonIn, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> ProposedOut:
    """Propose that a suspended merchant goes on; another officer approves."""
    proposal_id = await standing.resume(
        tx, merchant_id=merchant_id, reason=body.reason, officer_id=officer.id, now=now
    )
    return ProposedOut(proposal_id=proposal_id)


@router.post(
    f"{_MERCHANT}/managers",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_SIGN_IN, MerchantNotFound, ManagerThere),
)
async def invite_first_manager(
    *,
    merchant_id: UUID,
    body: ManagerIn,
    response: Response,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> InvitationOut:
    """Invite a merchant's first manager; whoever accepts makes the merchant active."""
    response.headers["Cache-Control"] = "no-store"
    invited = await invite.invite_manager(
        tx,
        merchant_id=merchant_id,
        name=body.name,
        actor=history.officer(officer.id),
        now=now,
    )
    return InvitationOut.of(invited)


@router.post(
    f"{_MERCHANT}/payout-account",
    responses=document(*_SIGN_IN, WrongOffice, ApplicationNotFound),
)
async def see_payout_account(
    *,
    merchant_id: UUID,
    request: Request,
    response: Response,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> ContactOut:
    """Where a merchant is paid, in full; for finance officers, and that they looked is kept."""
    response.headers["Cache-Control"] = "no-store"
    application_id = await applications.of_merchant(tx, merchant_id=merchant_id)
    await officers.ensure_role(tx, officer_id=officer.id, role=officers.FINANCE)
    vault = request.app.state.vault
    contact = await applications.payout_account(
        tx, application_id=application_id, officer_id=officer.id, vault=vault, now=now
    )
    paid_at = await accounts.masked(tx, merchant_ids=[merchant_id], vault=vault, now=now)
    whole = await accounts.in_full(
        tx,
        payees={merchant_id: paid_at[merchant_id].id},
        officer_id=officer.id,
        subject=f"merchant:{merchant_id}",
        vault=vault,
        now=now,
    )
    return ContactOut.paid_at(contact, whole[merchant_id])
