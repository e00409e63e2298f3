"""Use case: whose name this is; a name nobody has makes a new citizen."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.people.present import ensure_present
from app.people.register import CitizenView, citizen, register_newcomer
from app.people.vault import Vault

PHONE, WECHAT, ALIPAY = "phone", "wechat", "alipay"


@dataclass(frozen=True, slots=True, repr=False)
class Name:
    """A kind of name, and the name itself. Never printed."""

    kind: str
    value: str


async def whose(
    tx: Tx, *, names: tuple[Name, ...], vault: Vault, now: datetime
) -> tuple[CitizenView, bool]:
    """The citizen who has one of these names, and whether they were made just now.

    Names that are still free become the citizen's. A name that is another citizen's stays
    theirs: the first of ``names`` that somebody has decides.

    Args:
        tx: the caller's transaction.
        names: proved by whoever calls; the surest first.
        vault: what they are sealed with.
        now: when (UTC).

    Raises:
        PersonLeft: the account is being deleted this moment; the next try makes a new one.

    """
    assert names, "somebody signs in under a name"
    found = None
    for name in names:
        found = found or await _holder(tx, name, vault)
    citizen_id = found or new_id()
    made = found is None
    for name in names:
        taken = await _take(tx, name, citizen_id, vault, now)
        if made and name is names[0] and not taken:
            # Somebody else was first, this moment: we waited for their commit.
            other = await _holder(tx, name, vault)
            assert other is not None, "a name that conflicts is committed"
            citizen_id, made = other, False
    if made:
        view = await register_newcomer(tx, citizen_id=citizen_id, now=now)
        await record(
            tx,
            actor=f"citizen:{view.account_id}",
            action="sign_in.join",
            subject=f"citizen:{view.account_id}",
            facts={"by": names[0].kind},
            now=now,
        )
        return view, True
    view = await citizen(tx, name=str(citizen_id))
    await ensure_present(tx, account_id=view.account_id)
    return view, False


async def _holder(tx: Tx, name: Name, vault: Vault) -> UUID | None:
    key = (name.kind, vault.index(name.kind, name.value))
    row = await (await tx.execute(_HOLDER, key)).fetchone()
    return None if row is None else row[0]


async def _take(tx: Tx, name: Name, citizen_id: UUID, vault: Vault, now: datetime) -> bool:
    digest = vault.index(name.kind, name.value)
    sealed = vault.seal(name.value, owner=citizen_id, field=name.kind)
    taken = await tx.execute(_TAKE, (name.kind, digest, citizen_id, sealed, now))
    return taken.rowcount == 1


_HOLDER = "SELECT citizen_id FROM sign_in_name WHERE kind = %s AND digest = %s"
_TAKE = """
INSERT INTO sign_in_name (kind, digest, citizen_id, sealed, bound_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING
"""
