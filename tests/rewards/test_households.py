"""Households that share a limit, as they are at the moment of the claim."""

import asyncio
import secrets
from collections import Counter
from datetime import timedelta

import pytest

from app.people import households
from app.people.about import _ABOUT, about
from app.people.register import register_citizen
from app.rewards.errors import LimitReached
from app.rewards.redeem import Standing, redeem
from tests import make
from tests.make import NOON, citizen_headers
from tests.rewards.counter import KEY, sound

DAY = timedelta(days=1)
TWO = [{"by": "household", "per": "month", "units": 2}]
FOR_EVER = [{"by": "household", "per": "always", "units": 2}]


async def citizens(tx, number):
    """Accounts of citizens with points."""
    found = []
    for _ in range(number):
        person = await register_citizen(
            tx, nickname=secrets.token_hex(8), district_code="321102", now=NOON - 99 * DAY
        )
        await make.points(tx, person.account_id, 900)
        found.append(person.account_id)
    return found


async def together(tx, accounts, *, code=None):
    """Make them live together; the household's code."""
    if code is None:
        first, *accounts = accounts
        made = await households.open_household(tx, account_id=first, key=b"s" * 32, now=NOON)
        code = made.text
    for each in accounts:
        await households.join(tx, account_id=each, code=code, key=b"s" * 32, now=NOON)
    return code


async def standing(tx, account_id, now=NOON):
    """What the door of the people says of somebody."""
    found = await about(tx, account_id=account_id, now=now)
    return Standing(household=found.household, members=found.members)


async def take(tx, account_id, offer, *, now=NOON):
    """Claim a unit as whoever one lives with."""
    return await redeem(
        tx,
        account_id=account_id,
        offer_id=offer.id,
        coupon_key=KEY,
        now=now,
        standing=await standing(tx, account_id, now),
    )


async def ask(client, keys, account_id, offer):
    """A phone claims a unit; the refusal's code, or the redemption."""
    answer = await client.post(
        "/v1/me/redemptions",
        json={"offer_id": str(offer.id)},
        headers=citizen_headers(keys, account_id),
    )
    return answer.json().get("redemption_id") or (answer.json()["code"], answer.json().get("by"))


async def test_a_family_shares_over_http(client, keys, database):
    """Three who live together have two units among them; who lives alone has two of their own."""
    async with database.writing() as tx:
        *family, loner = await citizens(tx, 4)
        await together(tx, family)
        offer = await make.offer(tx, per_citizen=9, limits=TWO)
    full = ("limit-reached", "household")
    answers = [await ask(client, keys, each, offer) for each in (*family, loner, loner, loner)]
    assert [each == full for each in answers] == [False, False, True, False, False, True]
    headers = citizen_headers(keys, family[0])
    given = await client.post(f"/v1/me/redemptions/{answers[0]}/cancel", headers=headers)
    assert given.status_code == 200
    assert await ask(client, keys, family[2], offer) != full
    async with database.writing() as tx:
        await sound(tx)


async def test_moving_in_brings_what_was_claimed_alone(database):
    """Two claim alone, then live together: nobody of them, nor a third, gets the limit once more."""
    async with database.writing() as tx:
        anna, boris, carla = await citizens(tx, 3)
        offer = await make.offer(tx, per_citizen=9, limits=TWO)
        await take(tx, anna, offer)
        await take(tx, boris, offer)
        await together(tx, [anna, boris, carla])
    for each in (anna, boris, carla):
        with pytest.raises(LimitReached):
            async with database.writing() as tx:
                await take(tx, each, offer)
    async with database.writing() as tx:
        dora, emil = await citizens(tx, 2)
        await take(tx, dora, offer)
        await together(tx, [dora, emil])
        await take(tx, emil, offer)
    with pytest.raises(LimitReached):
        async with database.writing() as tx:
            await take(tx, emil, offer)
    async with database.writing() as tx:  # a new month, and with it a new limit for all three
        later = await make.offer(tx, per_citizen=9, limits=TWO, closes_at=NOON + 60 * DAY)
        await take(tx, anna, later, now=NOON)
        await take(tx, anna, later, now=NOON + 31 * DAY)
        await sound(tx)


async def test_moving_out_brings_no_fresh_limit_for_thirty_days(database):
    """A household that is used up stays used up for who leaves it, until they are on their own."""
    async with database.writing() as tx:
        anna, boris = await citizens(tx, 2)
        offer = await make.offer(tx, per_citizen=9, limits=FOR_EVER, closes_at=NOON + 60 * DAY)
        await together(tx, [anna, boris])
        await take(tx, anna, offer)
        await take(tx, anna, offer)
        await households.leave(tx, account_id=boris, now=NOON)
    with pytest.raises(LimitReached):
        async with database.writing() as tx:
            await take(tx, boris, offer, now=NOON + 30 * DAY)
    async with database.writing() as tx:
        await take(tx, boris, offer, now=NOON + 31 * DAY)
        await sound(tx)


async def test_a_family_at_eight_phones_at_once(live_client, committing, keys):
    """Eight of one household ask together, and two get a unit: the row of the household decides."""
    async with committing.writing() as tx:
        family = await citizens(tx, 8)
        await together(tx, family)
        offer = await make.offer(tx, stock=50, limits=TWO)
    answers = await asyncio.gather(*(ask(live_client, keys, each, offer) for each in family))
    assert Counter(each == ("limit-reached", "household") for each in answers) == {
        False: 2,
        True: 6,
    }
    async with committing.snapshot() as tx:
        await sound(tx)


async def test_what_a_claim_asks_about_a_family_has_an_index(tx):
    """Members, and what each claimed alone, are found by key in large tables too."""
    await tx.execute("SET LOCAL enable_seqscan = off")
    statements = [
        """SELECT sum(u.used) FROM unnest('{7,8}'::bigint[]) AS m (subject)
             JOIN offer_use u ON u.bucket = (m.subject % 1024)::smallint AND u.subject = m.subject
              AND u.offer_id = gen_random_uuid() AND u.kind = 23 AND u.period = '2026-03-01'""",
        (_ABOUT % {"account": "7", "since": "now()"}).replace("(s)", ""),
    ]
    for each in statements:
        plan = "\n".join([line async for (line,) in await tx.execute("EXPLAIN " + each)])
        assert "Index" in plan, each
        assert "Seq Scan" not in plan, each
