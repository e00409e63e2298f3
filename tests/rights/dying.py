"""A worker that is killed in the middle: ``python -m tests.rights.dying URL export|deletion ID``.

It does the job until just before the last commit, and then dies as by ``kill -9``.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime
from uuid import UUID

from app.database import WORKER_ROLE, database_for
from app.rights import erase_run, export_run
from app.settings import DatabaseSettings
from tests.rights.leaving import AFTER_GRACE, SETTLED, VAULT


async def die(*_: object, **__: object) -> None:
    """What a power cut does."""
    os.kill(os.getpid(), signal.SIGKILL)


async def work(url: str, what: str, request_id: UUID) -> None:
    """Do the job, and die when all but the last commit is done."""
    database = database_for(DatabaseSettings(pool_size=2), url, role=WORKER_ROLE)
    await database.open()
    if what == "export":
        export_run._keep = die
        await export_run.run_export(
            database, request_id=request_id, vault=VAULT, clock=lambda: AFTER_GRACE
        )
        return
    erase_run.forfeit = die

    def clock_at(moment: datetime) -> erase_run.Clock:
        return lambda: moment

    for moment in (AFTER_GRACE, SETTLED):
        await erase_run.run_deletion(database, request_id=request_id, clock=clock_at(moment))


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], UUID(sys.argv[3])))
