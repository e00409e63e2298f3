"""Promises of background work, made in the transaction of whoever needs it.

A room says ``await later(tx, task="pay_out", payout_id=...)``: no commit, no job. The worker
knows which function keeps the promise; here a task is only a name.
"""

from datetime import timedelta

import procrastinate

from app.database import Tx

# Never opened: it speaks only on the caller's connection, whose search path knows the queue.
_promises = procrastinate.App(connector=procrastinate.PsycopgConnector())


async def later(
    tx: Tx, *, task: str, after: timedelta = timedelta(0), **arguments: str | int
) -> int:
    """Promise a job; a worker sees it when the caller's transaction commits.

    Args:
        tx: the caller's transaction.
        task: the name under which `app.worker` knows the function.
        after: how long to wait at least, whole seconds.
        arguments: ids and numbers; the function reads the rest from the database.

    Returns:
        The job's number.

    """
    promise = _promises.configure_task(
        task,
        connection=tx,
        schedule_in={"seconds": after // timedelta(seconds=1)},
    )
    return await promise.defer_async(**arguments)
