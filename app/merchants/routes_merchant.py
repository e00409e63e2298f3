"""A merchant's own stores, tills and people. Of other merchants there is nothing here: 404."""

from datetime import timedelta
from uuid import UUID

from fastapi import APIRouter, Request, Response, status

from app.clock import Now
from app.database import ReadTx, WriteTx
from app.merchants import (
    accounts,
    cursors,
    directory,
    equip,
    invite,
    keep_store,
    staff,
    stores,
    tills,
)
from app.merchants.errors import (
    LastManager,
    MerchantNotFound,
    StaffNotFound,
    StoreCodeTaken,
    StoreNotFound,
    TillNotFound,
    TillRevoked,
)
from app.merchants.schemas import (
    RotateIn,
    StoreIn,
    StoreOut,
    StorePage,
    TillIn,
    TillKeyOut,
    TillOut,
    TillPage,
)
from app.merchants.schemas_people import (
    InvitationOut,
    MerchantProfileOut,
    StaffIn,
    StaffOut,
    StaffPage,
)
from app.pages import BadCursor, Cursor, Limit
from app.people.errors import NotSignedIn, WrongAudience, WrongRole
from app.people.guards import CurrentMerchant, Documented, Everybody, Managers, MerchantTx
from app.problems import document

router = APIRouter(prefix="/merchant", tags=["merchants"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience, WrongRole)
_NO_STORE = {"Cache-Control": "no-store"}


@router.get("/profile", dependencies=[Everybody], responses=document(*_SIGN_IN, MerchantNotFound))
async def profile(
    request: Request, merchant: CurrentMerchant, tx: ReadTx, now: Now
) -> MerchantProfileOut:
    """Who you are, how you stand, and what your token may do."""
    found = await directory.by_id(tx, merchant_id=merchant.id)
    paid_at = await accounts.masked(
        tx, merchant_ids=[merchant.id], vault=request.app.state.vault, now=now
    )
    facts = {name: getattr(found, name) for name in found.__dataclass_fields__}
    return MerchantProfileOut.model_validate(
        {name: value for name, value in facts.items() if name not in {"id", "contra"}}
        | {
            "merchant_id": found.id,
            "payout_account": paid_at[merchant.id].bank_account if paid_at else None,
            "role": merchant.seat.role,
            "store_id": merchant.seat.store_id,
            "till_id": merchant.seat.till_id,
        }
    )


@router.get("/stores", dependencies=[Everybody], responses=document(*_SIGN_IN, BadCursor))
async def list_own_stores(
    merchant: CurrentMerchant, tx: MerchantTx, limit: Limit = 20, cursor: Cursor = None
) -> StorePage:
    """Your stores, open and closed."""
    found = await stores.page(
        tx, merchant_id=merchant.id, after=cursors.after_id(cursor), limit=limit + 1
    )
    page = found[:limit]
    return StorePage(
        items=[StoreOut.of(each) for each in page],
        next_cursor=cursors.more(len(found), limit, *(str(each.id) for each in page[-1:])),
    )


@router.get(
    "/stores/{store_id}", dependencies=[Everybody], responses=document(*_SIGN_IN, StoreNotFound)
)
async def own_store(store_id: UUID, merchant: CurrentMerchant, tx: MerchantTx) -> StoreOut:
    """One of your stores."""
    return StoreOut.of(await stores.own(tx, merchant_id=merchant.id, store_id=store_id))


@router.post(
    "/stores",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Managers],
    responses=document(*_SIGN_IN, MerchantNotFound, StoreCodeTaken),
)
async def open_store(body: StoreIn, merchant: CurrentMerchant, tx: WriteTx, now: Now) -> StoreOut:
    """Open a store. Sending the same again is safe: it is the same store."""
    store = await keep_store.add(
        tx, merchant_id=merchant.id, place=body.place(), actor=merchant.actor, now=now
    )
    return StoreOut.of(store)


@router.put(
    "/stores/{store_id}",
    dependencies=[Managers],
    responses=document(*_SIGN_IN, StoreNotFound, StoreCodeTaken),
)
async def change_store(
    store_id: UUID, body: StoreIn, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> StoreOut:
    """Replace what is said about a store; `state` closes it and opens it again."""
    store = await keep_store.change(
        tx,
        merchant_id=merchant.id,
        store_id=store_id,
        place=body.place(),
        actor=merchant.actor,
        now=now,
    )
    return StoreOut.of(store)


@router.post(
    "/stores/{store_id}/tills",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Managers],
    responses=document(*_SIGN_IN, StoreNotFound, StoreCodeTaken),
)
async def issue_till(
    *,
    store_id: UUID,
    body: TillIn,
    response: Response,
    merchant: CurrentMerchant,
    tx: WriteTx,
    now: Now,
) -> TillKeyOut:
    """Put a till into a store; its key is shown this once. An answer that was lost: rotate."""
    response.headers.update(_NO_STORE)
    issued = await equip.issue(
        tx,
        merchant_id=merchant.id,
        store_id=store_id,
        code=body.code,
        label=body.label,
        actor=merchant.actor,
        now=now,
    )
    return TillKeyOut.of(issued)


