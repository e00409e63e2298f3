"""A process is killed between two lanes: what was credited stays, and a retry does the rest."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from app.reductions import lane_release
from tests.city import NOON, charge
from tests.reductions.test_lanes import SIXTEEN, broken, sent, town

__all__ = ["town"]
ROOT = Path(__file__).parents[2]
CHILD = """
import asyncio, os, signal, sys
from app.database import database_for
from app.reductions import lane_credit
from app.settings import DatabaseSettings
from tests.city import charge
from tests.reductions.test_lanes import sent

real, asked = lane_credit.book, []

async def book(*arguments, **named):
    asked.append(1)
    if len(asked) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return await real(*arguments, **named)

async def main():
    lane_credit.book = book
    database = database_for(DatabaseSettings(), sys.argv[1])
    await database.open()
    await sent(database, *(charge(f"c{n}", subject=f"card-p{n}", vehicle_id=f"car-{n}") for n in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("nth", [1, 4, 8])
async def test_kill_nine_between_lanes(town, fresh_urls, nth):
    """SIGKILL at the nth lane: the laws hold, the same batch ends it, and no car stays taken."""
    batch = [charge(f"c{n}", subject=f"card-p{n}", vehicle_id=f"car-{n}") for n in range(8)]
    killed = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", CHILD, fresh_urls.app, str(nth)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False, capture_output=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert await broken(town) == []

    again = await sent(town, *batch)

    verdicts = Counter(each.verdict for each in again)
    assert verdicts["credited"] + verdicts["duplicate"] == 8
    assert verdicts["credited"] >= 1
    assert len({(each.grams, each.points) for each in again}) == 1
    await lane_release.sweep(town, lanes=SIXTEEN, now=NOON + timedelta(hours=2))
    assert await broken(town) == []
    assert {each.verdict for each in await sent(town, *batch)} == {"duplicate"}
    async with town.reading() as tx:
        left = await (await tx.execute(
            "SELECT count(*) FROM lane_delivery"
        )).fetchone()  # fmt: skip
    assert left == (0,)
