"""Acts become grams and points: once, without overlap, within the day's caps."""

from datetime import timedelta
from uuid import RFC_4122, UUID

import pytest
from psycopg import AsyncCursor

from app.ids import bucket_of
from app.intake import providers
from app.intake.evidence import act_id
from app.ledger import balances, statement
from app.people import linking
from tests import city
from tests.city import MORNING, NOON, charge, metro, ride


async def test_a_ride_becomes_grams_and_points(tx):
    """3.7 km by bicycle are 180 g and, at 100 points a kilogram, 18 points, at once."""
    await city.programme(tx)
    anna = await city.citizen(tx)

    outcome = await city.one(tx, ride())

    assert (outcome.verdict, outcome.grams, outcome.points) == ("credited", 180, 18)
    wallet = await balances.balance(tx, account_id=anna.account_id)
    assert (wallet.available, wallet.held, wallet.version) == (18, 0, 1)
    [line] = await statement.page(tx, account_id=anna.account_id, before_seq=None, limit=10)
    assert (line.kind, line.points, line.ref) == ("earn", 18, outcome.reduction_id)


async def test_points_live_for_two_years_and_to_the_end_of_a_quarter(tx):
    """Points of March 2026 can be spent until 31 March 2028."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.one(tx, ride())

    [lot] = (await balances.balance(tx, account_id=anna.account_id)).lots

    assert (lot.expires_on.isoformat(), lot.points) == ("2028-03-31", 18)


async def test_a_batch_sent_twice_credits_once(tx):
    """The second answer repeats the first one's numbers, and the wallet does not move."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    rides = [ride(f"r{n}", start=MORNING + n * timedelta(hours=1)) for n in range(5)]

    first = await city.send(tx, *rides)
    again = await city.send(tx, *rides)

    assert [each.verdict for each in first.outcomes] == ["credited"] * 5
    assert [each.verdict for each in again.outcomes] == ["duplicate"] * 5
    assert [each.reduction_id for each in again.outcomes] == [
        each.reduction_id for each in first.outcomes
    ]
    assert (again.tally.grams, again.tally.points) == (0, 0)
    assert (await balances.balance(tx, account_id=anna.account_id)).available == 90


async def test_the_same_ref_twice_in_a_batch_is_credited_once(tx):
    """Exact duplicate lines of one file are one act."""
    await city.programme(tx)
    await city.citizen(tx)

    delivery = await city.send(tx, ride("same"), ride("same"))

    assert [each.verdict for each in delivery.outcomes] == ["credited", "duplicate"]


async def test_one_record_under_two_cards_is_one_act(tx):
    """A provider's number is spent once, whoever it is reported for; the second learns nothing."""
    await city.programme(tx)
    await city.citizen(tx, "anna")
    await city.citizen(tx, "boris")
    await city.one(tx, ride("trip"))

    outcome = await city.one(tx, ride("trip", subject="card-boris"))

    assert (outcome.verdict, outcome.reason) == ("duplicate", "seen_before")
    assert (outcome.grams, outcome.points, outcome.reduction_id) == (0, 0, None)


async def test_nobody_rides_two_things_at_once(tx):
    """A metro ride inside a bicycle ride is refused, in one batch or in two."""
    await city.programme(tx)
    await city.citizen(tx)
    inside = MORNING + timedelta(minutes=5)

    together = await city.send(tx, ride("a"), ride("b", start=inside))
    later = await city.one(tx, metro("c", start=inside))

    assert [each.reason for each in together.outcomes] == [None, "overlap"]
    assert (later.verdict, later.reason) == ("rejected", "overlap")


async def test_a_bus_may_follow_a_metro_at_the_same_instant(tx):
    """Intervals are half-open: touching acts do not overlap."""
    await city.programme(tx)
    await city.citizen(tx)

    delivery = await city.send(tx, ride("a"), metro("b", start=MORNING + timedelta(minutes=15)))

    assert [each.verdict for each in delivery.outcomes] == ["credited", "credited"]


