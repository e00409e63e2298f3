"""Builders of a small city: a programme, a provider, citizens with linked cards, records.

Each returns something valid; a test names only what it cares about.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.catalogue import register
from app.catalogue.versions import Catalogue, Versions
from app.database import Database, Tx
from app.intake import providers
from app.intake.records import read_records
from app.lanes import Lanes
from app.people import linking
from app.people.register import CitizenView, register_citizen
from app.people.seats import Role, Seat
from app.people.subjects import digest_of
from app.people.tokens import Audience, Tokens
from app.reductions.decisions import Outcome
from app.reductions.deliver import Delivery, deliver
from app.reductions.lane_deliver import deliver_in_lanes

NOON = datetime(2026, 3, 1, 4, tzinfo=UTC)
SUBJECT_KEY = b"s" * 32
SCENARIOS = ("bike_ride", "transit_rail", "ev_charge")
RATES = {"bike_ride": 100, "transit_rail": 100, "ev_charge": 20}
MORNING = datetime.fromisoformat("2026-02-28T08:00:00+08:00")


async def programme(tx: Tx) -> None:
    """Zhenjiang, with the shipped catalogue and the provider ``bikes``."""
    await register.register_shipped(tx, active_from=date(2021, 1, 1), now=NOON)
    await register.set_up(
        tx,
        city_code="3211",
        name_zh="镇江",
        name_en="Zhenjiang",
        zone="Asia/Shanghai",
        pack="CN",
        points_life_months=24,
        points_per_kg=RATES,
        tariff_from=date(2021, 1, 1),
        now=NOON,
    )
    await providers.admit(tx, code="bikes", name_zh="镇江单车", name_en="Zhenjiang Bikes", now=NOON)


async def citizen(
    tx: Tx,
    name: str = "anna",
    *,
    card: str | None = None,
    scenarios: Any = SCENARIOS,
    key: bytes = SUBJECT_KEY,
    now: datetime = NOON,
) -> CitizenView:
    """A citizen whose card (``card-<name>`` by default) is linked with ``bikes``."""
    person = await register_citizen(tx, nickname=name, district_code="321102", now=now)
    provider = await providers.by_code(tx, code="bikes")
    number = card or f"card-{name}"
    await linking.link(
        tx,
        account_id=person.account_id,
        provider_id=provider.id,
        subject=digest_of(key, provider_id=provider.id, subject=number),
        scenarios=scenarios,
        now=now,
    )
    return person


def ride(
    ref: str = "ride-1",
    *,
    subject: str = "card-anna",
    start: datetime = MORNING,
    minutes: int = 15,
    distance_km: Any = "3.7",
    **data: Any,
) -> dict[str, Any]:
    """A bicycle ride of 3.7 km in a quarter of an hour: 180 g, 18 points."""
    fields = {
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(minutes=minutes)).isoformat(),
        "distance_km": distance_km,
    }
    fields |= data
    kept = {name: value for name, value in fields.items() if value is not None}
    return {"ref": ref, "subject": subject, "methodology": "bike_ride", "data": kept}


def metro(
    ref: str = "metro-1",
    *,
    subject: str = "card-anna",
    start: datetime = MORNING,
    minutes: int = 31,
    distance_km: str = "12.4",
) -> dict[str, Any]:
    """A metro ride of 12.4 km: 579 g, 57 points."""
    data = {
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(minutes=minutes)).isoformat(),
        "entry_station": "S1",
        "exit_station": "S9",
        "distance_km": distance_km,
    }
    return {"ref": ref, "subject": subject, "methodology": "transit_rail", "data": data}


def charge(
    ref: str = "charge-1",
    *,
    subject: str = "card-anna",
    start: datetime = MORNING,
    minutes: int = 60,
    energy_kwh: str = "32.5",
    **data: Any,
) -> dict[str, Any]:
    """A charge of 32.5 kWh in Jiangsu: 8,441 g, 168 points."""
    fields = {
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(minutes=minutes)).isoformat(),
        "energy_kwh": energy_kwh,
        "grid_region": "CN-JS",
    }
    return {"ref": ref, "subject": subject, "methodology": "ev_charge", "data": fields | data}


async def versions(tx: Tx) -> Versions:
    """The catalogue's picture of this moment."""
    return await Catalogue().versions(tx)


async def send(tx: Tx, *records: dict[str, Any], now: datetime = NOON) -> Delivery:
    """Deliver records as the provider ``bikes``."""
    provider = await providers.by_code(tx, code="bikes")
    readable, malformed = read_records(records)
    return await deliver(
        tx,
        provider_id=provider.id,
        records=readable,
        malformed=malformed,
        versions=await versions(tx),
        subject_key=SUBJECT_KEY,
        now=now,
    )


async def one(tx: Tx, record: dict[str, Any], *, now: datetime = NOON) -> Outcome:
    """Deliver one record; its outcome."""
    return (await send(tx, record, now=now)).outcomes[0]


def bearer(tokens: Tokens, audience: Audience, subject: str, account_id: int = 0) -> dict[str, str]:
    """The header that signs a caller in."""
    seat = Seat(Role.manager) if audience is Audience.merchant else None
    token = tokens.sign(audience, subject=subject, account_id=account_id, seat=seat, now=NOON)
    return {"Authorization": f"Bearer {token}"}


async def send_in_lanes(
    database: Database, *records: dict[str, Any], lanes: Lanes | None, now: datetime = NOON
) -> Delivery:
    """Deliver records in a transaction of their own, or in lanes."""
    if lanes is None:
        async with database.writing() as tx:
            return await send(tx, *records, now=now)
    async with database.reading() as tx:
        provider = await providers.by_code(tx, code="bikes")
        known = await versions(tx)
    readable, malformed = read_records(records)
    return await deliver_in_lanes(
        database,
        lanes=lanes,
        provider_id=provider.id,
        records=readable,
        malformed=malformed,
        versions=known,
        subject_key=SUBJECT_KEY,
        now=now,
    )
