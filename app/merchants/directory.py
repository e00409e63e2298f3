"""Door: who a merchant is. Reads only; one statement each."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from app.database import Tx
from app.merchants.errors import MerchantNotFound


@dataclass(frozen=True, slots=True)
class MerchantView:
    """A shop that takes coupons, and the number of its counter-account."""

    id: UUID
    code: str
    contra: int
    name_zh: str
    name_en: str
    category: str
    district_code: str


async def by_code(tx: Tx, *, code: str) -> MerchantView:
    """The merchant with this code.

    Raises:
        MerchantNotFound: none has it.

    """
    row = await (await tx.execute(_BY_CODE, (code,))).fetchone()
    if row is None:
        raise MerchantNotFound(f"No merchant has the code `{code}`.", f"没有代码为 {code} 的商户。")
    return MerchantView(*row)


async def by_id(tx: Tx, *, merchant_id: UUID) -> MerchantView:
    """The merchant with this id.

    Raises:
        MerchantNotFound: none has it.

    """
    found = await by_ids(tx, merchant_ids=[merchant_id])
    if merchant_id not in found:
        raise MerchantNotFound("No merchant has this id.", "没有该编号的商户。")
    return found[merchant_id]


async def by_ids(tx: Tx, *, merchant_ids: Collection[UUID]) -> dict[UUID, MerchantView]:
    """Merchants by id, however many; ids that nobody has are left out."""
    if not merchant_ids:
        return {}
    rows = await tx.execute(_BY_IDS, {"ids": list(set(merchant_ids))})
    return {row[0]: MerchantView(*row) async for row in rows}


_BY_CODE = """
SELECT id, code, contra, name_zh, name_en, category, district_code
  FROM merchant WHERE code = %s
"""
_BY_IDS = """
SELECT id, code, contra, name_zh, name_en, category, district_code
  FROM merchant WHERE id = ANY (%(ids)b::uuid[])
"""
