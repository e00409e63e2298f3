"""What officers do with the book: read it, propose adjustments; others approve them."""

from datetime import timedelta

from fastapi import APIRouter, Request, status

from app.approvals.errors import PayloadUnreadable
from app.approvals.propose import propose
from app.clock import Now
from app.database import Database, ReadTx, WriteTx
from app.ids import new_id
from app.ledger import liability, officer_adjust, trial, units
from app.ledger.errors import AccountNotFound, UnitNotFound
from app.ledger.schemas import AdjustmentProposed, MakeAdjustment
from app.ledger.schemas_books import LiabilityView, TrialView
from app.people import citizens
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document

router = APIRouter(prefix="/admin/adjustments", tags=["ledger"], dependencies=[Documented])
books = APIRouter(prefix="/admin/ledger", tags=["ledger"], dependencies=[Documented])


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    responses=document(
        NotSignedIn, WrongAudience, AccountNotFound, UnitNotFound, PayloadUnreadable
    ),
)
async def propose_adjustment(
    *, body: MakeAdjustment, officer: CurrentOfficer, tx: WriteTx, now: Now
) -> AdjustmentProposed:
    """Propose a correction of one account; nothing is booked before another officer approves."""
    account_id = await citizens.account_of(
        tx, citizen_id=body.citizen_id, account_id=body.account_id
    )
    if account_id is None:
        raise AccountNotFound("No citizen has this account.", "没有该账户的用户。")
    await units.unit(tx, code=body.unit)
    made = await propose(
        tx,
        kind=officer_adjust.KIND,
        payload={
            "account_id": account_id,
            "points": body.points,
            "unit": body.unit,
            "reason_zh": body.reason_zh,
            "reason_en": body.reason_en,
            "ref": str(new_id()),
        },
        reason=body.reason_en,
        officer_id=officer.id,
        now=now,
    )
    return AdjustmentProposed(proposal_id=made)


@books.get("/trial-balance", responses=document(NotSignedIn, WrongAudience))
async def read_trial_balance(officer: CurrentOfficer, tx: ReadTx) -> TrialView:
    """All accounts against all counter-accounts at this moment; they sum to zero."""
    return TrialView.of(await trial.balance(tx))


@books.get("/liability", responses=document(NotSignedIn, WrongAudience))
async def read_liability(officer: CurrentOfficer, request: Request, now: Now) -> LiabilityView:
    """What is owed to citizens, by the quarter in which it ends, and what was never used."""
    database: Database = request.app.state.database
    # A quarter is over when its last day has ended everywhere on earth.
    today = (now - timedelta(hours=12)).date()
    async with database.snapshot() as tx:
        return LiabilityView.of(await liability.liability(tx, today=today))
