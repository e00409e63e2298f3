"""Use case: a person is forgotten, in two steps that may each be killed and done again.

First everything that names the person ends, and the person's key is destroyed: one commit, after
which nothing new can begin. Then batches that were under way meanwhile are waited for, and what
they may have added goes with the rest: the evidence is taken out of its blocks and the points go
back to the programme. Acts, grams and entries stay, under a number that is nobody's.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from app.appeals import dossier as appeals
from app.audit.record import record
from app.database import Database, Tx
from app.ledger.forfeit import forfeit
from app.notices import dossier as messages
from app.people.forget import forget
from app.people.present import hold_alone
from app.reductions import sent
from app.rights import rules
from app.sign_in.leave import leave

log = structlog.get_logger()

Clock = Callable[[], datetime]
LONG = timedelta(hours=6)
"""No transaction lives that long; and numbers of transactions start anew in a restored copy."""
SWEPT = 1_000
"""Accounts whose points are looked at in one transaction."""


async def run_deletion(database: Database, *, request_id: UUID, clock: Clock) -> bool:
    """Do what can be done for one request now; whether it is finished.

    Args:
        database: opens a transaction for each step.
        request_id: which.
        clock: tells the time of each step (UTC).

    """
    async with database.writing() as tx:
        await begin(tx, request_id=request_id, now=clock())
    async with database.reading() as tx:
        now = clock()
        facts = {"id": request_id, "settled": now - rules.SETTLES, "long": now - LONG}
        row = await (await tx.execute(_SETTLED, facts)).fetchone()
    if row is None:
        return False
    account_id = int(row[0])
    async with database.writing() as tx:
        erased = await sent.erase_account(tx, account_id=account_id)
    async with database.writing() as tx:
        points = await forfeit(tx, account_ids=[account_id], now=clock())
        await tx.execute(_END, {"id": request_id, "now": clock()})
    log.info("person_forgotten", request_id=str(request_id), records=erased, points=points)
    return True


async def begin(tx: Tx, *, request_id: UUID, now: datetime) -> bool:
    """The first step: from here on there is no way back. False before its day, or if it is done.

    The citizen is held first, as whoever asks for something does. Whoever changes their mind at
    this moment comes before, or is too late.
    """
    asked = await (await tx.execute(_WHOSE, (request_id,))).fetchone()
    if asked is None:
        return False
    await hold_alone(tx, account_id=asked[0])
    row = await (await tx.execute(_BEGIN, {"id": request_id, "now": now})).fetchone()
    if row is None:
        return False
    account_id = int(row[0])
    citizen_id = await forget(tx, account_id=account_id, now=now)
    if citizen_id is not None:
        await leave(tx, citizen_id=citizen_id, now=now)
    await messages.forget(tx, account_id=account_id)
    await appeals.forget(tx, account_id=account_id)
    for statement in (_FILES, _WISHES, _OTHERS):
        await tx.execute(statement, {"account": account_id, "now": now})
    await record(
        tx,
        actor="process:rights",
        action="rights.delete",
        subject=f"citizen:{account_id}",
        now=now,
    )
    return True


async def unfinished(tx: Tx, *, now: datetime) -> list[UUID]:
    """Deletions whose day has come."""
    return [found async for (found,) in await tx.execute(_UNFINISHED, (now,))]


async def sweep(database: Database, *, clock: Clock) -> int:
    """Take back what came back since, as coupons of people who left ran out; how many points."""
    gone = after = 0
    while True:
        async with database.writing() as tx:
            rows = await (await tx.execute(_LEFT, {"after": after, "limit": SWEPT})).fetchall()
            people = [int(row[0]) for row in rows]
            gone += await forfeit(tx, account_ids=people, now=clock()) if people else 0
        if len(people) < SWEPT:
            return gone
        after = people[-1]


_WHOSE = "SELECT account_id FROM rights_request WHERE id = %s"
_BEGIN = """
UPDATE rights_request
   SET state = 'running', began_at = %(now)s, began_xid = pg_current_xact_id()::text::bigint
 WHERE id = %(id)s AND kind = 'deletion' AND state = 'open' AND acts_after <= %(now)s
RETURNING account_id
"""
# Whoever read a consent before it ended has committed, or never will.
_SETTLED = """
SELECT account_id FROM rights_request
 WHERE id = %(id)s AND kind = 'deletion' AND state = 'running' AND began_at <= %(settled)s
   AND (began_xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
        OR began_at <= %(long)s)
"""
_FILES = "DELETE FROM export_file WHERE account_id = %(account)s"
_WISHES = """
UPDATE rights_request SET wish = NULL, answer = NULL
 WHERE account_id = %(account)s AND (wish IS NOT NULL OR answer IS NOT NULL)
"""
_OTHERS = """
UPDATE rights_request SET state = 'cancelled', finished_at = %(now)s
 WHERE account_id = %(account)s AND kind <> 'deletion' AND state IN ('open', 'running')
"""
_END = """
UPDATE rights_request SET state = 'done', finished_at = %(now)s
 WHERE id = %(id)s AND kind = 'deletion' AND state = 'running'
"""
_UNFINISHED = """
SELECT id FROM rights_request
 WHERE kind = 'deletion' AND state IN ('open', 'running') AND acts_after <= %s ORDER BY id
"""
_LEFT = """
SELECT account_id FROM rights_request
 WHERE kind = 'deletion' AND state = 'done' AND account_id > %(after)s
 ORDER BY account_id LIMIT %(limit)s
"""
