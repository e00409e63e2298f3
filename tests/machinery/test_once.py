"""A write that moves points happens once, however often and however fast it is sent."""

import asyncio

import psycopg
import pytest
from pydantic import BaseModel

from app.clock import utc_now
from app.database import savepoint
from app.idempotency import IdempotencyKeyMissing, IdempotencyKeyReused, _key, once
from app.ids import account_number

ANNA, BORIS = account_number(7), account_number(8)


class Wish(BaseModel):
    """A body."""

    points: int


class Effect:
    """Work that counts how often it was done."""

    def __init__(self, *, fails: int = 0, waits_s: int = 0) -> None:
        self.done, self.fails, self.waits_s = 0, fails, waits_s

    async def __call__(self) -> dict:
        """Fail the first times, then answer how often it was done."""
        self.done += 1
        await asyncio.sleep(self.waits_s / 10)
        if self.done <= self.fails:
            raise RuntimeError("undone")
        return {"answer": self.done}


def asked(now, effect, **changes):
    """The arguments of one request."""
    fields = {"account_id": ANNA, "key": "key-of-anna", "route": "redeem", "body": Wish(points=5)}
    return fields | {"effect": effect, "now": now} | changes


@pytest.fixture
def now():
    """Any moment will do."""
    return utc_now()


async def test_a_retry_is_answered_from_the_first(tx, now):
    """The same key and body bring the first answer back, and no second effect."""
    effect = Effect()
    first = await once(tx, **asked(now, effect))
    assert await once(tx, **asked(now, effect)) == first == {"answer": 1}
    assert effect.done == 1


@pytest.mark.parametrize("change", [{"body": Wish(points=6)}, {"route": "transfer"}])
async def test_a_key_means_one_intention(tx, now, change):
    """Another body, or another operation, under the same key is refused and does nothing."""
    effect = Effect()
    await once(tx, **asked(now, effect))
    with pytest.raises(IdempotencyKeyReused):
        await once(tx, **asked(now, effect, **change))
    assert effect.done == 1


async def test_two_citizens_may_choose_the_same_key(tx, now):
    """A key belongs to its account: Boris cannot read Anna's answer with it."""
    effect = Effect()
    assert await once(tx, **asked(now, effect)) == {"answer": 1}
    assert await once(tx, **asked(now, effect, account_id=BORIS)) == {"answer": 2}


async def test_a_refused_request_leaves_its_key_free(database, now):
    """Nothing is kept of what was undone, so the same key may try again."""
    effect = Effect(fails=1)
    with pytest.raises(RuntimeError):
        async with database.writing() as tx:
            await once(tx, **asked(now, effect))
    async with database.writing() as tx:
        assert await once(tx, **asked(now, effect)) == {"answer": 2}


async def test_many_at_once_have_one_effect(committing, now):
    """Twelve tills of the same request wait for the first and take over its answer."""
    effect = Effect(waits_s=1)

    async def request():
        async with committing.writing() as tx:
            return await once(tx, **asked(now, effect))

    answers = await asyncio.gather(*(request() for _ in range(12)))
    assert answers == [{"answer": 1}] * 12


async def test_one_of_many_takes_over_when_the_first_is_undone(committing, now):
    """If the first request fails, exactly one of those waiting does the work."""
    effect = Effect(fails=1, waits_s=1)

    async def request():
        async with committing.writing() as tx:
            return await once(tx, **asked(now, effect))

    answers = await asyncio.gather(*(request() for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(each, RuntimeError) for each in answers) == 1
    assert answers.count({"answer": 2}) == 7


@pytest.mark.parametrize("key", [None, "", "short", "x" * 256])
async def test_a_missing_or_odd_key_is_refused(key):
    """A key is 8 to 255 characters; less could be a mistake, more could be an attack."""
    with pytest.raises(IdempotencyKeyMissing):
        await _key(key)


@pytest.mark.parametrize("key", ["x" * 8, "键" * 255, "9e6e5381-1ff3-4d38-84f0-825a93cfcf80"])
async def test_any_text_of_the_right_length_is_a_key(tx, now, key):
    """What the edge accepts, the table can hold."""
    assert await once(tx, **asked(now, Effect(), key=await _key(key))) == {"answer": 1}


async def test_the_table_refuses_what_the_edge_refuses(tx, now):
    """The bound stands once more as a CHECK constraint."""
    with pytest.raises(psycopg.errors.CheckViolation):
        async with savepoint(tx):
            await once(tx, **asked(now, Effect(), key="short"))
