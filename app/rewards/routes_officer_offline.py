"""For officers: coupons that tills took without network and that were not honoured."""

from fastapi import APIRouter

from app.database import ReadTx
from app.pages import BadCursor, Cursor, Limit, cursor_of
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CurrentOfficer, Documented
from app.problems import document
from app.rewards import cursors, offline_read
from app.rewards.offline_schemas import ConflictPage, ConflictView

router = APIRouter(prefix="/admin", tags=["rewards"], dependencies=[Documented])


@router.get("/offline-conflicts", responses=document(NotSignedIn, WrongAudience, BadCursor))
async def list_all_conflicts(
    *, officer: CurrentOfficer, tx: ReadTx, limit: Limit = 20, cursor: Cursor = None
) -> ConflictPage:
    """Of every merchant, the newest first."""
    found = await offline_read.conflicts(
        tx, merchant_id=None, before=cursors.id_in(cursor), limit=limit + 1
    )
    page = found[:limit]
    return ConflictPage(
        items=[ConflictView.of(each) for each in page],
        next_cursor=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )
