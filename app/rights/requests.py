"""Use cases: somebody asks for a copy, a correction or to be forgotten, and changes their mind."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.ids import new_id
from app.jobs import later
from app.people.errors import CitizenNotFound
from app.people.present import ensure_present
from app.people.vault import Vault
from app.rights import rules
from app.rights.errors import RightsRequestClosed, RightsRequestNotFound

EXPORT_TASK = "export_person"
DELETION_TASK = "delete_person"
EXPORT, CORRECTION, DELETION = "export", "correction", "deletion"
WISH = "rights_request.wish"
"""The vault's name of the field in which a person says what is wrong."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One request, how far it is, and by which day it is answered."""

    id: UUID
    account_id: int
    kind: str
    state: str
    made_at: datetime
    acts_after: datetime
    due_on: date
    finished_at: datetime | None
    done: int
    total: int
    topic: str | None
    answer: str | None


async def ask_export(tx: Tx, *, account_id: int, today: date, now: datetime) -> Ticket:
    """Ask for a copy of everything; while one is being made, that one is the answer.

    Raises:
        CitizenNotFound: the account is nobody's.
        PersonLeft: its owner was forgotten.

    """
    await owner_of(tx, account_id=account_id)
    facts = _facts(account_id, EXPORT, today, now)
    if await _ask(tx, facts, now):
        await later(tx, task=EXPORT_TASK, request_id=str(facts["id"]))
    return await _open(tx, account_id=account_id, kind=EXPORT)


async def ask_deletion(tx: Tx, *, account_id: int, today: date, now: datetime) -> Ticket:
    """Ask to be forgotten, after a week in which one may change one's mind.

    Raises:
        CitizenNotFound: the account is nobody's.
        PersonLeft: its owner was forgotten.

    """
    await owner_of(tx, account_id=account_id)
    facts = _facts(account_id, DELETION, today, now, wait=rules.GRACE)
    if await _ask(tx, facts, now):
        await later(tx, task=DELETION_TASK, after=rules.GRACE, request_id=str(facts["id"]))
    return await _open(tx, account_id=account_id, kind=DELETION)


async def ask_correction(
    tx: Tx, *, account_id: int, topic: str, wish: str, vault: Vault, today: date, now: datetime
) -> Ticket:
    """Say what is wrong about oneself; an officer answers. The text is sealed with the own key.

    Raises:
        CitizenNotFound: the account is nobody's.
        PersonLeft: its owner was forgotten.

    """
    owner = await owner_of(tx, account_id=account_id)
    sealed = await vault.seal_for(tx, value=wish, owner=owner, field=WISH, now=now)
    facts = _facts(account_id, CORRECTION, today, now) | {"topic": topic, "wish": sealed}
    await _ask(tx, facts, now)
    return await one(tx, account_id=account_id, request_id=UUID(str(facts["id"])))


async def cancel_deletion(tx: Tx, *, account_id: int, now: datetime) -> None:
    """Change one's mind; the wish to leave is as if it had not been.

    Raises:
        RightsRequestNotFound: nothing was asked for.
        RightsRequestClosed: the week is over and the work has begun.

    """
    facts = {"account": account_id, "now": now}
    row = await (await tx.execute(_CANCEL, facts)).fetchone()
    if row is None:
        running = await (await tx.execute(_RUNNING, facts)).fetchone()
        if running is not None:
            raise RightsRequestClosed(
                "Your data is being deleted already.", "数据删除已开始,无法取消。"
            )
        raise unknown()
    await _note(tx, account_id, "rights.cancel_deletion", now)


async def owner_of(tx: Tx, *, account_id: int) -> UUID:
    """The citizen behind the account, held so that nobody forgets them meanwhile.

    Raises:
        CitizenNotFound: the account is nobody's.
        PersonLeft: its owner was forgotten.

    """
    owner = await ensure_present(tx, account_id=account_id)
    if owner is None:
        raise CitizenNotFound("This account belongs to nobody.", "该账户不存在。")
    return owner


async def one(tx: Tx, *, account_id: int, request_id: UUID) -> Ticket:
    """One of a citizen's requests.

    Raises:
        RightsRequestNotFound: there is none, or it is somebody else's.

    """
    row = await (await tx.execute(_ONE, {"account": account_id, "id": request_id})).fetchone()
    if row is None:
        raise unknown()
    return Ticket(*row)


async def of_account(tx: Tx, *, account_id: int, limit: int = 100) -> list[Ticket]:
    """A citizen's requests, newest first."""
    rows = await tx.execute(_MINE, {"account": account_id, "limit": limit})
    return [Ticket(*row) async for row in rows]


def unknown() -> RightsRequestNotFound:
    """The refusal of a request that is not there."""
    return RightsRequestNotFound("You have no such request.", "您没有该申请。")


def _facts(
    account_id: int, kind: str, today: date, now: datetime, *, wait: timedelta = timedelta(0)
) -> dict[str, object]:
    return {
        "id": new_id(),
        "account": account_id,
        "kind": kind,
        "now": now,
        "after": now + wait,
        "due": rules.due_on(today),
        "topic": None,
        "wish": None,
    }


async def _ask(tx: Tx, facts: dict[str, object], now: datetime) -> bool:
    """Whether the request is new."""
    if (await tx.execute(_ASK, facts)).rowcount == 0:
        return False
    await _note(tx, int(str(facts["account"])), f"rights.ask_{facts['kind']}", now)
    return True


async def _note(tx: Tx, account_id: int, action: str, now: datetime) -> None:
    who = f"citizen:{account_id}"
    await record(tx, actor=who, action=action, subject=who, now=now)


async def _open(tx: Tx, *, account_id: int, kind: str) -> Ticket:
    row = await (await tx.execute(_OPEN, {"account": account_id, "kind": kind})).fetchone()
    assert row is not None, "it was asked for, now or before"
    return Ticket(*row)


_COLUMNS = """
SELECT id, account_id, kind, state, made_at, acts_after, due_on, finished_at, done, total, topic,
       answer
  FROM rights_request
"""
_ONE = f"{_COLUMNS} WHERE id = %(id)s AND account_id = %(account)s"
_MINE = f"{_COLUMNS} WHERE account_id = %(account)s ORDER BY id DESC LIMIT %(limit)s"
_OPEN = f"""{_COLUMNS}
 WHERE account_id = %(account)s AND kind = %(kind)s AND state IN ('open', 'running')
"""
_ASK = """
INSERT INTO rights_request (id, account_id, kind, state, made_at, acts_after, due_on, done, total,
                            topic, wish)
VALUES (%(id)s, %(account)s, %(kind)s, 'open', %(now)s, %(after)s, %(due)s, 0, 0, %(topic)s,
        %(wish)s)
ON CONFLICT (account_id, kind) WHERE state IN ('open', 'running') AND kind <> 'correction'
DO NOTHING
"""
_CANCEL = """
UPDATE rights_request SET state = 'cancelled', finished_at = %(now)s
 WHERE account_id = %(account)s AND kind = 'deletion' AND state = 'open'
RETURNING id
"""
_RUNNING = """
SELECT id FROM rights_request
 WHERE account_id = %(account)s AND kind = 'deletion' AND state = 'running'
"""
