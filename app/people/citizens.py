"""Read: which account is whose. For officers' work; no hot path asks."""

from uuid import UUID

from app.database import Tx


async def account_of(
    tx: Tx, *, citizen_id: UUID | None = None, account_id: int | None = None
) -> int | None:
    """The account of a citizen, named by id or by the account itself; None for nobody."""
    assert (citizen_id is None) != (account_id is None), "a citizen is named in one way"
    row = await (
        await tx.execute(_ACCOUNT, {"citizen": citizen_id, "account": account_id})
    ).fetchone()
    return None if row is None else int(row[0])


async def citizen_of(tx: Tx, *, account_id: int) -> UUID | None:
    """The id of the citizen behind an account; None for nobody."""
    row = await (await tx.execute(_CITIZEN, (account_id,))).fetchone()
    return None if row is None else UUID(str(row[0]))


_CITIZEN = "SELECT id FROM citizen WHERE account_id = %s"
_ACCOUNT = """
SELECT account_id FROM citizen WHERE id = %(citizen)s::uuid OR account_id = %(account)s::bigint
"""
