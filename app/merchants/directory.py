"""Door: who a merchant is, and whether it may act. Reads only; one statement each."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from app.database import Tx
from app.merchants.errors import MerchantNotFound, MerchantSuspended


@dataclass(frozen=True, slots=True)
class MerchantView:
    """A shop that takes coupons, the number of its counter-account, and how it stands."""

    id: UUID
    code: str
    contra: int
    name_zh: str
    name_en: str
    category: str
    district_code: str
    state: str


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
        raise not_found()
    return found[merchant_id]


async def by_ids(tx: Tx, *, merchant_ids: Collection[UUID]) -> dict[UUID, MerchantView]:
    """Merchants by id, however many; ids that nobody has are left out."""
    if not merchant_ids:
        return {}
    rows = await tx.execute(_BY_IDS, {"ids": list(set(merchant_ids))})
    return {row[0]: MerchantView(*row) async for row in rows}


async def page(tx: Tx, *, after: UUID | None, state: str | None, limit: int) -> list[MerchantView]:
    """At most ``limit`` merchants, the first known first; for officers."""
    arguments = {"after": after or UUID(int=0), "state": state, "limit": limit}
    return [MerchantView(*row) async for row in await tx.execute(_PAGE, arguments)]


async def active(tx: Tx, *, merchant_id: UUID) -> bool:
    """Whether the merchant may publish and redeem, and may get new redemptions."""
    return merchant_id in await active_among(tx, merchant_ids=[merchant_id])


async def active_among(tx: Tx, *, merchant_ids: Collection[UUID]) -> frozenset[UUID]:
    """Those of the merchants that are active, however many are asked about."""
    if not merchant_ids:
        return frozenset()
    rows = await tx.execute(_ACTIVE, (list(set(merchant_ids)),))
    return frozenset([row[0] async for row in rows])


async def ensure_active(tx: Tx, *, merchant_id: UUID) -> None:
    """Refuse a merchant that is not active.

    Raises:
        MerchantSuspended: it is suspended, or was never active.

    """
    if not await active(tx, merchant_id=merchant_id):
        raise suspended()


async def inactive(tx: Tx) -> list[UUID]:
    """Merchants that may not act at present: few, so lists leave out what is theirs."""
    return [row[0] async for row in await tx.execute(_INACTIVE)]


def suspended() -> MerchantSuspended:
    """The one refusal for what a merchant that is not active was asked for."""
    return MerchantSuspended(
        "This merchant is not active; nothing of it can be published, claimed or redeemed.",
        "该商户未处于启用状态,暂不能发布、兑换或核销。",
    )


def not_found() -> MerchantNotFound:
    """The one refusal for an id that nobody has."""
    return MerchantNotFound("No merchant has this id.", "没有该编号的商户。")


_COLUMNS = """
SELECT id, code, contra, name_zh, name_en, category, district_code, state FROM merchant
"""
_BY_CODE = f"{_COLUMNS} WHERE code = %s"
_BY_IDS = f"{_COLUMNS} WHERE id = ANY (%(ids)b::uuid[])"
_PAGE = f"""{_COLUMNS}
 WHERE id > %(after)s AND (%(state)s::text IS NULL OR state = %(state)s)
 ORDER BY id LIMIT %(limit)s
"""
_INACTIVE = "SELECT id FROM merchant WHERE state <> 'active'"
_ACTIVE = "SELECT id FROM merchant WHERE id = ANY (%s::uuid[]) AND state = 'active'"
