"""Providers: admit one, find one."""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx
from app.intake.errors import ProviderNotFound


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider whose records are taken."""

    id: int
    code: str
    name_zh: str
    name_en: str
    proof: str


async def by_code(tx: Tx, *, code: str) -> ProviderView:
    """The provider with this code.

    Raises:
        ProviderNotFound: unknown, or suspended.

    """
    row = await (await tx.execute(_FIND, (code,))).fetchone()
    if row is None:
        raise ProviderNotFound(
            f"No provider `{code}` is admitted.", f"没有已准入的数据提供方 {code}。"
        )
    return ProviderView(*row)


async def codes(tx: Tx) -> dict[int, str]:
    """Every provider's code by its number."""
    rows = await tx.execute("SELECT id, code FROM provider")
    return {number: code async for number, code in rows}


async def admit(
    tx: Tx, *, code: str, name_zh: str, name_en: str, now: datetime, proof: str = "none"
) -> ProviderView:
    """Admit a provider, or return the one that has this code already.

    Args:
        tx: the caller's transaction.
        code: its name in addresses.
        name_zh: for citizens.
        name_en: for citizens.
        now: when (UTC).
        proof: how its cards are proved to be somebody's (`app.people.proofs`).

    """
    await tx.execute(_ADMIT, (code, name_zh, name_en, now, proof))
    return await by_code(tx, code=code)


_FIND = """
SELECT id, code, name_zh, name_en, proof FROM provider WHERE code = %s AND suspended_at IS NULL
"""
_ADMIT = """
INSERT INTO provider (id, code, name_zh, name_en, created_at, proof)
SELECT nextval('provider_number'), %s, %s, %s, %s, %s ON CONFLICT (code) DO NOTHING
"""
