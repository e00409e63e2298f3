"""What can decide nothing any more is forgotten by the worker; what can is kept."""

from datetime import timedelta

from app.database import WORKER_ROLE, Database
from app.sign_in import forget
from tests.make import NOON
from tests.sign_in.arrivals import arrive

TABLES = ("one_time_code", "sign_in_budget", "sign_in_count", "sign_in_session")


async def left(tx):
    """How many rows each table has."""
    found = {}
    for table in TABLES:
        row = await (await tx.execute(f"SELECT count(*) FROM {table}")).fetchone()
        found[table] = row[0]
    return found


async def test_the_worker_forgets_what_is_over(client, tx, monkeypatch):
    """As the worker's role, in small steps: codes after a day, a session a month after its end."""
    monkeypatch.setattr(forget, "ROWS", 2)
    await arrive(client)
    before = await left(tx)
    assert all(before.values())
    await tx.execute("SET ROLE NONE")
    await tx.execute(f"SET ROLE {WORKER_ROLE}")
    database = Database(None, None, single=tx)
    assert await forget.forget(database, now=NOON + timedelta(hours=23)) == 0
    gone = await forget.forget(database, now=NOON + timedelta(days=2))
    assert gone == sum(before.values()) - before["sign_in_session"]
    await forget.forget(database, now=NOON + timedelta(days=211))
    assert not any((await left(tx)).values())
