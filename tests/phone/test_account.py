"""The carbon account: what a citizen's acts came to."""

from datetime import date, timedelta

from app.phone.account import months_until
from app.phone.equivalents import PICTURES
from app.reductions import account
from tests import city, make
from tests.city import MORNING


async def test_the_account_sums_by_scenario_and_month(client, tx, keys):
    """Two rides and a metro trip of two months, with equivalents and their sources."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.send(
        tx,
        city.ride("ride-1"),
        city.metro("metro-1", start=MORNING + timedelta(hours=1)),
        city.ride("ride-2", start=MORNING + timedelta(hours=24)),
    )
    headers = make.citizen_headers(keys, anna.account_id)

    answer = await client.get("/v1/me/account", headers=headers)

    told = answer.json()
    assert (told["acts"], told["grams_g"], told["points"]) == (3, 939, 93)
    assert told["since"] == "2026-02-28"
    assert [(each["scenario"], each["grams_g"]) for each in told["by_scenario"]] == [
        ("transit_rail", 579),
        ("bike_ride", 360),
    ]
    assert len(told["by_month"]) == 12
    assert [(each["month"], each["grams_g"]) for each in told["by_month"][-2:]] == [
        ("2026-02", 759),
        ("2026-03", 180),
    ]
    assert told["equivalents"][0]["text"] == "As much as a petrol car emits over 3.7 km"
    assert all(each["source"] and each["grade"] for each in told["equivalents"])


async def test_an_unchanged_account_is_not_sent_again(client, tx, keys):
    """304 to its ETag, until an act comes, or the reader's language changes."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    headers = make.citizen_headers(keys, anna.account_id)
    first = await client.get("/v1/me/account", headers=headers)
    known = {"If-None-Match": first.headers["etag"]}

    again = await client.get("/v1/me/account", headers=headers | known)
    assert (again.status_code, again.content) == (304, b"")
    chinese = {"Accept-Language": "zh-CN"}
    assert (
        await client.get("/v1/me/account", headers=headers | known | chinese)
    ).status_code == 200
    await city.one(tx, city.ride())
    assert (await client.get("/v1/me/account", headers=headers | known)).status_code == 200


async def test_a_long_life_is_one_range_of_ones_own(tx):
    """With 5,000 acts beside 20,000 of others, no row of anybody else's is read."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.one(tx, city.ride())
    await tx.execute(_MANY, {"account": anna.account_id, "n": 5_000})
    for stranger in range(4):
        await tx.execute(_MANY, {"account": 1024 * (9_000 + stranger) + 1, "n": 5_000})
    await tx.execute("ANALYZE reduction")

    rows = await tx.execute(
        "EXPLAIN (ANALYZE, BUFFERS OFF, COSTS OFF, FORMAT JSON) " + account._SUMS,
        {"account": anna.account_id, "bucket": anna.account_id % 1024},
    )
    plan = str((await rows.fetchone())[0])

    assert "Seq Scan" not in plan.replace("'Relation Name': 'reduction_correction'", "")
    assert "'Rows Removed by Filter'" not in plan
    assert sum(each.acts for each in await account.sums(tx, account_id=anna.account_id)) == 5_001


def test_twelve_months_end_with_this_one():
    """The list crosses a new year without a gap."""
    found = months_until(date(2026, 2, 28))
    assert (found[0], found[-1], len(found)) == (date(2025, 3, 1), date(2026, 2, 1), 12)


def test_pictures_are_rounded_down():
    """Doubt costs us: just below a unit is not yet one."""
    for each in PICTURES:
        assert each.amount(each.grams_per_unit - 1) == "0.9"
        assert each.amount(each.grams_per_unit) == "1.0"


_MANY = """
INSERT INTO reduction (id, account_id, occurred_at, grams, points, points_per_kg, duration_s,
                       shape_id, block_no, occurred_on, version_id, factor_set_id, scope, line,
                       bucket, inputs)
SELECT gen_random_uuid(), %(account)s, r.occurred_at - n * interval '3 hours', r.grams, r.points,
       r.points_per_kg, 0, r.shape_id, 0, r.occurred_on - n / 8, r.version_id, r.factor_set_id, 0,
       0, (%(account)s::bigint %% 1024)::smallint, r.inputs
  FROM (SELECT * FROM reduction LIMIT 1) AS r, generate_series(1, %(n)s::int) AS n
"""
