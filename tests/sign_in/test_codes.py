"""One-time codes: who gets one, who gets in, and how often somebody may guess."""

import asyncio
from datetime import timedelta

import pytest

from app.clock import current_time
from tests.make import NOON
from tests.sign_in.arrivals import (
    PHONE,
    app_of,
    arrive,
    ask_code,
    bearer,
    last_code,
    number,
    send_code,
    wrong,
)


def at(client, moment):
    """Turn the service's clock."""
    app_of(client).dependency_overrides[current_time] = lambda: moment


async def test_a_new_number_makes_a_citizen_who_can_read_the_wallet(client, tx):
    """The first sign-in makes the account, the second finds it, and the token opens its doors."""
    first = await arrive(client)
    assert first["account_is_new"] is True
    assert (first["access_expires_in_s"], first["refresh_expires_in_s"]) == (600, 30 * 86_400)
    assert (await client.get("/v1/me/wallet", headers=bearer(first))).status_code == 200
    at(client, NOON + timedelta(minutes=1))
    second = await arrive(client)
    assert second["account_is_new"] is False
    row = await (
        await tx.execute("SELECT count(DISTINCT account_id) FROM sign_in_session")
    ).fetchone()
    assert row == (1,)


async def test_known_and_unknown_numbers_get_the_same_answer(client):
    """Whoever asks for codes learns nothing about who is a citizen."""
    await arrive(client)
    at(client, NOON + timedelta(minutes=1))
    known, unknown = await ask_code(client), await ask_code(client, number(1), "another-device")
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert known.json() == {"expires_in_s": 300, "retry_after_s": 60}


@pytest.mark.parametrize("typed", ["13800138000", "138 0013 8000", "+86 138-0013-8000"])
async def test_a_number_is_the_same_however_it_is_typed(client, typed):
    """The code that was sent to the number as typed opens the account of its E.164 form."""
    assert (await ask_code(client, typed)).status_code == 202
    assert (await send_code(client, last_code(client))).status_code == 201


@pytest.mark.parametrize(
    "typed", ["12345", "+86 10 6552 9988", "+8613800138000;ext=1", "电话电话电话", "+999123456789"]
)
async def test_what_cannot_be_a_mobile_gets_no_code(client, typed):
    """A landline, an extension and nonsense are refused before anything is counted."""
    answer = await ask_code(client, typed)
    assert (answer.status_code, answer.json()["code"]) == (422, "phone-unreadable")


async def test_the_number_and_the_code_are_nowhere_readable(client, tx):
    """Neither the number nor the code stands in any column of what was kept."""
    await ask_code(client)
    code = last_code(client)
    await send_code(client, code)
    for table in ("sign_in_name", "one_time_code", "sign_in_budget", "sign_in_session", "citizen"):
        kept = str(await (await tx.execute(f"SELECT * FROM {table}")).fetchall())
        assert PHONE[3:] not in kept
        assert f"'{code}'" not in kept


@pytest.mark.parametrize(
    "how", ["wrong", "late", "used", "another device", "another number", "replaced", "third wrong"]
)
async def test_a_code_opens_once_in_time_on_its_device(client, how):
    """Wrong, late, used, of another device or number, replaced, tried three times: refused alike."""
    await ask_code(client)
    code = last_code(client)
    given = {}
    match how:
        case "late":
            at(client, NOON + timedelta(minutes=5))
        case "used":
            await send_code(client, code)
        case "another device":
            given = {"device_id": "phone-of-somebody"}
        case "another number":
            given = {"phone": number(7)}
        case "replaced":
            at(client, NOON + timedelta(minutes=1))
            await ask_code(client)
            assert last_code(client) != code
        case "third wrong":
            for _ in range(3):
                await send_code(client, wrong(code))
    answer = await send_code(client, wrong(code) if how == "wrong" else code, **given)
    assert (answer.status_code, answer.json()["code"]) == (401, "code-refused")


async def test_a_strangers_guesses_leave_the_owners_tries_alone(client):
    """Codes are good on one device, so guesses from elsewhere do not use them up."""
    await ask_code(client)
    code = last_code(client)
    for n in range(5):
        await send_code(client, wrong(code), device_id=f"stranger-{n:04}")
    assert (await send_code(client, code)).status_code == 201


