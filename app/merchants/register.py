"""Use cases: admit a merchant, and give it the counter-account that is its own."""

from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.ledger import contra
from app.merchants import directory, history
from app.merchants.directory import MerchantView
from app.merchants.errors import MerchantCodeTaken
from app.merchants.tables import MerchantState

log = structlog.get_logger()


async def register(
    tx: Tx,
    *,
    code: str,
    name_zh: str,
    name_en: str,
    category: str,
    district_code: str,
    now: datetime,
) -> MerchantView:
    """Make a merchant known and active, without an application: the programme's own counter.

    The same code again returns the same merchant, unchanged.

    Args:
        tx: the caller's transaction.
        code: the programme's short name for it, at most 40 characters.
        name_zh: what the sign says, at most 80 characters.
        name_en: the same in English.
        category: what it sells, at most 20 characters.
        district_code: six digits (GB/T 2260).
        now: when (UTC).

    """
    row = {
        "id": new_id(),
        "code": code,
        "name_zh": name_zh,
        "name_en": name_en,
        "category": category,
        "district_code": district_code,
        "state": MerchantState.active.value,
        "activated_at": now,
        "application_id": None,
        "now": now,
    }
    added = await tx.execute(_REGISTER, row)
    merchant = await directory.by_code(tx, code=code)
    if added.rowcount == 1:
        await _keep(tx, merchant, "process:register", "known without an application", now)
    return merchant


async def admit(
    tx: Tx,
    *,
    application_id: UUID,
    code: str,
    name_zh: str,
    name_en: str,
    category: str,
    district_code: str,
    actor: str,
    reason: str,
    now: datetime,
) -> MerchantView:
    """Make the merchant of an approved application; it is active once its manager has come.

    Raises:
        MerchantCodeTaken: another merchant has the code.

    """
    row = {
        "id": new_id(),
        "code": code,
        "name_zh": name_zh,
        "name_en": name_en,
        "category": category,
        "district_code": district_code,
        "state": MerchantState.approved.value,
        "activated_at": None,
        "application_id": application_id,
        "now": now,
    }
    added = await tx.execute(_REGISTER, row)
    if added.rowcount == 0:
        raise code_taken(code)
    merchant = await directory.by_code(tx, code=code)
    await _keep(tx, merchant, actor, reason, now)
    return merchant


def code_taken(code: str) -> MerchantCodeTaken:
    """The refusal of a short name that another merchant has."""
    return MerchantCodeTaken(
        f"Another merchant has the code `{code}`.", f"商户代码 {code} 已被占用。"
    )


async def _keep(tx: Tx, merchant: MerchantView, actor: str, reason: str, now: datetime) -> None:
    assert merchant.contra >= contra.FIRST_MERCHANT, "numbers below belong to the programme"
    await history.keep(
        tx,
        kind="merchant",
        subject=merchant.id,
        was=history.NEW,
        state=merchant.state,
        actor=actor,
        reason=reason,
        facts={"contra": merchant.contra},
        now=now,
    )
    log.info("merchant_registered", merchant_id=str(merchant.id), contra=merchant.contra)


# A known code takes no number from the sequence; of two first comers at once, one number is
# lost with the loser's row, and a gap hurts nobody.
_REGISTER = """
INSERT INTO merchant (id, code, contra, name_zh, name_en, category, district_code, created_at,
                      state, activated_at, application_id)
SELECT %(id)s, %(code)s::text, nextval('merchant_number'), %(name_zh)s, %(name_en)s, %(category)s,
       %(district_code)s, %(now)s, %(state)s, %(activated_at)s::timestamptz,
       %(application_id)s::uuid
 WHERE NOT EXISTS (SELECT FROM merchant WHERE code = %(code)s::text)
ON CONFLICT (code) DO NOTHING
"""
