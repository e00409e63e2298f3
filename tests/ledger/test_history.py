"""The past: as it was known, as it was in effect, and over HTTP."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.ids import new_id
from app.ledger import balances, hold, units
from app.ledger.earn import Earning, earn
from app.ledger.history import effective_at, known_at
from tests import make
from tests.ledger.book import earned, spent
from tests.make import NOON, QUARTER_END, citizen_headers

HOUR = timedelta(hours=1)
COMING = NOON + 30 * HOUR * 24


async def credit(tx, account_id, points, *, happened_at, now):
    """Points for something that happened before it was booked."""
    earning = Earning(account_id, points, new_id(), happened_at)
    await earn(tx, earnings=[earning], expires_on=QUARTER_END, now=now)


async def test_what_was_known_and_what_had_happened_differ(tx):
    """A ride of the morning that is booked at noon was in effect before it was known."""
    anna = make.account()
    await credit(tx, anna, 10, happened_at=NOON - 5 * HOUR, now=NOON)

    before, after = NOON - HOUR, NOON + HOUR
    assert await known_at(tx, account_id=anna, at=before) == 0
    assert await effective_at(tx, account_id=anna, at=before) == 10
    assert await known_at(tx, account_id=anna, at=after) == 10
    assert await known_at(tx, account_id=anna, at=NOON) == 10


async def test_held_points_are_in_the_past(tx):
    """A hold is no entry: the past knows the points as not yet gone."""
    anna = make.account()
    await credit(tx, anna, 10, happened_at=NOON, now=NOON)
    await hold.hold(tx, account_id=anna, points=4)
    assert await known_at(tx, account_id=anna, at=COMING) == 10
    assert await effective_at(tx, account_id=anna, at=COMING) == 10


@given(
    entries=st.lists(
        st.tuples(st.integers(1, 9), st.integers(0, 60), st.integers(0, 40)), max_size=15
    ),
    asked=st.integers(-5, 110),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_the_past_is_the_replay_of_entries(connection, entries, asked):
    """At any moment, over the borders of months: sums of what was booked, or had happened."""
    async with connection.transaction(force_rollback=True):
        anna, replay, now = make.account(), [], NOON
        for points, later_days, late_days in entries:
            now += timedelta(days=later_days, seconds=1)
            happened_at = now - timedelta(days=late_days)
            await credit(connection, anna, points, happened_at=happened_at, now=now)
            replay.append((points, now, happened_at))
        at = NOON + timedelta(days=asked)
        known = sum(points for points, booked, _ in replay if booked <= at)
        effective = sum(points for points, _, happened in replay if happened <= at)
        assert await known_at(connection, account_id=anna, at=at) == known
        assert await effective_at(connection, account_id=anna, at=at) == effective


async def test_a_citizen_asks_for_the_past(client, keys, tx):
    """Exactly one of the two moments, with its zone; an unknown unit is said to be unknown."""
    anna = make.account()
    await credit(tx, anna, 10, happened_at=NOON - 5 * HOUR, now=NOON)
    headers, path = citizen_headers(keys, anna), "/v1/me/wallet/at"
    before = (NOON - HOUR).isoformat()

    known = await client.get(path, params={"known_at": before}, headers=headers)
    effective = await client.get(path, params={"effective_at": before}, headers=headers)
    neither = await client.get(path, headers=headers)
    both = {"known_at": before, "effective_at": before}
    unclear = await client.get(path, params=both, headers=headers)
    naive = await client.get(path, params={"known_at": "2026-03-01T00:00:00"}, headers=headers)
    gold = await client.get(path, params={"known_at": before, "unit": "gold"}, headers=headers)

    assert (known.json()["balance"], effective.json()["balance"]) == (0, 10)
    assert known.json()["held_included"] is True
    assert {each.status_code for each in (neither, unclear, naive)} == {422}
    assert (gold.status_code, gold.json()["code"]) == (404, "unit-not-found")


async def test_a_wallet_shows_every_unit(client, keys, tx):
    """Ordinary points first, a campaign's beside them, each with what expires next."""
    anna = await make.rich(tx, 100)
    spring = await units.define(
        tx, code="spring", name_zh="春季", name_en="Spring", last_day=QUARTER_END
    )
    await earned(tx, anna, 7, unit=spring.id)
    await spent(tx, anna, 40)
    headers = citizen_headers(keys, anna)

    answer = await client.get("/v1/me/wallet", headers=headers)
    wallet = answer.json()
    same = await client.get(
        "/v1/me/wallet", headers=headers | {"If-None-Match": answer.headers["etag"]}
    )
    await earned(tx, anna, 1, unit=spring.id)
    other = await client.get(
        "/v1/me/wallet", headers=headers | {"If-None-Match": answer.headers["etag"]}
    )
    lines = await client.get("/v1/me/statement?unit=spring", headers=headers)

    assert (wallet["available"], wallet["consumed"]) == (60, 40)
    assert wallet["expires_next"] == {"expires_on": "2028-03-31", "points": 60}
    assert [(each["unit"], each["available"]) for each in wallet["others"]] == [("spring", 7)]
    assert (same.status_code, other.status_code) == (304, 200)
    assert [each["points"] for each in lines.json()["items"]] == [1, 7]
    assert await balances.wallet(tx, account_id=make.account()) == {}
