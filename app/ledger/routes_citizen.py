"""A citizen's wallet, today and at a past moment; the statement; donations."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response, status

from app import idempotency
from app.cache import TooManyRequests
from app.clock import Now
from app.database import ReadTx, WriteTx
from app.idempotency import IdempotencyKey, once
from app.ids import new_id
from app.inputs import Moment
from app.ledger import balances, history, seal_proof, statement, units
from app.ledger.donate import Donation, donate
from app.ledger.errors import (
    InsufficientPoints,
    MomentUnclear,
    PoolNotFound,
    UnitNotFound,
)
from app.ledger.schemas import (
    DonationView,
    LineView,
    MakeDonation,
    PastBalance,
    StatementPage,
    WalletView,
    wallet_json,
)
from app.ledger.schemas_books import ProofView
from app.ledger.seal_errors import EntryNotFound, EntryNotSealed
from app.ledger.units import ORDINARY
from app.pages import UNCHANGED, BadCursor, Cursor, Limit, PersonalRoute, cursor_of, key_of, knows
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import CitizenTx, CurrentCitizen, Documented
from app.plain import PlainRoute
from app.problems import document

router = APIRouter(prefix="/me", tags=["me"], dependencies=[Documented], route_class=PersonalRoute)
hot = APIRouter(prefix="/me", tags=["me"], dependencies=[Documented], route_class=PlainRoute)
"""What everybody's phone asks all day."""

_SIGN_IN = (NotSignedIn, WrongAudience)
Unit = Annotated[str, Query(max_length=40, description="The unit's code.", examples=["points"])]


async def _within_limit(request: Request, citizen: CurrentCitizen) -> None:
    """Counted before a connection is taken, so a flood holds none."""
    per_minute = request.app.state.settings.limits.citizen_writes_per_minute
    await request.app.state.cache.allow(f"citizen:{citizen.account_id}", per_minute=per_minute)


@hot.get("/wallet", response_model=WalletView, responses=UNCHANGED)
async def read_wallet(request: Request, citizen: CurrentCitizen) -> Response:
    """The caller's points: available, held, and what expires when; ordinary points first."""
    async with request.app.state.database.reading_as(account_id=citizen.account_id) as tx:
        wallet = await balances.wallet(tx, account_id=citizen.account_id)
    seen = (f"{each.version}.{each.held}.{each.consumed}" for each in wallet.values())
    headers = {"ETag": f'"{"-".join(seen) or "0.0.0"}"', "Cache-Control": "private, no-cache"}
    if knows(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(wallet_json(wallet), headers=headers, media_type="application/json")


@router.get("/wallet/at", responses=document(*_SIGN_IN, MomentUnclear, UnitNotFound))
async def read_past_wallet(
    *,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    known_at: Annotated[
        Moment | None, Query(description="As it was known then: what had been booked.")
    ] = None,
    effective_at: Annotated[
        Moment | None, Query(description="As it was in effect then: what had happened.")
    ] = None,
    unit: Unit = ORDINARY,
) -> PastBalance:
    """The caller's points at a past moment, by knowledge or by effect; held ones are included."""
    if (known_at is None) == (effective_at is None):
        raise MomentUnclear(
            "Ask either for what was known at a moment, or for what counted then.",
            "请在“当时已知”与“当时生效”两种时点中选择一种。",
        )
    kind, me = await units.unit(tx, code=unit), citizen.account_id
    if known_at is not None:
        points = await history.known_at(tx, account_id=me, at=known_at, unit=kind.id)
    else:
        at: datetime = effective_at  # type: ignore[assignment]
        points = await history.effective_at(tx, account_id=me, at=at, unit=kind.id)
    return PastBalance(
        unit=unit,
        balance=points,
        held_included=True,
        known_at=known_at,
        effective_at=effective_at,
    )


@router.get("/statement", responses=document(BadCursor, UnitNotFound))
async def read_statement(
    *,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    cursor: Cursor = None,
    limit: Limit = 20,
    unit: Unit = ORDINARY,
) -> StatementPage:
    """The caller's entries, newest first; pages put together are the whole statement."""
    before_seq = int(key_of(cursor, int)[0]) if cursor else None
    number = units.POINTS if unit == ORDINARY else (await units.unit(tx, code=unit)).id
    lines = await statement.page(
        tx, account_id=citizen.account_id, before_seq=before_seq, limit=limit, unit=number
    )
    more = len(lines) == limit and lines[-1].seq > 1
    return StatementPage(
        items=[LineView.of(line) for line in lines],
        next_cursor=cursor_of(lines[-1].seq) if more else None,
    )


@router.get(
    "/statement/{seq}/proof",
    responses=document(*_SIGN_IN, EntryNotFound, EntryNotSealed, UnitNotFound),
)
async def read_proof(
    *,
    seq: Annotated[int, Path(ge=1, lt=2**31, description="The entry's number.", examples=[42])],
    citizen: CurrentCitizen,
    tx: ReadTx,  # other people's entries stand beside the caller's; they leave as hashes
    unit: Unit = ORDINARY,
) -> ProofView:
    """The proof that one entry stands in the sealed book as it did when it was sealed."""
    number = units.POINTS if unit == ORDINARY else (await units.unit(tx, code=unit)).id
    return ProofView.of(
        await seal_proof.proof(tx, account_id=citizen.account_id, unit=number, seq=seq)
    )


@router.post(
    "/donations",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(_within_limit)],
    responses=document(
        *_SIGN_IN, PoolNotFound, InsufficientPoints, TooManyRequests, *idempotency.ERRORS
    ),
)
async def make_donation(
    *, body: MakeDonation, citizen: CurrentCitizen, key: IdempotencyKey, tx: WriteTx, now: Now
) -> DonationView:
    """Give points to a pool, at once and for good; the answer names the certificate."""
    me = citizen.account_id

    async def giving() -> dict[str, Any]:
        given = Donation(me, body.points, body.pool, new_id())
        await donate(tx, donations=[given], now=now)
        view = DonationView(
            certificate_id=given.ref, pool=body.pool, points=body.points, donated_at=now
        )
        return view.model_dump(mode="json")

    made = await once(tx, account_id=me, key=key, route="donate", body=body, effect=giving, now=now)
    return DonationView.model_validate(made)
