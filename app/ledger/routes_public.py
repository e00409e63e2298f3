"""What anybody may see of the book: the pools, and the published heads of its seals."""

from datetime import date
from typing import cast

from fastapi import APIRouter

from app.database import ReadTx
from app.ledger import rollup, seal_days
from app.ledger.schemas_books import PoolList, PoolView, SealDayPage, SealDayView
from app.pages import BadCursor, Cursor, Limit, cursor_of, key_of
from app.problems import document

router = APIRouter(tags=["ledger"])


@router.get("/pools")
async def list_pools(tx: ReadTx) -> PoolList:
    """The pools that points can be given to, and what they were given; at most minutes old."""
    return PoolList(items=[PoolView.of(each) for each in await rollup.pools(tx)])


@router.get("/log/seals", responses=document(BadCursor))
async def list_seal_days(tx: ReadTx, cursor: Cursor = None, limit: Limit = 20) -> SealDayPage:
    """The head of the book at the end of each day, newest first: keep one, and check us later."""
    before = _day(cursor) if cursor else None
    days = await seal_days.page(tx, before=before, limit=limit + 1)
    more = len(days) > limit
    return SealDayPage(
        items=[SealDayView.of(each) for each in days[:limit]],
        next_cursor=cursor_of(days[limit - 1].day.isoformat()) if more else None,
    )


def _day(cursor: str) -> date:
    """The day in a cursor of ours."""
    try:
        return date.fromisoformat(cast("str", key_of(cursor, str)[0]))
    except ValueError as error:
        raise BadCursor("This cursor was not made by this list.", "该游标不属于此列表。") from error