async def test_an_earlier_act_that_reaches_into_a_later_one_is_refused(tx):
    """Overlap is found from both sides, also when records arrive out of order."""
    await city.programme(tx)
    await city.citizen(tx)
    await city.one(tx, ride("later", start=MORNING + timedelta(minutes=20)))

    outcome = await city.one(tx, metro("earlier", minutes=31))

    assert outcome.reason == "overlap"


async def test_two_holders_cannot_charge_one_car_at_once(tx):
    """A vehicle is a subject of its own: two citizens' overlapping charges collide."""
    await city.programme(tx)
    await city.citizen(tx, "anna")
    await city.citizen(tx, "boris")
    await city.one(tx, charge("a", vehicle_id="SU-L-12345"))

    same_car = await city.one(tx, charge("b", subject="card-boris", vehicle_id="SU-L-12345"))
    other_car = await city.one(tx, charge("c", subject="card-boris", vehicle_id="SU-L-99999"))

    assert same_car.reason == "overlap"
    assert other_car.verdict == "credited"


async def test_a_facet_of_ones_own_stands_in_the_acts_row(tx):
    """The energy of a car that no record names collides with itself, and needs no claim's row."""
    await city.programme(tx)
    await city.citizen(tx)

    first = await city.one(tx, charge("a"))
    meanwhile = await city.one(tx, ride(start=MORNING))
    again = await city.one(tx, charge("b", start=MORNING + timedelta(minutes=30)))

    assert (first.verdict, meanwhile.verdict, again.reason) == ("credited", "credited", "overlap")
    assert await (await tx.execute("SELECT count(*) FROM claim")).fetchone() == (0,)


async def test_the_seventh_metro_ride_of_a_day_is_refused(tx):
    """Six rides a day count, whether they come in one batch or in several."""
    await city.programme(tx)
    await city.citizen(tx)
    rides = [metro(f"m{n}", start=MORNING + n * timedelta(hours=1)) for n in range(7)]

    first = await city.send(tx, *rides[:4])
    rest = await city.send(tx, *rides[4:])

    assert first.tally.credited == 4
    assert [each.reason for each in rest.outcomes] == [None, None, "rides_per_day"]


async def test_a_day_of_cycling_is_cut_at_forty_kilometres(tx):
    """The act that crosses the limit counts with what is left, and says that it was cut."""
    await city.programme(tx)
    await city.citizen(tx)
    rides = [
        ride(f"r{n}", start=MORNING + n * timedelta(hours=2), minutes=60, distance_km="15")
        for n in range(4)
    ]

    outcomes = (await city.send(tx, *rides)).outcomes

    # 15 + 15 + 10 of 15 km at 48.7 g, then nothing.
    assert [each.grams for each in outcomes] == [730, 730, 487, 0]
    assert [each.reason for each in outcomes] == [None, None, "km_per_day", "km_per_day"]
    assert outcomes[3].verdict == "rejected"


async def test_a_batch_knows_what_two_methodologies_caps_hold(tx):
    """One batch fills the day of metro and that of cycling; the next one finds both full."""
    await city.programme(tx)
    await city.citizen(tx)
    metros = [metro(f"m{n}", start=MORNING + n * timedelta(hours=1)) for n in range(7)]
    evening = MORNING + timedelta(hours=7)
    rides = [
        ride(f"r{n}", start=evening + n * timedelta(hours=2), minutes=90, distance_km="20")
        for n in range(3)
    ]
    later = MORNING + timedelta(days=2)
    await city.send(tx, *metros[:6], *rides[:2], now=later)

    both = await city.send(tx, rides[2], metros[6], now=later)

    assert {each.reason for each in both.outcomes} == {"km_per_day", "rides_per_day"}


