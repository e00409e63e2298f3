"""How long one record takes to become evidence: the fast way, beside the patient one.

Both are in this tree and give equal evidence (`methodologies.express`); the records are those of
a synthetic city's day, which all go the fast way. Nothing but reading is in the figures.
"""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from loadtests import figures
from loadtests.town import SCENARIOS, act
from methodologies import registry
from methodologies.evidence import Reader, reader_for

RECORDS = 1_000


def batches() -> list[tuple[str, Reader, list[dict[str, Any]]]]:
    """A thousand records of each kind of act, with the reader of its methodology."""
    shipped = {each.manifest.id: each.manifest for each in registry.shipped()}
    zone = ZoneInfo("Asia/Shanghai")
    midnight = datetime.now(UTC).astimezone(zone) - timedelta(days=1)
    midnight = midnight.replace(hour=0, minute=0, second=0, microsecond=0)
    found = {}
    for turn in range(4):
        acts = [act(midnight, turn, who) for who in range(RECORDS)]
        found[acts[0]["methodology"]] = [each["data"] for each in acts]
    assert found.keys() == SCENARIOS.keys()
    return [(name, reader_for(shipped[name]), records) for name, records in found.items()]


def microseconds(read: Callable[..., Any], records: list[dict[str, Any]]) -> float:
    """Processor time of one record, over one pass of all of them."""
    around = {"received_at": datetime.now(UTC), "zone": ZoneInfo("Asia/Shanghai")}
    begin = time.process_time_ns()
    for each in records:
        read(each, **around)
    return (time.process_time_ns() - begin) / len(records) / 1000


def main() -> None:
    """Measure, turn and turn about, and print."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("reading")
    rounds = 3 if asked.quick else 4 * figures.ROUNDS
    for name, reader, records in batches():
        fast, patient = [], []
        for turn in range(rounds + 1):
            taken = microseconds(reader.read, records), microseconds(reader.read_patiently, records)
            if turn:  # the first turn only warms up
                fast.append(taken[0])
                patient.append(taken[1])
        report.add(figures.Figure(f"one record of {name}", "us", fast, patient, "the patient way"))
        print(f"{name:24} {statistics.median(fast):8.2f} us {statistics.median(patient):8.2f} us")
    report.finish(asked.json)


if __name__ == "__main__":
    main()
