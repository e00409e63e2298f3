"""What officers ask about purchases: whose points paid for them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from app.database import ReadTx
from app.inputs import Day
from app.ledger import attribution
from app.ledger.schemas_books import AttributionView
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.rewards import paid
from app.rewards.errors import PurchaseUnclear

router = APIRouter(prefix="/admin/ledger", tags=["ledger"], dependencies=[Documented])


@router.get("/attribution", responses=document(NotSignedIn, WrongAudience, PurchaseUnclear))
async def read_attribution(
    *,
    officer: CurrentOfficer,
    tx: ReadTx,
    redemption_id: Annotated[UUID | None, Query(description="One coupon.")] = None,
    merchant_id: Annotated[UUID | None, Query(description="A merchant, with `day`.")] = None,
    day: Annotated[
        Day | None,
        Query(description="The merchant's civil day, with `merchant_id`.", examples=["2026-03-01"]),
    ] = None,
) -> AttributionView:
    """Which sponsor's points paid for a coupon, or for a merchant's day, to the point."""
    if redemption_id is not None and merchant_id is None and day is None:
        parts = await paid.for_redemption(tx, redemption_id=redemption_id)
    elif redemption_id is None and merchant_id is not None and day is not None:
        parts = await paid.for_merchant(tx, merchant_id=merchant_id, day=day)
    else:
        raise PurchaseUnclear(
            "Send either `redemption_id`, or `merchant_id` and `day`.",
            "请提供 redemption_id,或同时提供 merchant_id 与 day。",
        )
    return AttributionView.of(await attribution.sources(tx, parts=parts), parts)
