"""Settlements of all merchants, as officers close and reconcile them; who funded what; claims."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AfterValidator

from app.clock import Now
from app.database import Database, ReadTx
from app.inputs import Day
from app.pages import BadCursor, Cursor, Limit
from app.people import officers
from app.people.errors import NotSignedIn, WrongAudience, WrongOffice
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.settlement import close_days, funders, kept, pages, reconcile, sponsors, subsidy
from app.settlement.errors import DayNotOver, SettlementNotFound
from app.settlement.schemas import (
    CloseDays,
    ComparisonView,
    DaysClosed,
    FundedList,
    FundedView,
    Reconciliation,
    SettlementPage,
    SettlementView,
)

router = APIRouter(prefix="/admin", tags=["settlement"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/json": {}}, "description": "The file."}
}
OnDay = Annotated[Day | None, Query(description="Only this day.", examples=["2026-03-01"])]
Month = Annotated[
    str, Path(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="The month.", examples=["2026-03"])
]


def _a_period(text: str) -> str:
    sponsors.period_of(text)
    return text


Period = Annotated[
    str,
    Path(
        pattern=r"^20\d\d-\d\d(-\d\d)?$",
        description="A month, or a business day.",
        examples=["2026-03", "2026-03-01"],
    ),
    AfterValidator(_a_period),
]


@router.get("/settlements", responses=document(*_SIGN_IN, BadCursor))
async def list_settlements(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    day: OnDay = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> SettlementPage:
    """Every merchant's settlements, the newest first."""
    found = await kept.page(
        tx, merchant_id=None, day=day, before=pages.id_in(cursor), limit=limit + 1
    )
    page = found[:limit]
    return SettlementPage(
        items=[SettlementView.of(each) for each in page],
        next_cursor=pages.cursor_at(page[-1].id) if len(found) > limit else None,
    )


@router.post(
    "/settlements",
    responses=document(*_SIGN_IN, WrongOffice, DayNotOver),
)
async def close_business_days(
    request: Request, body: CloseDays, officer: CurrentOfficer, now: Now
) -> DaysClosed:
    """Close business days that are over, without waiting for the worker; repeating it is safe."""
    database: Database = request.app.state.database
    async with database.reading() as tx:
        await officers.ensure_role(tx, officer_id=officer.id, role=officers.FINANCE)
    closed = await close_days.close_through(database, day=body.through, clock=lambda: now)
    return DaysClosed(days=closed)


@router.get(
    "/settlements/{settlement_id}/{name}",
    response_class=Response,
    responses=document(*_SIGN_IN, SettlementNotFound) | _FILE,
)
async def download_settlement(
    settlement_id: UUID,
    name: Literal["detail.csv", "manifest.json"],
    officer: CurrentOfficer,
    tx: ReadTx,
) -> Response:
    """A settlement's file, as its merchant gets it."""
    found = await kept.by_id(tx, settlement_id=settlement_id)
    content = await kept.file(tx, settlement_id=settlement_id, name=name)
    return pages.download(content, name=f"settlement-{found.day}-{found.merchant_id}-{name}")


@router.get("/reconciliation/{day}", responses=document(*_SIGN_IN))
async def reconcile_day(request: Request, day: Day, officer: CurrentOfficer) -> Reconciliation:
    """Whether a closed day agrees with ledger, tills, budgets and payments; must reach zero."""
    database: Database = request.app.state.database
    async with database.snapshot() as tx:
        found = await reconcile.reconcile(tx, day=day)
    return Reconciliation(
        day=day,
        differing=sum(each.differing for each in found),
        comparisons=[ComparisonView.of(each) for each in found],
    )


@router.get("/settlements/funding", responses=document(*_SIGN_IN))
async def list_funding(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    month: Annotated[
        str,
        Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="The month.", examples=["2026-03"]),
    ],
) -> FundedList:
    """Who paid what of a month's closed days: government, merchants, carbon revenue, by budget."""
    first = date.fromisoformat(f"{month}-01")
    found = await funders.funded(tx, from_day=first, to_day=subsidy.last_day(first))
    return FundedList(items=[FundedView.of(each) for each in found])


@router.get(
    "/subsidy-claims/{month}/{name}",
    response_class=Response,
    responses=document(*_SIGN_IN) | _FILE,
)
async def download_claim(
    month: Month,
    name: Literal["claim.csv", "coupons.csv", "manifest.json"],
    officer: CurrentOfficer,
    tx: ReadTx,
) -> Response:
    """What is claimed from the government for a month, by programme and offer, with its proof."""
    parts = await subsidy.claim(tx, month=date.fromisoformat(f"{month}-01"))
    return pages.download(parts[name], name=f"subsidy-{month}-{name}")


@router.get(
    "/sponsor-reports/{period}/{name}",
    response_class=Response,
    responses=document(*_SIGN_IN) | _FILE,
)
async def download_sponsors(
    request: Request,
    period: Period,
    name: Literal["sponsors.csv", "redeemed.csv", "manifest.json"],
    officer: CurrentOfficer,
) -> Response:
    """Whose points paid for what was redeemed: by day and sponsor, or merchant and offer too."""
    database: Database = request.app.state.database
    async with database.snapshot() as tx:
        parts = await sponsors.report(tx, period=period)
    return pages.download(parts[name], name=f"sponsors-{period}-{name}")
