"""Door: every provider whose records are taken, by name."""

from dataclasses import dataclass

from app.database import Tx


@dataclass(frozen=True, slots=True)
class Admitted:
    """What everybody may know of a provider."""

    id: int
    code: str
    name_zh: str
    name_en: str


async def admitted(tx: Tx) -> list[Admitted]:
    """Every provider that is not suspended, by its Chinese name."""
    return [Admitted(*row) async for row in await tx.execute(_ADMITTED)]


_ADMITTED = """
SELECT id, code, name_zh, name_en FROM provider WHERE suspended_at IS NULL ORDER BY name_zh, id
"""
