"""Use cases of officers: what is due, what somebody wrote, and the answer they get."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from app.audit.record import record
from app.database import Tx
from app.people.citizens import citizen_of
from app.people.vault import Vault
from app.rights.errors import RightsRequestClosed
from app.rights.requests import CORRECTION, WISH, unknown


@dataclass(frozen=True, slots=True)
class Due:
    """A request that waits, and by which day it has to be answered; no name."""

    id: UUID
    account_id: int
    kind: str
    state: str
    topic: str | None
    made_at: datetime
    due_on: date


async def due(tx: Tx, *, before: date | None, limit: int) -> list[Due]:
    """Requests without an answer, the most urgent first.

    Args:
        tx: a reading connection.
        before: only those due before this day; None for all.
        limit: how many at most.

    """
    rows = await tx.execute(_DUE, {"before": before, "limit": limit})
    return [Due(*row) async for row in rows]


async def wish_of(
    tx: Tx, *, request_id: UUID, officer_id: UUID, vault: Vault, now: datetime
) -> tuple[Due, str]:
    """What somebody wants corrected, in their words; that an officer read it is kept and shown.

    Raises:
        RightsRequestNotFound: there is no such correction.
        RightsRequestClosed: the person left, and the words with them.

    """
    row = await (await tx.execute(_ONE, (request_id,))).fetchone()
    if row is None:
        raise unknown()
    *facts, wish = row
    found = Due(*facts)
    owner = await citizen_of(tx, account_id=found.account_id)
    if wish is None or owner is None:
        raise RightsRequestClosed("Its words are gone.", "申请内容已删除。")
    await _note(
        tx,
        "rights.read_wish",
        officer_id=officer_id,
        account_id=found.account_id,
        request_id=request_id,
        now=now,
    )
    text = await vault.open_for(tx, sealed=bytes(wish), owner=owner, field=WISH)
    return found, text.decode()


async def answer(
    tx: Tx,
    *,
    request_id: UUID,
    officer_id: UUID,
    outcome: Literal["done", "refused"],
    text: str,
    now: datetime,
) -> None:
    """Answer a correction; the person reads the text. The wish is kept no longer than needed.

    Raises:
        RightsRequestNotFound: there is no such correction.
        RightsRequestClosed: it was answered before.

    """
    facts = {"id": request_id, "outcome": outcome, "text": text, "by": officer_id, "now": now}
    row = await (await tx.execute(_ANSWER, facts)).fetchone()
    if row is None:
        if await (await tx.execute(_ONE, (request_id,))).fetchone() is None:
            raise unknown()
        raise RightsRequestClosed("It was answered before.", "该申请已答复。")
    await _note(
        tx,
        "rights.answer",
        officer_id=officer_id,
        account_id=row[0],
        request_id=request_id,
        now=now,
    )


async def _note(
    tx: Tx, action: str, *, officer_id: UUID, account_id: int, request_id: UUID, now: datetime
) -> None:
    await record(
        tx,
        actor=f"officer:{officer_id}",
        action=action,
        subject=f"citizen:{account_id}",
        facts={"request": str(request_id)},
        now=now,
    )


_DUE = """
SELECT id, account_id, kind, state, topic, made_at, due_on FROM rights_request
 WHERE state IN ('open', 'running') AND (%(before)s::date IS NULL OR due_on < %(before)s::date)
 ORDER BY due_on, id LIMIT %(limit)s
"""
_ONE = f"""
SELECT id, account_id, kind, state, topic, made_at, due_on, wish FROM rights_request
 WHERE id = %s AND kind = '{CORRECTION}'
"""
_ANSWER = f"""
UPDATE rights_request
   SET state = %(outcome)s, answer = %(text)s, answered_by = %(by)s, finished_at = %(now)s,
       wish = NULL
 WHERE id = %(id)s AND kind = '{CORRECTION}' AND state = 'open'
RETURNING account_id
"""
