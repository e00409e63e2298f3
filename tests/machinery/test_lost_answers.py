"""The connection breaks after the commit: the retry gets the answer that was lost."""

import psycopg
import pytest

from app.database import APP_ROLE
from app.idempotency import once
from app.ids import new_id
from app.ledger import contra
from app.ledger.donate import Donation, donate
from app.ledger.schemas import MakeDonation
from tests import make
from tests.ledger.book import available, broken
from tests.make import NOON


class CutAfterCommit(psycopg.AsyncConnection):
    """A connection whose server is gone when the commit's answer is awaited."""

    async def commit_and_lose_the_answer(self) -> None:
        """Let PostgreSQL commit, then behave like a network that died meanwhile."""
        await self.commit()
        await self.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")


async def give(tx, account_id: int, pool: int, effects: list) -> dict:
    """A donation of 30 under one key."""

    async def giving() -> dict:
        given = Donation(account_id, 30, pool, new_id())
        await donate(tx, donations=[given], now=NOON)
        effects.append(given.ref)
        return {"certificate_id": str(given.ref)}

    return await once(
        tx,
        account_id=account_id,
        key="a-key-of-anna",
        route="donate",
        body=MakeDonation(pool=pool, points=30),
        effect=giving,
        now=NOON,
    )


@pytest.mark.parametrize("committed", [True, False])
async def test_a_lost_answer_is_given_again(committing, fresh_urls, committed):
    """Committed and lost: the same certificate, no second entry; lost before: done by the retry."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 100)
        names = {"name_zh": "植树", "name_en": "Trees"}
        pool = (await contra.name(tx, kind="pool", **names, now=NOON)).number
    effects: list = []
    dying = await CutAfterCommit.connect(fresh_urls.app, options=f"-c role={APP_ROLE}")
    lost = await give(dying, anna, pool, effects)
    if committed:
        with pytest.raises(psycopg.OperationalError):
            await dying.commit_and_lose_the_answer()
    else:
        async with await psycopg.AsyncConnection.connect(
            fresh_urls.owner, autocommit=True
        ) as killer:
            await killer.execute("SELECT pg_terminate_backend(%s)", (dying.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            await dying.commit()

    async with committing.writing() as tx:
        answer = await give(tx, anna, pool, effects)

    assert (answer == lost) is committed
    assert len(effects) == (1 if committed else 2)
    async with committing.snapshot() as tx:
        rows = await tx.execute("SELECT ref FROM entry WHERE kind = 7")
        assert [str(ref) for (ref,) in await rows.fetchall()] == [answer["certificate_id"]]
        assert await available(tx, anna) == 70
        assert await broken(tx) == []