@router.get("/tills", dependencies=[Managers], responses=document(*_SIGN_IN, BadCursor))
async def list_tills(
    *, merchant: CurrentMerchant, tx: MerchantTx, now: Now, limit: Limit = 20, cursor: Cursor = None
) -> TillPage:
    """Your tills, with the prefixes of the keys that open them; never the keys."""
    found = await tills.page(
        tx, merchant_id=merchant.id, after=cursors.after_id(cursor), limit=limit + 1, now=now
    )
    page = found[:limit]
    return TillPage(
        items=[TillOut.of(each) for each in page],
        next_cursor=cursors.more(len(found), limit, *(str(each.id) for each in page[-1:])),
    )


@router.post(
    "/tills/{till_id}/rotate",
    dependencies=[Managers],
    responses=document(*_SIGN_IN, TillNotFound, TillRevoked),
)
async def rotate_key(
    *,
    till_id: UUID,
    body: RotateIn,
    response: Response,
    merchant: CurrentMerchant,
    tx: WriteTx,
    now: Now,
) -> TillKeyOut:
    """Give a till a new key; the old one stays good for the overlap, at most an hour."""
    response.headers.update(_NO_STORE)
    issued = await equip.rotate(
        tx,
        merchant_id=merchant.id,
        till_id=till_id,
        overlap=timedelta(minutes=body.overlap_minutes),
        actor=merchant.actor,
        now=now,
    )
    return TillKeyOut.of(issued)


@router.post(
    "/tills/{till_id}/revoke",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Managers],
    responses=document(*_SIGN_IN, TillNotFound, TillRevoked),
)
async def revoke_till(till_id: UUID, merchant: CurrentMerchant, tx: WriteTx, now: Now) -> None:
    """Close a till for ever; its tokens die within two seconds."""
    await equip.revoke(tx, merchant_id=merchant.id, till_id=till_id, actor=merchant.actor, now=now)


@router.get("/staff", dependencies=[Managers], responses=document(*_SIGN_IN, BadCursor))
async def list_staff(
    merchant: CurrentMerchant, tx: MerchantTx, limit: Limit = 20, cursor: Cursor = None
) -> StaffPage:
    """Your people."""
    found = await staff.page(
        tx, merchant_id=merchant.id, after=cursors.after_id(cursor), limit=limit + 1
    )
    page = found[:limit]
    return StaffPage(
        items=[StaffOut.of(each) for each in page],
        next_cursor=cursors.more(len(found), limit, *(str(each.id) for each in page[-1:])),
    )


@router.post(
    "/staff",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Managers],
    responses=document(*_SIGN_IN, MerchantNotFound),
)
async def invite_staff(
    body: StaffIn, response: Response, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> InvitationOut:
    """Invite somebody; the code is shown this once and is good for a week."""
    response.headers.update(_NO_STORE)
    invited = await invite.invite(
        tx, merchant_id=merchant.id, name=body.name, role=body.role, actor=merchant.actor, now=now
    )
    return InvitationOut.of(invited)


@router.post(
    "/staff/{staff_id}/invite",
    dependencies=[Managers],
    responses=document(*_SIGN_IN, StaffNotFound),
)
async def invite_staff_again(
    staff_id: UUID, response: Response, merchant: CurrentMerchant, tx: WriteTx, now: Now
) -> InvitationOut:
    """A new code for somebody who lost theirs; the old one dies."""
    response.headers.update(_NO_STORE)
    invited = await invite.invite_again(
        tx, merchant_id=merchant.id, staff_id=staff_id, actor=merchant.actor, now=now
    )
    return InvitationOut.of(invited)


@router.post(
    "/staff/{staff_id}/remove",
    status_code=status.HTTP_204_NO_CONTENT,
    dependencies=[Managers],
    responses=document(*_SIGN_IN, StaffNotFound, LastManager),
)
async def remove_staff(staff_id: UUID, merchant: CurrentMerchant, tx: WriteTx, now: Now) -> None:
    """Let somebody go; their tokens die within two seconds."""
    await invite.remove(
        tx, merchant_id=merchant.id, staff_id=staff_id, actor=merchant.actor, now=now
    )
