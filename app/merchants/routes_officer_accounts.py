"""Changes of the bank account at which a merchant is paid, as finance officers make them.

Approval is at ``/v1/admin/proposals``; to see an account in full, `routes_officer` has a door.
"""

from uuid import UUID

from fastapi import APIRouter, Request, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.merchants import account_changes, change_account, directory
from app.merchants.errors import AccountChangeWaiting, ApplicationUnsound, MerchantNotFound
from app.merchants.schemas_accounts import (
    AccountProposed,
    ChangeAccount,
    OfficerChangeOut,
    OfficerChanges,
)
from app.people.errors import NotSignedIn, WrongAudience, WrongOffice
from app.people.guards import CurrentOfficer, Documented
from app.problems import document, in_english

router = APIRouter(
    prefix="/admin/merchants/{merchant_id}/payout-account-changes",
    tags=["merchants"],
    dependencies=[Documented],
)

_SIGN_IN = (NotSignedIn, WrongAudience)


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        *_SIGN_IN, WrongOffice, MerchantNotFound, ApplicationUnsound, AccountChangeWaiting
    ),
)
async def propose_account(
    *,
    merchant_id: UUID,
    body: ChangeAccount,
    request: Request,
    officer: CurrentOfficer,
    tx: WriteTx,
    now: Now,
) -> AccountProposed:
    """Write down where a merchant is to be paid; another finance officer approves it."""
    proposed = await change_account.change(
        tx,
        merchant_id=merchant_id,
        wished=body.wished(),
        reason=body.reason,
        officer_id=officer.id,
        vault=request.app.state.vault,
        now=now,
    )
    return AccountProposed.of(proposed)


@router.get("", responses=document(*_SIGN_IN, MerchantNotFound))
async def list_account_changes(
    request: Request, merchant_id: UUID, officer: CurrentOfficer, tx: ReadTx, now: Now
) -> OfficerChanges:
    """Every change of a merchant's account, who made it and who agreed; numbers are masked."""
    await directory.by_id(tx, merchant_id=merchant_id)
    found = await account_changes.of(
        tx, merchant_id=merchant_id, vault=request.app.state.vault, now=now
    )
    english = in_english(request)
    return OfficerChanges(items=[OfficerChangeOut.of(each, english=english) for each in found])