async def test_a_number_gets_one_code_a_minute_five_an_hour_ten_a_day(client):
    """The windows slide: the next code comes exactly when the oldest has left the window."""
    for n in range(5):
        at(client, NOON + timedelta(minutes=n))
        assert (await ask_code(client, device_id=f"device-{n:04}")).status_code == 202
        soon = await ask_code(client, device_id=f"other-{n:04}")
        wait_s = "60" if n < 4 else str(56 * 60)
        assert (soon.status_code, soon.headers["retry-after"]) == (429, wait_s)
    at(client, NOON + timedelta(minutes=10))
    full = await ask_code(client, device_id="device-9999")
    assert (full.status_code, full.json()["retry_after_s"]) == (429, 50 * 60)
    for n in range(5):
        at(client, NOON + timedelta(hours=2, minutes=n))
        assert (await ask_code(client, device_id=f"device-{n:04}")).status_code == 202
    at(client, NOON + timedelta(hours=9))
    assert (await ask_code(client)).json()["retry_after_s"] == 15 * 3_600


async def test_a_device_and_a_network_get_so_many_codes_an_hour(client):
    """Ten numbers on one device, sixty from one network: then both wait, others do not."""
    for n in range(10):
        assert (await ask_code(client, number(n))).status_code == 202
    assert (await ask_code(client, number(10))).json()["code"] == "too-many-codes"
    for n in range(10, 60):
        assert (await ask_code(client, number(n), f"device-{n:04}")).status_code == 202
    assert (await ask_code(client, number(60), "device-0060")).status_code == 429


async def test_brute_force_ends_at_twenty_failures_whatever_the_headers_say(client):
    """Forged addresses and fresh devices do not dodge the network's budget; a success is free."""
    await ask_code(client)
    right = last_code(client)
    assert (await send_code(client, right)).status_code == 201
    answers = [
        await send_code(
            client,
            f"{n:06}",
            number(n),
            f"device-{n:04}",
            headers={"X-Forwarded-For": f"203.0.{n}.9", "Forwarded": f"for=198.51.100.{n}"},
        )
        for n in range(24)
    ]
    assert [each.status_code for each in answers] == [401] * 20 + [429] * 4
    assert int(answers[-1].headers["retry-after"]) == 3_600


async def test_everybodys_failures_together_close_the_door_for_the_hour(client):
    """A flood from everywhere stops at the programme's budget, until the next hour."""
    desk = app_of(client).state.desk
    sizes = desk.sizes.model_copy(update={"failures_per_hour": 2})
    object.__setattr__(desk, "sizes", sizes)
    for n in range(2):
        assert (await send_code(client, "000000", number(n))).status_code == 401
    await ask_code(client)
    assert (await send_code(client, last_code(client))).status_code == 429
    at(client, NOON + timedelta(hours=1))
    await ask_code(client)
    assert (await send_code(client, last_code(client))).status_code == 201


async def test_fifty_at_once_with_the_right_code_begin_one_session(live_client):
    """The code is looked at and used up in one statement, so one of fifty gets in."""
    await ask_code(live_client)
    code = last_code(live_client)
    answers = await asyncio.gather(*(send_code(live_client, code) for _ in range(50)))
    statuses = [each.status_code for each in answers]
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 401, 429}
    async with app_of(live_client).state.database.reading() as tx:
        rows = await tx.execute(
            "SELECT (SELECT count(*) FROM citizen), (SELECT count(*) FROM sign_in_session)"
        )
        assert await rows.fetchone() == (1, 1)


async def test_budgets_hold_when_everything_comes_at_once(live_client):
    """Forty requests for one number send one code; forty wrong guesses are twenty failures."""
    asked = await asyncio.gather(
        *(ask_code(live_client, device_id=f"dev-{n:05}") for n in range(40))
    )
    assert sorted(each.status_code for each in asked) == [202] + [429] * 39
    guesses = await asyncio.gather(
        *(send_code(live_client, "000000", number(n), f"dev-{n:05}") for n in range(40))
    )
    assert sorted(each.status_code for each in guesses) == [401] * 20 + [429] * 20


async def test_one_number_on_two_devices_at_once_is_one_citizen(live_client):
    """Two first sign-ins that overlap meet at the name, and both open the same account."""
    codes = []
    for n in range(2):
        at(live_client, NOON + timedelta(minutes=n))
        await ask_code(live_client, device_id=f"device-{n:04}")
        codes.append(last_code(live_client))
    answers = await asyncio.gather(
        *(send_code(live_client, code, device_id=f"device-{n:04}") for n, code in enumerate(codes))
    )
    assert sorted(each.json()["account_is_new"] for each in answers) == [False, True]


async def test_production_without_a_gateway_sends_nothing(client):
    """There is no inbox to read codes from in production: 503 before anything is counted."""
    from app.settings import Settings
    from app.sign_in.sms import NoSms, sms_for

    assert isinstance(sms_for(Settings.model_construct(environment="production")), NoSms)
    object.__setattr__(app_of(client).state.desk, "sms", NoSms())
    answer = await ask_code(client)
    assert (answer.status_code, answer.json()["code"]) == (503, "platform-unavailable")
