"""What it costs to cut batches into lanes, on one PostgreSQL: whole, 16 and 1,024 lanes.

The use case is called directly, batch after batch of 1,000 fresh acts of as many citizens as the
scale says. On one server a lane is only a smaller transaction, so this is the price; what lanes
buy, more machines, is not here.
"""

import asyncio
import json
import time
from datetime import UTC, datetime

from app.catalogue.versions import Catalogue
from app.database import Database
from app.intake import providers
from app.intake.records import read_records
from app.lanes import Lanes
from app.reductions.deliver import deliver
from app.reductions.lane_deliver import deliver_in_lanes
from loadtests import figures
from loadtests.citizens import PROVIDER
from loadtests.credit import BATCH, Source
from loadtests.stage import Stage, opened, stage
from loadtests.town import people

SIDES = {"whole": None, "16 lanes": Lanes.modulo(16), "1024 lanes": Lanes.modulo(1024)}


async def _deliver(place: Stage, database: Database, body: bytes, lanes: Lanes | None) -> None:
    async with database.reading() as tx:
        asked = {
            "provider_id": (await providers.by_code(tx, code=PROVIDER)).id,
            "versions": await Catalogue().versions(tx),
        }
    records, malformed = read_records(json.loads(body)["records"])
    asked |= {"records": records, "malformed": malformed, "subject_key": place.keys.subject}
    asked["now"] = datetime.now(UTC)
    if lanes is None:
        async with database.writing() as tx:
            done = await deliver(tx, **asked)
    else:
        done = await deliver_in_lanes(database, lanes=lanes, **asked)
    assert done.tally.credited == BATCH, done.tally


def _side(place: Stage, source: Source, lanes: Lanes | None, batches: int) -> float:
    """Records a second."""
    bodies = [source.batch() for _ in range(batches)]

    async def run() -> float:
        async with opened(place.pair, pool=8) as database:
            began = time.perf_counter()
            for body in bodies:
                await _deliver(place, database, body, lanes)
            return batches * BATCH / (time.perf_counter() - began)

    return asyncio.run(run())


def main() -> None:
    """Measure each side in turns; tell 16 and 1,024 lanes beside whole batches."""
    asked = figures.arguments(__doc__).parse_args()
    scale = 0.1 if asked.quick else asked.scale
    batches = max(1, int(5 * scale))
    with stage() as place:
        source = Source(people(place, max(BATCH, int(5_000 * scale))))
        found = figures.interleaved(
            {
                name: lambda lanes=lanes: _side(place, source, lanes, batches)
                for name, lanes in SIDES.items()
            },
            rounds=1 if asked.quick else asked.rounds,
        )
    report = figures.Report("loadtests.lanes", facts=figures.machine())
    for name in list(SIDES)[1:]:
        report.add(
            figures.Figure(
                f"batches of 1,000 in {name}",
                "records/s",
                found[name],
                found["whole"],
                "whole batches",
            )
        )
    report.finish(asked.json)


if __name__ == "__main__":
    main()
