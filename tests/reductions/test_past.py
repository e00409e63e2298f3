"""Acts that depend on what came before, windows longer than a day, and points without grams.

The platform fetches what a methodology declares, under the citizen's lock.
"""

from datetime import UTC, date, datetime, timedelta

from app.ledger import balances
from app.ledger import verify as ledger_verify
from app.reductions import verify as reductions_verify
from tests import city
from tests.city import MORNING, NOON, metro

EVERYTHING = (
    "transit_rail", "transit_bus", "car_free_day", "home_elec_hist", "e_statement",
    "clothes_recycle", "walking_steps",
)  # fmt: skip


def record(methodology, ref, start, end, *, subject="card-anna", **data):
    """A record of any methodology."""
    times = {"started_at": start.isoformat(), "ended_at": end.isoformat()}
    return {"ref": ref, "subject": subject, "methodology": methodology, "data": times | data}


def car_free(ref="free", day=MORNING):
    """A petrol car left at home for a civil day."""
    start = day.replace(hour=0)
    return record(
        "car_free_day",
        ref,
        start,
        start + timedelta(days=1),
        mean_daily_km="28",
        fuel="petrol",
        consumption_l_per_100km="7.2",
        declared_before="yes",
        proof="telematics",
        plate_hash="SU-L-1",
    )


def bill(ref, year, month, use_kwh, **data):
    """A month's electricity in Jiangsu."""
    start = datetime.fromisoformat(f"{year}-{month:02d}-01T00:00:00+08:00")
    end = datetime.fromisoformat(f"{year}-{month + 1:02d}-01T00:00:00+08:00")
    return record(
        "home_elec_hist",
        ref,
        start,
        end,
        use_kwh=use_kwh,
        billing_days="30",
        grid_region="CN-JS",
        reading="actual",
        meter_hash="meter-7",
        **data,
    )


async def sound(tx):
    """No law of the books is broken."""
    found = await ledger_verify.checks(tx)
    found += await reductions_verify.checks(tx, versions=await city.versions(tx))
    assert [check.name for check in found if check.breaches] == []


async def test_a_car_free_day_is_net_of_the_rides_of_that_day(tx):
    """3,790 g of the car, less the 579 g of a metro ride, in the same batch or before it."""
    await city.programme(tx)
    await city.citizen(tx, "anna", scenarios=EVERYTHING)
    await city.citizen(tx, "boris", scenarios=EVERYTHING)

    together = await city.send(tx, metro(), car_free())
    alone = await city.one(
        tx,
        {
            **car_free("b"),
            "subject": "card-boris",
            "data": car_free()["data"] | {"plate_hash": "SU-L-2"},
        },
    )

    assert [each.grams for each in together.outcomes] == [579, 3211]
    assert alone.grams == 3790
    await sound(tx)


async def test_a_bill_is_compared_with_the_same_month_of_the_year_before(tx):
    """The first year the utility tells the past; the next year the platform knows it."""
    await city.programme(tx)
    then = datetime(2025, 3, 2, 4, tzinfo=UTC)
    await city.citizen(tx, "anna", scenarios=EVERYTHING, now=then - timedelta(days=60))
    await tx.execute("INSERT INTO tariff VALUES ('home_elec_hist', '2021-01-01', 100)")

    nothing = await city.one(tx, bill("x", 2025, 2, "171"), now=then)
    first = await city.one(tx, bill("a", 2025, 2, "171", same_month_kwh=["212", "198"]), now=then)
    second = await city.one(tx, bill("b", 2026, 2, "150"), now=NOON)

    assert (nothing.verdict, nothing.reason) == ("rejected", "no_history")
    assert (first.reason, second.reason) == (None, None)
    # 205 - 171 = 34 kWh at 0.5827; then 171 - 150 = 21 kWh.
    assert (first.grams, second.grams) == (19_811, 12_236)
    await sound(tx)


async def test_boarding_the_same_line_again_is_the_same_trip(tx):
    """Within ten minutes of getting off, another bus of the line is no second ride."""
    await city.programme(tx)
    await city.citizen(tx, "anna", scenarios=EVERYTHING)
    rides = [
        record(
            "transit_bus",
            f"bus-{n}",
            MORNING + timedelta(minutes=minutes),
            MORNING + timedelta(minutes=minutes + 12),
            mode="distance",
            distance_km="5",
            line_no=line,
        )
        for n, (minutes, line) in enumerate([(0, "332"), (18, "332"), (40, "10"), (62, "332")])
    ]

    first = await city.send(tx, rides[0])
    rest = await city.send(tx, *rides[1:])

    assert first.tally.credited == 1
    assert [each.reason for each in rest.outcomes] == ["same_trip", None, None]


async def test_a_cap_of_a_quarter_cuts_what_is_too_much(tx):
    """Thirty kilograms of clothes a quarter: of twice twenty, the second counts with ten."""
    await city.programme(tx)
    await city.citizen(tx, "anna", scenarios=EVERYTHING)
    bags = [
        record(
            "clothes_recycle",
            f"bag-{n}",
            MORNING + timedelta(days=-n),
            MORNING + timedelta(days=-n, hours=1),
            mass_kg="20",
            order_no=f"order-{n}",
        )
        for n in range(3)
    ]
    for bag in bags:
        bag["data"].pop("started_at")

    outcomes = (await city.send(tx, *bags)).outcomes

    assert [each.grams for each in outcomes] == [57_600, 28_800, 0]
    assert [each.reason for each in outcomes[1:]] == ["kg_per_quarter"] * 2
    await sound(tx)


async def test_a_natural_key_is_capped_whoever_reports_it(tx):
    """One e-statement of an account a month, although two people name the account."""
    await city.programme(tx)
    await city.citizen(tx, "anna", scenarios=EVERYTHING)
    await city.citizen(tx, "boris", scenarios=EVERYTHING)
    start = datetime.fromisoformat("2026-02-01T00:00:00+08:00")
    end = datetime.fromisoformat("2026-03-01T00:00:00+08:00")
    statements = [
        record(
            "e_statement",
            f"s-{name}",
            start,
            end,
            subject=f"card-{name}",
            sheets_avoided="8",
            order_no=f"o-{name}",
            account_hash="account-7",
        )
        for name in ("anna", "boris")
    ]

    first = await city.one(tx, statements[0])
    second = await city.one(tx, statements[1])

    assert (first.verdict, first.grams) == ("credited", 53)
    assert (second.verdict, second.reason) == ("rejected", "one_a_month")


async def test_steps_earn_points_and_never_grams(tx):
    """Ten thousand steps are encouragement: two points a thousand, and not one gram."""
    await city.programme(tx)
    anna = await city.citizen(tx, "anna", scenarios=EVERYTHING)
    await tx.execute("INSERT INTO tariff VALUES ('walking_steps', %s, 2)", (date(2021, 1, 1),))
    steps = record("walking_steps", "steps", MORNING, MORNING, steps="10000", goal="8000")
    steps["data"].pop("started_at")

    outcome = await city.one(tx, steps)

    assert (outcome.verdict, outcome.grams, outcome.points) == ("credited", 0, 20)
    assert (await balances.balance(tx, account_id=anna.account_id)).available == 20
    await sound(tx)
