"""A citizen's wallet and statement."""

from fastapi import APIRouter, Request, Response

from app.database import ReadTx
from app.ledger import balances, statement
from app.ledger.schemas import LineView, StatementPage, WalletView
from app.pages import BadCursor, Cursor, Limit, cursor_of, key_of
from app.people.guards import CurrentCitizen, Documented
from app.problems import document

router = APIRouter(prefix="/me", tags=["me"], dependencies=[Documented])


@router.get("/wallet")
async def read_wallet(
    request: Request, response: Response, citizen: CurrentCitizen, tx: ReadTx
) -> WalletView:
    """The caller's points: available, held, and what expires when."""
    balance = await balances.balance(tx, account_id=citizen.account_id)
    etag = f'"{balance.version}.{balance.held}.{balance.consumed}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = "private, no-cache"
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=dict(response.headers))  # type: ignore[return-value]
    return WalletView.of(balance)


@router.get("/statement", responses=document(BadCursor))
async def read_statement(
    citizen: CurrentCitizen, tx: ReadTx, cursor: Cursor = None, limit: Limit = 20
) -> StatementPage:
    """The caller's entries, newest first; pages put together are the whole statement."""
    before_seq = int(key_of(cursor, int)[0]) if cursor else None
    lines = await statement.page(
        tx, account_id=citizen.account_id, before_seq=before_seq, limit=limit
    )
    more = len(lines) == limit and lines[-1].seq > 1
    return StatementPage(
        items=[LineView.of(line) for line in lines],
        next_cursor=cursor_of(lines[-1].seq) if more else None,
    )
