"""Changes of your own bank account: you are told at once, and may object while it waits."""

from uuid import UUID

from fastapi import APIRouter, Request, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.merchants import account_changes, change_account
from app.merchants.errors import AccountChangeNotFound, WrongAccountState
from app.merchants.schemas_accounts import AccountChangeOut, AccountChanges
from app.people.errors import NotSignedIn, WrongAudience, WrongRole
from app.people.guards import Accountants, CurrentMerchant, Documented, Managers
from app.problems import document, in_english

router = APIRouter(
    prefix="/merchant/payout-account-changes", tags=["merchants"], dependencies=[Documented]
)

_SIGN_IN = (NotSignedIn, WrongAudience, WrongRole)


@router.get("", dependencies=[Accountants], responses=document(*_SIGN_IN))
async def list_own_account_changes(
    request: Request, merchant: CurrentMerchant, tx: ReadTx, now: Now
) -> AccountChanges:
    """What is to become, or became, of your bank account, with a sentence about each change."""
    found = await account_changes.of(
        tx, merchant_id=merchant.id, vault=request.app.state.vault, now=now
    )
    english = in_english(request)
    return AccountChanges(items=[AccountChangeOut.of(each, english=english) for each in found])


@router.post(
    "/{change_id}/object",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Managers],
    responses=document(*_SIGN_IN, AccountChangeNotFound, WrongAccountState),
)
async def object_to_account(
    change_id: UUID, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> None:
    """You did not ask for this: nothing is ever paid there. Possible until the first payment."""
    await change_account.stop(
        tx, merchant_id=merchant.id, change_id=change_id, actor=merchant.actor, now=now
    )