async def test_a_held_record_is_kept_but_pays_nothing(tx):
    """What a person must look at is stored with its evidence; sending it again is a duplicate."""
    await city.programme(tx)
    anna = await city.citizen(tx)

    held = await city.one(tx, ride(minutes=4))
    again = await city.one(tx, ride(minutes=4))

    assert (held.verdict, held.reason, again.verdict) == ("held", "too_fast", "duplicate")
    assert (await balances.balance(tx, account_id=anna.account_id)).available == 0
    row = await (await tx.execute("SELECT reason_code FROM held_activity")).fetchone()
    assert row == ("too_fast",)


async def test_withdrawal_stops_intake_at_once(tx):
    """After unlinking, the next record of the same card is a stranger's."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.one(tx, ride("before"))
    row = await (await tx.execute("SELECT subject FROM link")).fetchone()
    assert row is not None
    await linking.unlink(tx, account_id=anna.account_id, subject=row[0], now=NOON)

    assert (await city.one(tx, metro("after"))).reason == "no_consent"


async def test_evidence_follows_the_holder_of_the_moment(tx):
    """A card that changed hands credits whoever held it when the act ended."""
    await city.programme(tx)
    anna = await city.citizen(tx, "anna", card="shared")
    row = await (await tx.execute("SELECT subject FROM link")).fetchone()
    assert row is not None
    await linking.unlink(tx, account_id=anna.account_id, subject=row[0], now=NOON)
    boris = await city.citizen(tx, "boris", card="shared")

    after = NOON + timedelta(hours=2)
    outcome = await city.one(tx, ride(subject="shared", start=NOON + timedelta(hours=1)), now=after)

    assert outcome.verdict == "credited"
    assert (await balances.balance(tx, account_id=boris.account_id)).available == 18


@pytest.mark.parametrize("size", [2, 60])
async def test_the_number_of_statements_does_not_depend_on_the_batch(tx, size, monkeypatch):
    """Sixty records take as many statements as two."""
    await city.programme(tx)
    for n in range(size):
        await city.citizen(tx, f"p{n}")
    seen: list[str] = []
    original = AsyncCursor.execute

    async def counting(self, query, *arguments, **keywords):
        seen.append(str(query))
        return await original(self, query, *arguments, **keywords)

    records = [ride(f"r{n}", subject=f"card-p{n}") for n in range(size)]
    records[0] = charge("c", subject="card-p0", vehicle_id="car")
    versions = await city.versions(tx)
    monkeypatch.setattr(AsyncCursor, "execute", counting)
    monkeypatch.setattr(city, "versions", lambda _: _ready(versions))

    delivery = await city.send(tx, *records)

    assert delivery.tally.credited == size
    assert len(seen) == STATEMENTS


STATEMENTS = 15
"""Provider; holders; two locks of balances, two of vehicles; consents, claims, the citizens' own
acts, ids;
then evidence, reductions, claims of vehicles, points, and the batch's own row."""


async def _ready(versions):
    return versions


async def test_bucket_leads_what_a_citizen_owns(tx):
    """Every row of one citizen lies in the bucket of the account."""
    await city.programme(tx)
    anna = await city.citizen(tx)
    await city.one(tx, ride())

    for table in ("balance", "entry", "reduction", "evidence"):
        row = await (await tx.execute(f"SELECT bucket FROM {table}")).fetchone()
        assert row == (bucket_of(anna.account_id),), table


async def test_an_id_is_the_records_number_in_another_form(tx):
    """A reduction's public id is a UUIDv8 that the key and the provider's number give again."""
    await city.programme(tx)
    await city.citizen(tx)
    outcome = await city.one(tx, ride("ride-17"))
    assert isinstance(outcome.reduction_id, UUID)
    assert (outcome.reduction_id.version, outcome.reduction_id.variant) == (8, RFC_4122)
    provider = (await providers.by_code(tx, code="bikes")).id
    assert outcome.reduction_id == act_id(city.SUBJECT_KEY, provider_id=provider, ref="ride-17")
    assert outcome.reduction_id != act_id(b"x" * 32, provider_id=provider, ref="ride-17")
