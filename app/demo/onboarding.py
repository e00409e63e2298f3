"""The demo's merchants come in by the front door: apply, two officers, a manager, a store, a till.

The keys of the tills are thrown away, as in life: a manager who needs one rotates it.
"""

from datetime import datetime
from uuid import UUID

from app.approvals.decide import approve
from app.database import Tx
from app.demo import city
from app.demo.shops import SHOPS
from app.main import ACTIONS
from app.merchants import apply, check, directory, equip, history, invite, keep_store
from app.merchants.directory import MerchantView
from app.merchants.errors import MerchantNotFound
from app.people.register import register_officer
from app.people.vault import Vault


async def onboard(tx: Tx, *, vault: Vault, now: datetime) -> dict[str, MerchantView]:
    """Every merchant of the city by its code; those that are there already stay as they are."""
    maker, checker, *_ = [
        await register_officer(tx, name=name, role=role, now=now)
        for name, role in city.OFFICERS.items()
    ]
    return {
        merchant[0]: await _one(tx, merchant, maker=maker, checker=checker, vault=vault, now=now)
        for merchant in city.MERCHANTS
    }


async def _one(
    tx: Tx,
    merchant: tuple[str, str, str, str, str],
    *,
    maker: UUID,
    checker: UUID,
    vault: Vault,
    now: datetime,
) -> MerchantView:
    code, name_zh, name_en, category, district_code = merchant
    try:
        return await directory.by_code(tx, code=code)
    except MerchantNotFound:
        pass
    asked = apply.Asked(
        name_zh=name_zh,
        name_en=name_en,
        credit_code=SHOPS[code].credit_code,
        contact_name="演示 demo",
        phone="000 0000 0000",
        bank_name="演示银行 Demo Bank",
        bank_holder=name_zh,
        bank_account=f"0000 0000 {list(SHOPS).index(code):04}",
        district_code=district_code,
        categories=[category],
        agreement_version=1,
    )
    application_id = await apply.apply(tx, asked=asked, vault=vault, now=now)
    proposal_id = await check.check(
        tx,
        application_id=application_id,
        code=code,
        notes="演示城市 · demo city",
        officer_id=maker,
        now=now,
    )
    await approve(tx, proposal_id=proposal_id, officer_id=checker, actions=ACTIONS, now=now)
    found = await directory.by_code(tx, code=code)
    actor = history.officer(maker)
    invited = await invite.invite_manager(
        tx, merchant_id=found.id, name="店长 manager", actor=actor, now=now
    )
    await invite.accept(tx, code=invited.code, now=now)
    await _equip(tx, found, actor=f"staff:{invited.staff_id}", now=now)
    return await directory.by_code(tx, code=code)


async def _equip(tx: Tx, merchant: MerchantView, *, actor: str, now: datetime) -> None:
    """One store in the merchant's district, with one till."""
    shop = SHOPS[merchant.code]
    place = keep_store.Place(
        code="main",
        name_zh=f"{merchant.name_zh}总店",
        name_en=f"{merchant.name_en}, main store",
        address="演示路 1 号",
        district_code=merchant.district_code,
        latitude=shop.latitude,
        longitude=shop.longitude,
        opening_hours="每天 daily 09:00-21:00",
    )
    store = await keep_store.add(tx, merchant_id=merchant.id, place=place, actor=actor, now=now)
    await equip.issue(
        tx,
        merchant_id=merchant.id,
        store_id=store.id,
        code="till-1",
        label="前台 front desk",
        actor=actor,
        now=now,
    )
