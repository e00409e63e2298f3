"""Use case: admit a merchant, and give it the counter-account that is its own."""

from datetime import datetime

import structlog

from app.database import Tx
from app.ids import new_id
from app.ledger import contra
from app.merchants import directory
from app.merchants.directory import MerchantView

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
    """Make a merchant known; the same code again returns the same merchant, unchanged.

    Args:
        tx: the caller's transaction.
        code: the programme's short name for it, at most 40 characters.
        name_zh: what the sign says, at most 80 characters.
        name_en: the same in English.
        category: what it sells, at most 20 characters.
        district_code: six digits (GB/T 2260).
        now: when (UTC).

    """
    added = await tx.execute(
        _REGISTER,
        {
            "id": new_id(),
            "code": code,
            "name_zh": name_zh,
            "name_en": name_en,
            "category": category,
            "district_code": district_code,
            "now": now,
        },
    )
    merchant = await directory.by_code(tx, code=code)
    assert merchant.contra >= contra.FIRST_MERCHANT, "numbers below belong to the programme"
    if added.rowcount == 1:
        log.info("merchant_registered", merchant_id=str(merchant.id), contra=merchant.contra)
    return merchant


# A known code takes no number from the sequence; of two first comers at once, one number is
# lost with the loser's row, and a gap hurts nobody.
_REGISTER = """
INSERT INTO merchant (id, code, contra, name_zh, name_en, category, district_code, created_at)
SELECT %(id)s, %(code)s::text, nextval('merchant_number'), %(name_zh)s, %(name_en)s, %(category)s,
       %(district_code)s, %(now)s
 WHERE NOT EXISTS (SELECT FROM merchant WHERE code = %(code)s::text)
ON CONFLICT (code) DO NOTHING
"""
