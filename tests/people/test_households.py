"""Households: opened, joined by a code, left; never more than eight, never two at once."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest

from app.people import households, join_codes, verify
from app.people.errors import (
    HouseholdFull,
    HouseholdLeft,
    HouseholdNotFound,
    HouseholdTaken,
    JoinCodeUnknown,
)
from app.people.register import register_citizen
from app.problems import DomainError
from tests.make import NOON, citizen_headers, keyless

DAY = timedelta(days=1)
KEY = b"s" * 32


async def people(tx, number):
    """Accounts of new citizens."""
    return [
        (
            await register_citizen(tx, nickname=uuid4().hex[:12], district_code="321102", now=NOON)
        ).account_id
        for _ in range(number)
    ]


async def opened(tx, account_id, now=NOON):
    """A household's first code."""
    made = await households.open_household(tx, account_id=account_id, key=KEY, now=now)
    return made.text


async def join(tx, account_id, code, now=NOON):
    """Join by a code."""
    await households.join(tx, account_id=account_id, code=code, key=KEY, now=now)


async def sound(tx, *, of):
    """Each household counts its people; one of them has so many."""
    check, _ = await verify.checks(tx)
    assert (check.rows > 0, check.breaches) == (True, 0)
    rows = await tx.execute("SELECT max(members) FROM household")
    assert await rows.fetchone() == (of,)


async def test_a_family_over_http(client, keys, database):
    """One opens, another joins with what was typed by hand, both see each other, one leaves."""
    async with database.writing() as tx:
        anna, boris = await people(tx, 2)
    ours, his = (keyless(citizen_headers(keys, each)) for each in (anna, boris))
    made = await client.post("/v1/me/household", headers=ours)
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    assert made.json()["valid_until"] == "2026-03-02T04:00:00Z"
    code = made.json()["join_code"]
    twice = await client.post("/v1/me/household", headers=ours)
    assert (twice.status_code, twice.json()["code"]) == (409, "household-taken")

    typed = {"join_code": f" {code.lower().replace('-', ' ').replace('0', 'o')} "}
    joined = await client.post("/v1/me/household/join", json=typed, headers=his)
    assert joined.status_code == 200, joined.text
    again = await client.post("/v1/me/household/join", json=typed, headers=his)
    assert again.json() == joined.json()
    seen = (await client.get("/v1/me/household", headers=ours)).json()
    assert [each["is_you"] for each in seen["members"]].count(True) == 1
    names = [{each["nickname"] for each in found["members"]} for found in (seen, joined.json())]
    assert names[0] == names[1]
    assert len(names[0]) == 2
    assert "join_code" not in seen

    for _ in range(2):
        assert (await client.delete("/v1/me/household", headers=his)).status_code == 204
    gone = await client.get("/v1/me/household", headers=his)
    assert (gone.status_code, gone.json()["code"]) == (404, "household-not-found")
    stranger = await client.post("/v1/me/household", headers=his)
    assert (stranger.json()["code"], stranger.json()["until"][:10]) == (
        "household-left",
        "2026-03-31",
    )


async def test_a_household_whose_answer_was_lost_is_opened_once(client, keys, database):
    """The same key brings the same code again, and it opens; the kept answer does not hold it."""
    async with database.writing() as tx:
        anna, boris = await people(tx, 2)
    ours, his = citizen_headers(keys, anna), citizen_headers(keys, boris)
    first = await client.post("/v1/me/household", headers=ours)
    again = await client.post("/v1/me/household", headers=ours)
    assert (again.status_code, again.json()) == (201, first.json())
    typed = {"join_code": first.json()["join_code"]}
    assert (await client.post("/v1/me/household/join", json=typed, headers=his)).is_success
    async with database.reading() as tx:
        rows = await tx.execute("SELECT response FROM request WHERE account_id = %s", (anna,))
        assert [set(row[0]) for row in await rows.fetchall()] == [{"valid_until"}]


async def test_a_code_is_kept_by_nobody_and_guessed_by_nobody(tx):
    """The row holds another key's secret; a code is sixty bits and is void when renewed or late."""
    anna, boris = await people(tx, 2)
    code = await opened(tx, anna)
    plain = code.replace("-", "")
    rows = await tx.execute("SELECT h::text, encode(code_digest, 'hex') FROM household h")
    [(text, digest)] = await rows.fetchall()
    assert plain not in text
    assert digest == join_codes.digest_of(KEY, code).hex() != join_codes.digest_of(b"x", code).hex()
    assert len(plain) == 12
    assert len({join_codes.fresh() for _ in range(100)}) == 100
    fresh = (await households.renew_code(tx, account_id=anna, key=KEY, now=NOON)).text
    for wrong, now in ((code, NOON), (fresh, NOON + DAY), ("ABC", NOON), ("U" * 12, NOON)):
        with pytest.raises(JoinCodeUnknown):
            await join(tx, boris, wrong, now)
    await join(tx, boris, fresh)
    with pytest.raises(HouseholdNotFound):
        await households.renew_code(tx, account_id=(await people(tx, 1))[0], key=KEY, now=NOON)


