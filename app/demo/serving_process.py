"""One process of ``puhui serve --workers N``: it serves on a socket it is handed, or it works.

Started by `app.demo.supervising`, and by nobody else.
"""

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

from prometheus_client import values

from app import logs
from app.demo import children
from app.settings import Settings


def run(order: dict[str, Any]) -> None:
    """Do what the order says, until SIGTERM or until the parent is gone."""
    # Numbers are kept under the process's place, so that a replacement counts on where the dead
    # one stopped; said before anything is loaded that counts.
    place = os.environ["PUHUI_PLACE"]
    values.ValueClass = values.MultiProcessValue(lambda: place)  # type: ignore[no-untyped-call]
    from app.demo import serving  # it counts

    logs.configure()
    settings = Settings().model_copy(update={"home": Path(order["home"])})
    if order["worker_url"] is not None:
        asyncio.run(_work(settings, order["worker_url"]))
        return
    with socket.socket(fileno=order["listening"]) as listening:
        serving.serve(
            settings,
            listening=listening,
            database_url=order["database_url"],
            redis_url=order["redis_url"],
            worker_url=None,
            watched=True,
        )


async def _work(settings: Settings, url: str) -> None:
    """The background work, which takes SIGTERM itself; an orphan asks itself to stop."""
    from app.worker import work  # it counts

    me = asyncio.current_task()
    assert me is not None, "it is asked in a task"
    working = asyncio.create_task(work(settings, database_url=url))

    def alone() -> None:
        working.cancel()

    children.when_alone(alone)
    try:
        await working
    except asyncio.CancelledError:
        if me.cancelling():
            raise


if __name__ == "__main__":
    run(children.order())
