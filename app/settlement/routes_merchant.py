"""Settlements, as a merchant's manager or accountant reads them: their own only."""

from typing import Any, Literal

from fastapi import APIRouter, Response

from app.inputs import Day
from app.pages import BadCursor, Cursor, Limit
from app.people.errors import NotSignedIn, WrongAudience, WrongRole
from app.people.guards import Accountants, CurrentMerchant, Documented, MerchantTx
from app.problems import document
from app.settlement import kept, pages
from app.settlement.errors import SettlementNotFound
from app.settlement.schemas import SettlementPage, SettlementView

router = APIRouter(
    prefix="/merchant/settlements", tags=["settlement"], dependencies=[Documented, Accountants]
)

_SIGN_IN = (NotSignedIn, WrongAudience, WrongRole)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}, "application/json": {}}, "description": "The file."}
}


@router.get("", responses=document(*_SIGN_IN, BadCursor))
async def list_own_settlements(
    *, merchant: CurrentMerchant, tx: MerchantTx, limit: Limit = 20, cursor: Cursor = None
) -> SettlementPage:
    """What you are owed and were paid, by business day, the newest first."""
    found = await kept.page(
        tx, merchant_id=merchant.id, day=None, before=pages.id_in(cursor), limit=limit + 1
    )
    page = found[:limit]
    return SettlementPage(
        items=[SettlementView.of(each) for each in page],
        next_cursor=pages.cursor_at(page[-1].id) if len(found) > limit else None,
    )


@router.get(
    "/{day}/{name}",
    response_class=Response,
    responses=document(*_SIGN_IN, SettlementNotFound) | _FILE,
)
async def download_own_settlement(
    day: Day,
    name: Literal["detail.csv", "manifest.json"],
    merchant: CurrentMerchant,
    tx: MerchantTx,
) -> Response:
    """The lines of a business day, or the manifest with their SHA-256; the same bytes for ever."""
    settlement_id = await kept.of_day(tx, merchant_id=merchant.id, day=day)
    content = await kept.file(tx, settlement_id=settlement_id, name=name)
    return pages.download(content, name=f"settlement-{day}-{name}")
