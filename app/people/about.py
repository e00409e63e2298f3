"""Door: the little that other rooms may ask about a citizen. Reads only; one statement each."""

from dataclasses import dataclass
from datetime import datetime

from app.database import Tx


@dataclass(frozen=True, slots=True)
class About:
    """Where a citizen lives and since when they are known."""

    district_code: str
    known_since: datetime


async def about(tx: Tx, *, account_id: int) -> About | None:
    """What is known about the citizen behind an account; None when there is nobody."""
    row = await (await tx.execute(_ABOUT, (account_id,))).fetchone()
    return About(*row) if row is not None else None


async def birth_year(tx: Tx, *, account_id: int) -> int | None:
    """In which year somebody was born, if they told us; the one door for it."""
    row = await (await tx.execute(_BIRTH_YEAR, (account_id,))).fetchone()
    return None if row is None else int(row[0])


_BIRTH_YEAR = "SELECT birth_year FROM guardianship WHERE ward_account_id = %s"
_ABOUT = "SELECT district_code, created_at FROM citizen WHERE account_id = %s"
