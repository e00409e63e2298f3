"""The promises of this room about offers, under the names by which a worker knows them."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from uuid import UUID

from app.database import Database
from app.rewards import codes_import, withdraw, withdraw_run

Clock = Callable[[], datetime]


def promises(database: Database, *, clock: Clock) -> Mapping[str, Callable[..., Awaitable[None]]]:
    """What each promised job does; every one may be run again, whatever became of the last."""

    async def make_whole(offer_id: str) -> None:
        await withdraw_run.make_whole(database, offer_id=UUID(offer_id), clock=clock)

    async def import_codes(import_id: str) -> None:
        await codes_import.run_import(database, import_id=UUID(import_id), clock=clock)

    return {withdraw.TASK: make_whole, codes_import.TASK: import_codes}


async def resume(database: Database, *, clock: Clock) -> None:
    """Carry withdrawals and lists of codes on, from wherever an earlier worker left them."""
    async with database.reading() as tx:
        withdrawn = await withdraw_run.unfinished(tx, now=clock())
        lists = await codes_import.unfinished(tx)
    for offer_id in withdrawn:
        await withdraw_run.make_whole(database, offer_id=offer_id, clock=clock)
    for import_id in lists:
        await codes_import.run_import(database, import_id=import_id, clock=clock)
