"""Payments to merchants: one finance officer proposes, another approves, the bank pays.

The approval itself is the proposal's (`settlement.pay_out`), as everywhere.
"""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.pages import BadCursor, Cursor, Limit
from app.people.errors import NotSignedIn, WrongAudience, WrongOffice
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.settlement import pages, payouts_pay, payouts_read
from app.settlement.errors import (
    BankReferenceUsed,
    NothingToPay,
    PayoutNotFound,
    WrongPayoutState,
)
from app.settlement.payouts import propose_batch
from app.settlement.schemas import (
    MarkPaid,
    MarkReturned,
    PaymentList,
    PaymentView,
    PayoutBatchPage,
    PayoutBatchView,
    PayoutsProposed,
    ProposePayouts,
)

router = APIRouter(prefix="/admin", tags=["settlement"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)
_FINANCE = (*_SIGN_IN, WrongOffice)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/json": {}}, "description": "The file."}
}


@router.post(
    "/payout-batches",
    status_code=status.HTTP_201_CREATED,
    responses=document(*_FINANCE, NothingToPay),
)
async def propose_payouts(
    body: ProposePayouts, request: Request, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> PayoutsProposed:
    """Propose to pay every merchant that is owed something; another finance officer approves."""
    proposed = await propose_batch(
        tx,
        through=body.through,
        reason=body.reason,
        officer_id=officer.id,
        vault=request.app.state.vault,
        now=now,
    )
    return PayoutsProposed.of(proposed)


@router.get("/payout-batches", responses=document(*_SIGN_IN, BadCursor))
async def list_payout_batches(
    *, officer: CurrentOfficer, tx: ReadTx, limit: Limit = 20, cursor: Cursor = None
) -> PayoutBatchPage:
    """Batches of payments, the newest first."""
    found = await payouts_read.batches(tx, before=pages.id_in(cursor), limit=limit + 1)
    page = found[:limit]
    return PayoutBatchPage(
        items=[PayoutBatchView.of(each) for each in page],
        next_cursor=pages.cursor_at(page[-1].id) if len(found) > limit else None,
    )


@router.get("/payout-batches/{batch_id}", responses=document(*_SIGN_IN, PayoutNotFound))
async def list_payouts(batch_id: UUID, officer: CurrentOfficer, tx: ReadTx) -> PaymentList:
    """The payments of a batch and what became of them; accounts are masked."""
    found = await payouts_read.payments(tx, batch_id=batch_id)
    return PaymentList(items=[PaymentView.of(each) for each in found])


@router.post(
    "/payout-batches/{batch_id}/{name}",
    response_class=Response,
    responses=document(*_FINANCE, PayoutNotFound, WrongPayoutState) | _FILE,
)
async def export_payouts(
    *,
    batch_id: UUID,
    request: Request,
    name: Literal["bank.csv", "manifest.json"],
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> Response:
    """The bank's file of an approved batch, or its manifest; that you saw accounts is kept."""
    vault = request.app.state.vault
    made = await payouts_pay.bank_file(
        tx, batch_id=batch_id, officer_id=officer.id, vault=vault, now=now
    )
    content = made.content if name == payouts_pay.BANK_FILE else made.manifest
    return pages.download(content, name=f"payouts-{batch_id}-{name}")


@router.post(
    "/payouts/{payout_id}/paid",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_FINANCE, PayoutNotFound, WrongPayoutState, BankReferenceUsed),
)
async def mark_payout_paid(
    payout_id: UUID, body: MarkPaid, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> None:
    """Note that the bank has paid; the same reference again is fine."""
    await payouts_pay.mark_paid(
        tx,
        payout_id=payout_id,
        bank_reference=body.bank_reference,
        officer_id=officer.id,
        now=now,
    )


@router.post(
    "/payouts/{payout_id}/returned",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=document(*_FINANCE, PayoutNotFound, WrongPayoutState),
)
async def mark_payout_returned(
    payout_id: UUID, body: MarkReturned, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> None:
    """Note that the bank sent it back; its days go into the next batch."""
    await payouts_pay.mark_returned(
        tx, payout_id=payout_id, reason=body.reason, officer_id=officer.id, now=now
    )
