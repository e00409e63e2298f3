"""What several tests of the book ask for."""

from datetime import date
from uuid import UUID

from app.database import Tx
from app.ids import new_id
from app.ledger import balances, hold, verify
from app.ledger.earn import Earning, earn
from app.ledger.expire import expire
from app.ledger.units import POINTS
from tests.make import NOON, QUARTER_END

ALL = range(1024)
ZONE = "Asia/Shanghai"


async def broken(tx: Tx) -> list[str]:
    """The ledger's laws that do not hold."""
    return [check.name for check in await verify.checks(tx) if check.breaches]


async def earned(
    tx: Tx, account_id: int, points: int, *, expires_on: date = QUARTER_END, unit: int = POINTS
) -> UUID:
    """Points for a cause of their own; its ref."""
    ref = new_id()
    await earn(
        tx,
        earnings=[Earning(account_id, points, ref, NOON)],
        expires_on=expires_on,
        now=NOON,
        unit=unit,
    )
    return ref


async def spent(tx: Tx, account_id: int, points: int, *, contra: int = 1_000) -> UUID:
    """Points spent under a ref of their own; the ref."""
    ref = new_id()
    await hold.hold(tx, account_id=account_id, points=points)
    await hold.spend(tx, account_id=account_id, points=points, contra=contra, ref=ref, now=NOON)
    return ref


async def expired(tx: Tx, *, today: date, now=NOON, limit: int = 100, unit: int = POINTS) -> int:
    """A sweep over everybody on a day."""
    return await expire(
        tx, buckets=ALL, limit=limit, today=today, zone=ZONE, ref=new_id(), now=now, unit=unit
    )


async def available(tx: Tx, account_id: int) -> int:
    """What can be spent."""
    return (await balances.balance(tx, account_id=account_id)).available
