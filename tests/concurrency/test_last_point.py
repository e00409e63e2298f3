"""Two hundred threads, each with a connection of its own, want one thing: one of them has it."""

import asyncio
import threading
from collections import Counter

import psycopg
import pytest
from psycopg import AsyncConnection

from app.database import APP_ROLE
from app.ledger import balances, hold
from app.ledger.errors import InsufficientPoints
from app.rewards.errors import OfferSoldOut
from app.rewards.redeem import redeem
from tests import make
from tests.make import NOON
from tests.rewards.counter import KEY, left, sound

THREADS = 200
OPTIONS = f"-c role={APP_ROLE} -c timezone=UTC -c search_path=public,queue"


def race(url, act) -> Counter[str]:
    """Open all connections, wait for each other, then act; what each was answered."""
    barrier = threading.Barrier(THREADS, timeout=120)
    answers: Counter[str] = Counter()
    door = threading.Lock()

    async def take(number) -> str:
        async with await AsyncConnection.connect(url, options=OPTIONS, autocommit=True) as tx:
            await tx.execute("SELECT 1")
            await asyncio.to_thread(barrier.wait)
            try:
                async with tx.transaction():
                    await act(tx, number)
            except (InsufficientPoints, OfferSoldOut) as refusal:
                return refusal.code()
            except psycopg.errors.DeadlockDetected:
                return "deadlock"
            return "won"

    def thread(number):
        answer = asyncio.run(take(number))
        with door:
            answers[answer] += 1

    threads = [threading.Thread(target=thread, args=(number,)) for number in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return answers


@pytest.mark.timeout(600)
async def test_two_hundred_threads_want_the_last_point(fresh_urls, committing):
    """One holds it, 199 are told that it is gone, and nobody dies in a deadlock."""
    async with committing.writing() as tx:
        anna = await make.rich(tx, 1)

    async def act(tx, number):
        await hold.hold(tx, account_id=anna, points=1)

    answers = await asyncio.to_thread(race, fresh_urls.app, act)

    assert answers == {"won": 1, "insufficient-points": THREADS - 1}
    async with committing.reading() as tx:
        view = await balances.balance(tx, account_id=anna)
    assert (view.available, view.held) == (0, 1)


@pytest.mark.timeout(600)
async def test_two_hundred_citizens_want_the_last_unit(fresh_urls, committing):
    """One has the coupon, 199 keep their points, and the stock is nought."""
    async with committing.writing() as tx:
        people = [await make.rich(tx, 100) for _ in range(THREADS)]
        offer = await make.offer(tx, points=100, stock=1)

    async def act(tx, number):
        who = people[number]
        await redeem(tx, account_id=who, offer_id=offer.id, coupon_key=KEY, now=NOON)

    answers = await asyncio.to_thread(race, fresh_urls.app, act)

    assert answers == {"won": 1, "offer-sold-out": THREADS - 1}
    async with committing.snapshot() as tx:
        kept = [(await balances.balance(tx, account_id=who)).available for who in people]
        assert sorted(kept) == [0] + [100] * (THREADS - 1)
        assert (await left(tx, offer.id, people[0])).units == 0
        await sound(tx)
