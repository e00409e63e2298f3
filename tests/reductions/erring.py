"""A city whose bicycle methodology had an error, and the version that puts it right."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from app.catalogue import budgets_verify
from app.database import Tx
from app.ledger import verify as ledger_verify
from app.reductions import correct, correct_run
from app.reductions import verify as reductions_verify
from methodologies import registry
from methodologies.canonical import canonical_json, content_hash
from methodologies.documents import from_canonical, tree_of_json
from tests import city
from tests.city import NOON, ride

LATER = NOON + timedelta(days=2)
DAYS = (date(2026, 1, 1), date(2026, 4, 1))
WORDS = ("里程上限录入有误,现予更正。", "The distance limit had been mistyped.")


HALF = "min(distance_km, max_ride_km) / 2"


async def corrected_version(
    tx: Tx, *, version: str = "1.0.1", formula: str = HALF, shortest_km: str | None = None
) -> int:
    """Register a version of ``bike_ride`` that counts other kilometres, or fewer rides."""
    shipped = next(each for each in registry.shipped() if each.manifest.id == "bike_ride")
    tree = tree_of_json(shipped.manifest.canonical_json)
    tree |= {"version": version}
    for term in tree["terms"]:
        if term["name"] == "counted_km":
            term["formula"] = formula
    for parameter in tree["parameters"]:
        if parameter["name"] == "min_ride_km" and shortest_km is not None:
            parameter["value"] = shortest_km
    tree["vectors"] = [
        each for each in tree["vectors"] if each["expect"].get("status") != "quantified"
    ]
    tree |= {
        "supersedes": "1.0.0",
        "kind": "error-correction",
        "changes": {"zh": WORDS[0], "en": WORDS[1]},
    }
    text = from_canonical(canonical_json(tree)).manifest.canonical_json
    day = date(2026, 5, int(version[-1]))
    await tx.execute(
        "UPDATE methodology_version SET active_until = %s, state = 'superseded'"
        " WHERE methodology = 'bike_ride' AND active_until IS NULL",
        (day,),
    )
    row = await (
        await tx.execute(
            "INSERT INTO methodology_version (id, methodology, version, content_hash, body, author,"
            " active_from, registered_at, state) SELECT nextval('version_number'), 'bike_ride',"
            " %s::text, %s::text, %s::text, 'officer:x', %s::date, now(), 'active' RETURNING id",
            (version, content_hash(text), text, day),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def town(
    tx: Tx, *, people: int, each: int, formula: str = HALF, shortest_km: str | None = None
) -> None:
    """Citizens ``p0`` to ``pN`` with some rides of 3.7 km (180 g, 18 points), then the new version."""
    await city.programme(tx)
    for n in range(people):
        await city.citizen(tx, f"p{n}")
    records = [
        ride(f"{n}-{k}", subject=f"card-p{n}", start=NOON + timedelta(minutes=20 * k))
        for n in range(people)
        for k in range(each)
    ]
    for start in range(0, len(records), 1_000):
        await city.send(tx, *records[start : start + 1_000], now=LATER)
    await corrected_version(tx, formula=formula, shortest_km=shortest_km)


async def previewed(tx: Tx, **changes) -> UUID:
    """A preview of 1.0.0 -> 1.0.1 over three months."""
    arguments = {
        "methodology": "bike_ride",
        "old_versions": ["1.0.0"],
        "new_version": "1.0.1",
        "days": DAYS,
        "reason": None,
        "versions": await city.versions(tx),
        "officer_id": uuid4(),
        "now": LATER,
    }
    return await correct.preview(tx, **(arguments | changes))


async def approved(tx: Tx, **changes) -> UUID:
    """A correction that two officers agreed on."""
    correction_id = await previewed(tx, **changes)
    await correct.apply(tx, payload={"correction_id": str(correction_id)}, now=LATER)
    return correction_id


async def carried_out(tx: Tx, *, limit: int = 500, **changes) -> UUID:
    """A correction from preview to end, inside one transaction."""
    correction_id = await approved(tx, **changes)
    versions = await city.versions(tx)
    while await correct_run.step(
        tx, correction_id=correction_id, versions=versions, limit=limit, now=LATER
    ):
        pass
    return correction_id


async def laws_broken(tx: Tx) -> list[str]:
    """Names of the laws that do not hold, in all rooms."""
    found = await ledger_verify.checks(tx) + await budgets_verify.checks(tx)
    found += await reductions_verify.checks(tx, versions=await city.versions(tx))
    return [check.name for check in found if check.breaches]


def clock() -> datetime:
    """Two days after noon, always."""
    return LATER.astimezone(UTC)
