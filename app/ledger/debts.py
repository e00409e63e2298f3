"""What accounts owe the programme's reserve after claw-backs. Used under the balances' locks."""

from collections.abc import Collection, Mapping

from app.database import Tx
from app.ledger.units import POINTS


async def debts(tx: Tx, *, account_ids: Collection[int], unit: int = POINTS) -> dict[int, int]:
    """What each account owes, in points; one statement."""
    found = dict.fromkeys(account_ids, 0)
    rows = await tx.execute(_DEBTS, {"accounts": list(found), "unit": unit})
    found |= {account_id: owed async for account_id, owed in rows}
    return found


async def owe(tx: Tx, *, more: Mapping[int, int], cap: int, unit: int) -> None:
    """Set what accounts owe after a claw-back; the caller holds their balances."""
    if not more:
        return
    arguments = {"accounts": list(more), "owed": list(more.values()), "cap": cap, "unit": unit}
    await tx.execute(_OWE, arguments)


async def pay(tx: Tx, *, paid: Mapping[int, int], unit: int) -> None:
    """Lessen what accounts owe by what they paid; the caller holds their balances."""
    arguments = {"accounts": list(paid), "paid": list(paid.values()), "unit": unit}
    done = await tx.execute(_PAY, arguments)
    assert done.rowcount == len(paid), "nobody pays who owes nothing"


_DEBTS = """
SELECT d.account_id, d.owed
  FROM debt d JOIN unnest(%(accounts)b::bigint[]) AS t (a)
    ON d.bucket = (a %% 1024)::smallint AND d.account_id = a AND d.unit = %(unit)s
"""
_OWE = """
INSERT INTO debt AS d (bucket, account_id, unit, owed, cap)
SELECT (a %% 1024)::smallint, a, %(unit)s, owed, greatest(owed, %(cap)s)
  FROM unnest(%(accounts)b::bigint[], %(owed)b::bigint[]) AS t (a, owed) ORDER BY 1, 2
ON CONFLICT (bucket, account_id, unit) DO UPDATE SET owed = EXCLUDED.owed, cap = EXCLUDED.cap
"""
_PAY = """
UPDATE debt d SET owed = d.owed - t.paid
  FROM unnest(%(accounts)b::bigint[], %(paid)b::bigint[]) AS t (a, paid)
 WHERE d.bucket = (a %% 1024)::smallint AND d.account_id = a AND d.unit = %(unit)s
"""