async def test_who_leaves_joins_no_other_for_thirty_days_but_may_come_back(tx):
    """Another household is closed until the day; the former one stays open all the time."""
    anna, boris, carla = await people(tx, 3)
    home, other = await opened(tx, anna), await opened(tx, carla)
    await join(tx, boris, home)
    with pytest.raises(HouseholdTaken):
        await join(tx, boris, other)
    await households.leave(tx, account_id=boris, now=NOON)
    with pytest.raises(HouseholdLeft):
        await join(tx, boris, other)
    await join(tx, boris, home)
    await households.leave(tx, account_id=boris, now=NOON)
    until = NOON + 30 * DAY
    with pytest.raises(HouseholdLeft):
        await opened(tx, boris, until - timedelta(seconds=1))
    fresh = await households.renew_code(tx, account_id=carla, key=KEY, now=until)
    await join(tx, boris, fresh.text, until + timedelta(seconds=1))
    await sound(tx, of=2)


async def test_the_last_to_leave_locks_the_door(tx):
    """A household without people opens to nobody, whatever code was told."""
    anna, boris = await people(tx, 2)
    code = await opened(tx, anna)
    await households.leave(tx, account_id=anna, now=NOON)
    with pytest.raises(JoinCodeUnknown):
        await join(tx, boris, code)
    await sound(tx, of=0)


async def attempts(database, acts):
    """Acts at once, each in a transaction that commits; what became of each."""
    start = asyncio.Barrier(len(acts))

    async def one(act, *args):
        try:
            async with database.writing() as tx:
                await start.wait()  # everybody has a connection of their own
                await act(tx, *args)
        except DomainError as refusal:
            return type(refusal)
        return None

    return Counter(await asyncio.gather(*(one(*each) for each in acts)))


async def test_many_ask_for_the_last_place(committing):
    """Seven are in, six ask at once: one gets in, and the household is full."""
    async with committing.writing() as tx:
        family, asking = await people(tx, 7), await people(tx, 6)
        code = await opened(tx, family[0])
        for each in family[1:]:
            await join(tx, each, code)
    answers = await attempts(committing, [(join, each, code) for each in asking])
    assert answers == {None: 1, HouseholdFull: 5}
    async with committing.reading() as tx:
        await sound(tx, of=8)


async def test_one_citizen_at_two_doors(committing):
    """Two phones of one citizen join two households at once: they live in one."""
    async with committing.writing() as tx:
        *hosts, guest = await people(tx, 5)
        codes = [await opened(tx, each) for each in hosts]
    answers = await attempts(committing, [(join, guest, code) for code in codes])
    assert answers == {None: 1, HouseholdTaken: 3}
    async with committing.reading() as tx:
        await sound(tx, of=2)


async def test_joining_and_leaving_at_once(committing):
    """Eight live together; all leave while others join: each act is whole, the count is true."""
    async with committing.writing() as tx:
        family, asking = await people(tx, 8), await people(tx, 4)
        code = await opened(tx, family[0])
        for each in family[1:]:
            await join(tx, each, code)

    async def leave(tx, account_id):
        await households.leave(tx, account_id=account_id, now=NOON + DAY / 2)

    acts = [(leave, each) for each in family[1:]] + [
        (join, each, code, NOON + DAY / 2) for each in asking
    ]
    answers = await attempts(committing, acts)
    assert set(answers) <= {None, HouseholdFull}
    joined = answers[None] - 7
    async with committing.reading() as tx:
        await sound(tx, of=1 + joined)


@pytest.mark.parametrize(
    "breach",
    [
        "UPDATE household SET members = members + 1",
        "UPDATE household_member SET left_at = 'infinity'",
    ],
)
async def test_verify_sees_a_household_that_counts_wrong(tx, breach):
    """A count without its people, and people without their count, are each found."""
    await opened(tx, (await people(tx, 1))[0])
    await tx.execute(breach)
    check, _ = await verify.checks(tx)
    assert check.breaches >= 1
