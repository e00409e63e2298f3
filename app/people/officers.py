"""Door: what an officer is trusted with. Reads only."""

from uuid import UUID

from app.database import Tx
from app.people.errors import WrongOffice
from app.people.offices import Office

FINANCE = "finance"
"""The role that may see a bank account in full."""


async def ensure_role(tx: Tx, *, officer_id: UUID, role: str) -> None:
    """Refuse an officer who has another role.

    Raises:
        WrongOffice: the officer has another role, or is unknown.

    """
    row = await (await tx.execute(_ROLE, (officer_id,))).fetchone()
    if row is None or row[0] != role:
        raise WrongOffice(
            f"Only officers with the role `{role}` may do this.",
            f"该操作仅限 {role} 岗位。",
            role=role,
        )


async def offices_of(tx: Tx, *, officer_id: UUID) -> frozenset[Office]:
    """The office an officer has; none for whoever is unknown or has one of long ago."""
    row = await (await tx.execute(_ROLE, (officer_id,))).fetchone()
    return frozenset({Office(row[0])} if row is not None and row[0] in set(Office) else ())


_ROLE = "SELECT role FROM officer WHERE id = %s"
