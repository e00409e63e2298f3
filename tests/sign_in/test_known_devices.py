"""Who signed in before on a device is not shut out of it by what strangers do."""

from datetime import timedelta
from uuid import uuid4

import pytest
from psycopg import AsyncClientCursor

from app.clock import current_time
from app.sign_in import known_devices
from tests.make import NOON
from tests.sign_in.arrivals import app_of, arrive, ask_code, last_code, number, send_code, wrong

MINUTE = timedelta(minutes=1)
STRANGER = "phone-of-a-stranger"


def at(client, moment):
    """Turn the service's clock."""
    app_of(client).dependency_overrides[current_time] = lambda: moment


def narrow(client, **sizes):
    """Make some budgets small."""
    desk = app_of(client).state.desk
    object.__setattr__(desk, "sizes", desk.sizes.model_copy(update=sizes))


@pytest.mark.parametrize(
    ("flood", "sizes"),
    [
        ("the number's codes", {"codes_per_number_per_day": 1}),
        ("the network's codes", {"codes_per_network_per_hour": 1}),
        ("everybody's codes", {"codes_per_hour": 1}),
    ],
)
async def test_codes_that_strangers_used_up_are_not_the_owners(client, flood, sizes):
    """The stranger's phone waits; on the phone of before a code comes, and opens the account."""
    narrow(client, **sizes)
    first = await arrive(client)
    at(client, NOON + MINUTE)
    answer = await ask_code(client, device_id=STRANGER)
    assert (answer.status_code, answer.json()["code"]) == (429, "too-many-codes"), flood
    again = await arrive(client)
    assert (first["account_is_new"], again["account_is_new"]) == (True, False)


@pytest.mark.parametrize(
    "sizes", [{"failures_per_network_per_hour": 2}, {"failures_per_hour": 2}], ids=str
)
async def test_failures_of_strangers_close_the_door_to_strangers(client, sizes):
    """After a flood of wrong codes a new phone waits with its right one, the known one gets in."""
    narrow(client, **sizes)
    await arrive(client)
    at(client, NOON + MINUTE)
    await ask_code(client, number(1), STRANGER)
    right = last_code(client, number(1))
    for n in range(2, 4):
        assert (await send_code(client, "000000", number(n), f"device-{n}")).status_code == 401
    refused = await send_code(client, right, number(1), STRANGER)
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-guesses")
    await arrive(client)


async def test_a_known_device_has_limits_too(client):
    """One code a minute and five an hour; its own failures close it; what was right is free."""
    await arrive(client)
    for n in range(1, 6):
        at(client, NOON + n * MINUTE)
        assert (await ask_code(client)).status_code == 202
        assert (await ask_code(client)).headers["retry-after"] == ("60" if n < 5 else "3360")
    at(client, NOON + 20 * MINUTE)
    assert (await ask_code(client)).status_code == 429
    at(client, NOON + 2 * 60 * MINUTE)
    narrow(client, failures_per_device_per_hour=2)
    for _ in range(3):  # a success is paid back, or the third would find nothing left
        at(client, app_of(client).dependency_overrides[current_time]() + MINUTE)
        await arrive(client)
    at(client, NOON + 3 * 60 * MINUTE)
    await ask_code(client)
    code = last_code(client)
    answers = [await send_code(client, wrong(code)) for _ in range(2)]
    answers.append(await send_code(client, code))
    assert [each.status_code for each in answers] == [401, 401, 429]


async def test_a_device_is_known_for_its_owner_alone(client):
    """Signing in under one's own number opens no purse for guesses at another's."""
    await arrive(client)
    await arrive(client, number(1), STRANGER)
    narrow(client, failures_per_hour=0)
    answer = await send_code(client, "000000", device_id=STRANGER)
    assert answer.status_code == 429
    answer = await send_code(client, "000000", number(1), STRANGER)
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (known_devices._OF_PERSON, (uuid4(), b"device")),
        (known_devices._OF_NAME, ("phone", b"number", b"device")),
    ],
)
async def test_devices_are_looked_up_by_an_index(connection, statement, values):
    """Neither question reads the sessions of a whole city."""
    await connection.execute("SET LOCAL enable_seqscan = off")  # the tables are empty here
    async with AsyncClientCursor(connection) as cursor:
        rows = await cursor.execute("EXPLAIN " + statement, values)
        plan = "\n".join(line for (line,) in await rows.fetchall())
    assert "sign_in_session_device" in plan
