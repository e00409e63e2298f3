"""Households that share a limit, as they are at the moment of the claim."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from app.people import households
from app.rewards.errors import LimitReached
from tests import make
from tests.make import NOON, citizen_headers
from tests.rewards.counter import claim, sound
from tests.rewards.family import citizens, together

DAY = timedelta(days=1)
TWO = [{"by": "household", "per": "month", "units": 2}]
FOR_EVER = [{"by": "household", "per": "always", "units": 2}]


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
        await claim(tx, anna, offer)
        await claim(tx, boris, offer)
        await together(tx, [anna, boris, carla])
    for each in (anna, boris, carla):
        with pytest.raises(LimitReached):
            async with database.writing() as tx:
                await claim(tx, each, offer)
    async with database.writing() as tx:
        dora, emil = await citizens(tx, 2)
        await claim(tx, dora, offer)
        await together(tx, [dora, emil])
        await claim(tx, emil, offer)
    with pytest.raises(LimitReached):
        async with database.writing() as tx:
            await claim(tx, emil, offer)
    async with database.writing() as tx:  # a new month, and with it a new limit for all three
        later = await make.offer(tx, per_citizen=9, limits=TWO, closes_at=NOON + 60 * DAY)
        await claim(tx, anna, later, now=NOON)
        await claim(tx, anna, later, now=NOON + 31 * DAY)
        await sound(tx)


async def test_moving_out_brings_no_fresh_limit_for_thirty_days(database):
    """A household that is used up stays used up for who leaves it, until they are on their own."""
    async with database.writing() as tx:
        anna, boris = await citizens(tx, 2)
        offer = await make.offer(tx, per_citizen=9, limits=FOR_EVER, closes_at=NOON + 60 * DAY)
        await together(tx, [anna, boris])
        await claim(tx, anna, offer)
        await claim(tx, anna, offer)
        await households.leave(tx, account_id=boris, now=NOON)
    with pytest.raises(LimitReached):
        async with database.writing() as tx:
            await claim(tx, boris, offer, now=NOON + 30 * DAY)
    async with database.writing() as tx:
        await claim(tx, boris, offer, now=NOON + 31 * DAY)
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
        """SELECT last.household_id FROM (
             SELECT m.household_id, m.left_at FROM household_member m
              WHERE m.account_id = 7 ORDER BY m.joined_at DESC LIMIT 1) AS last
            WHERE last.left_at IS NULL OR last.left_at > now()""",
        """SELECT m.account_id FROM household_member m
            WHERE m.household_id = 7 AND m.left_at IS NULL UNION SELECT 7""",
        "SELECT FROM citizen c WHERE c.account_id = 7 FOR KEY SHARE",
        "SELECT FROM household h WHERE h.id = 7 FOR SHARE",
    ]
    for each in statements:
        plan = "\n".join([line async for (line,) in await tx.execute("EXPLAIN " + each)])
        assert "Index" in plan, each
        assert "Seq Scan" not in plan, each
