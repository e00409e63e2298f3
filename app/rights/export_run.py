"""Use case: a copy is made, part by part; a worker that dies is followed by one that starts anew.

Nothing is kept until the whole is there: the file and the end of the request are one commit. The
file is sealed with the person's own key, so it is noise when the person has left.
"""

import hashlib
from asyncio import to_thread
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import structlog

from app.audit.record import record
from app.database import Database, Tx
from app.people.errors import PersonLeft
from app.people.present import ensure_present
from app.people.vault import Vault
from app.rights import rules
from app.rights.errors import ExportGone, ExportNotReady
from app.rights.export_pack import pack
from app.rights.export_parts import PARTS, Row, Whose
from app.rights.requests import EXPORT, one

log = structlog.get_logger()

BODY = "export_file.body"
Clock = Callable[[], datetime]


async def run_export(database: Database, *, request_id: UUID, vault: Vault, clock: Clock) -> bool:
    """Make the copy of one request; False if there is nothing to do for it.

    Args:
        database: opens a transaction for each part, and one for the end.
        request_id: which.
        vault: opens the names in it, and seals the file.
        clock: tells the time (UTC).

    """
    async with database.writing() as tx:
        row = await (await tx.execute(_BEGIN, _step(request_id, 0, clock()))).fetchone()
    if row is None:
        return False
    account_id = int(row[0])
    found: dict[str, list[Row]] = {}
    for done, part in enumerate(PARTS, start=1):
        async with database.snapshot() as tx:
            for name, rows in (await part(tx, Whose(account_id, clock(), vault))).items():
                found[name] = [*rows]
        async with database.writing() as tx:
            await tx.execute(_TELL, _step(request_id, done, clock()))
    body = await to_thread(pack, found, made_at=clock())
    async with database.writing() as tx:
        kept = await _keep(
            tx,
            request_id=request_id,
            account_id=account_id,
            body=body,
            vault=vault,
            now=clock(),
        )
    log.info("export_made", request_id=str(request_id), bytes=len(body), kept=kept)
    return kept


async def unfinished(tx: Tx) -> list[UUID]:
    """Copies that were asked for and are not there."""
    return [found async for (found,) in await tx.execute(_UNFINISHED)]


async def drop_old(tx: Tx, *, now: datetime) -> int:
    """Delete the copies whose week is over; returns how many."""
    return (await tx.execute(_DROP, (now,))).rowcount


async def fetch(tx: Tx, *, account_id: int, request_id: UUID, vault: Vault, now: datetime) -> bytes:
    """The copy, for its owner; that it was fetched is kept.

    Raises:
        RightsRequestNotFound: there is no such request, or it is somebody else's.
        ExportNotReady: it is being made.
        ExportGone: its week is over.

    """
    ticket = await one(tx, account_id=account_id, request_id=request_id)
    if ticket.kind == EXPORT and ticket.state in {"open", "running"}:
        raise ExportNotReady("Ask for its progress.", "副本正在生成,请稍后查询进度。")
    facts = {"id": request_id, "account": account_id, "now": now}
    row = await (await tx.execute(_FETCH, facts)).fetchone()
    owner = await ensure_present(tx, account_id=account_id)
    if row is None or owner is None:
        raise ExportGone("Ask for a new copy.", "副本已过期,请重新申请。")
    who = f"citizen:{account_id}"
    await record(tx, actor=who, action="rights.read_export", subject=who, now=now)
    return await vault.open_for(tx, sealed=bytes(row[0]), owner=owner, field=BODY)


async def _keep(
    tx: Tx, *, request_id: UUID, account_id: int, body: bytes, vault: Vault, now: datetime
) -> bool:
    """Store the file and end the request; nothing if somebody else did, or the person left.

    The citizen is held first, as by everybody: leaving and this wait for each other in one order.
    """
    try:
        owner = await ensure_present(tx, account_id=account_id)
    except PersonLeft:
        return False
    done = await (await tx.execute(_END, _step(request_id, len(PARTS), now))).fetchone()
    if done is None or owner is None:
        return False
    sealed = await vault.seal_for(tx, value=body, owner=owner, field=BODY, now=now)
    facts = {
        "id": request_id,
        "account": account_id,
        "body": sealed,
        "digest": hashlib.sha256(body).digest(),
        "size": len(body),
        "now": now,
        "until": now + rules.KEPT,
    }
    await tx.execute(_KEEP, facts)
    await record(
        tx,
        actor="process:rights",
        action="rights.made_export",
        subject=f"citizen:{account_id}",
        now=now,
    )
    return True


def _step(request_id: UUID, done: int, now: datetime) -> dict[str, object]:
    return {"id": request_id, "done": done, "total": len(PARTS), "now": now}


_BEGIN = """
UPDATE rights_request SET state = 'running', began_at = coalesce(began_at, %(now)s), done = 0,
       total = %(total)s
 WHERE id = %(id)s AND kind = 'export' AND state IN ('open', 'running')
RETURNING account_id
"""
_TELL = """
UPDATE rights_request SET done = greatest(done, %(done)s)
 WHERE id = %(id)s AND state = 'running'
"""
_END = """
UPDATE rights_request SET state = 'done', done = %(total)s, finished_at = %(now)s
 WHERE id = %(id)s AND kind = 'export' AND state = 'running'
RETURNING account_id
"""
_KEEP = """
INSERT INTO export_file (request_id, account_id, body, sha256, size_bytes, made_at, expires_at)
VALUES (%(id)s, %(account)s, %(body)s, %(digest)s, %(size)s, %(now)s, %(until)s)
"""
_FETCH = """
SELECT body FROM export_file
 WHERE request_id = %(id)s AND account_id = %(account)s AND expires_at > %(now)s
"""
_UNFINISHED = """
SELECT id FROM rights_request WHERE kind = 'export' AND state IN ('open', 'running') ORDER BY id
"""
_DROP = "DELETE FROM export_file WHERE expires_at <= %s"
