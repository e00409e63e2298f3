"""Use cases: a merchant's manager opens a store, changes it, closes it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.merchants import standing, stores
from app.merchants.errors import StoreCodeTaken
from app.merchants.stores import StoreView

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """What a manager says about a store; a closed one is listed nowhere and its tills rest."""

    code: str
    name_zh: str
    name_en: str
    address: str
    district_code: str
    latitude: Decimal
    longitude: Decimal
    opening_hours: str
    state: str = "open"


async def add(tx: Tx, *, merchant_id: UUID, place: Place, actor: str, now: datetime) -> StoreView:
    """Open a store; the same again is the same store.

    Args:
        tx: the caller's transaction.
        merchant_id: whose.
        place: what is said about it; its code is the merchant's own number for it.
        actor: who, for the audit.
        now: when (UTC).

    Raises:
        MerchantNotFound: there is no such merchant.
        StoreCodeTaken: the merchant has another store under this code.

    """
    await standing.lock(tx, merchant_id=merchant_id)  # where two of one code wait for each other
    store_id = new_id()
    row = {"id": store_id, "merchant_id": merchant_id, "now": now} | asdict(place)
    added = await tx.execute(_ADD, row)
    if added.rowcount == 0:
        found = await (await tx.execute(_BY_CODE, (merchant_id, place.code))).fetchone()
        assert found is not None, "a code that conflicts is committed"
        first = await stores.own(tx, merchant_id=merchant_id, store_id=found[0])
        if _said(first) != place:
            raise _taken(place.code)
        return first
    return await _kept(tx, merchant_id, store_id, verb="open_store", actor=actor, now=now)


async def change(
    tx: Tx, *, merchant_id: UUID, store_id: UUID, place: Place, actor: str, now: datetime
) -> StoreView:
    """Replace what is said about a store.

    Raises:
        StoreNotFound: the merchant has none with this id.
        StoreCodeTaken: the merchant has another store under this code.

    """
    await standing.lock(tx, merchant_id=merchant_id)
    await stores.own(tx, merchant_id=merchant_id, store_id=store_id)
    row = {"id": store_id, "merchant_id": merchant_id} | asdict(place)
    if await (await tx.execute(_OTHER, row)).fetchone() is not None:
        raise _taken(place.code)
    await tx.execute(_CHANGE, row)
    return await _kept(tx, merchant_id, store_id, verb="change_store", actor=actor, now=now)


async def _kept(
    tx: Tx, merchant_id: UUID, store_id: UUID, *, verb: str, actor: str, now: datetime
) -> StoreView:
    store = await stores.own(tx, merchant_id=merchant_id, store_id=store_id)
    await record(
        tx,
        actor=actor,
        action=f"merchants.{verb}",
        subject=f"store:{store_id}",
        facts={"merchant": str(merchant_id), "code": store.code, "state": store.state},
        now=now,
    )
    log.info("store_kept", store_id=str(store_id), verb=verb)
    return store


def _said(store: StoreView) -> Place:
    facts = {name: getattr(store, name) for name in Place.__dataclass_fields__}
    return Place(**facts)


def _taken(code: str) -> StoreCodeTaken:
    return StoreCodeTaken(
        f"You have another store under the code `{code}`.", f"编号 {code} 已用于其他门店。"
    )


_ADD = """
INSERT INTO store (id, merchant_id, code, name_zh, name_en, address, district_code, latitude,
                   longitude, opening_hours, state, created_at)
VALUES (%(id)s, %(merchant_id)s, %(code)s, %(name_zh)s, %(name_en)s, %(address)s,
        %(district_code)s, %(latitude)s, %(longitude)s, %(opening_hours)s, %(state)s, %(now)s)
ON CONFLICT (merchant_id, code) DO NOTHING
"""
_BY_CODE = "SELECT id FROM store WHERE merchant_id = %s AND code = %s"
_OTHER = """
SELECT FROM store WHERE merchant_id = %(merchant_id)s AND code = %(code)s AND id <> %(id)s
"""
_CHANGE = """
UPDATE store
   SET code = %(code)s, name_zh = %(name_zh)s, name_en = %(name_en)s, address = %(address)s,
       district_code = %(district_code)s, latitude = %(latitude)s, longitude = %(longitude)s,
       opening_hours = %(opening_hours)s, state = %(state)s
 WHERE id = %(id)s AND merchant_id = %(merchant_id)s
"""
