"""The same transfers in django-hordak, beside ours, on the same PostgreSQL.

A transfer moves points from the programme to a citizen. Ours is `ledger.earn`, which also keeps
the balance, the running sums, the expiry and the statement's number; hordak writes a transaction
and two legs, and its triggers check that they balance. Each side works its own way, without HTTP:
one transfer a transaction, and batches, in one process and in four. django-hordak is installed
into a virtual environment that is deleted with the rest; it is no dependency of ours.
"""

import random
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path

import psycopg
import uvloop

from app.database import database_for
from app.ids import new_id
from app.ledger.earn import Earning, earn
from app.settings import DatabaseSettings
from loadtests import figures
from loadtests.citizens import account, enrich
from loadtests.stage import Stage, stage

PACKAGES = ("django-hordak==2.0.0", "psycopg[binary]")
CITIZENS = 1_000
SIZES = (1, 100)
PROCESSES = (1, 4)
SIDE = Path(__file__).with_name("hordak_side.py")
"""Run with -P: beside it lies a file that is called hordak, too."""
INSTALL_LIMIT_S = 600


class Missing(Exception):
    """The other side could not be had."""


def installed(home: Path) -> Path:
    """A Python with django-hordak.

    Raises:
        Missing: the registry has no such package, or there is no registry.

    """
    folder = home / "hordak"
    python = folder / "bin" / "python"
    venv.create(folder, with_pip=True, symlinks=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_LIMIT_S,
    )
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1] if done.stderr else "pip failed")
    return python


def post(url: str, seconds: float, size: int, seed: int) -> float:
    """Our transfers a second, one process's; runs in it."""

    async def run() -> float:
        database = database_for(DatabaseSettings(pool_size=1, read_pool_size=1), url)
        await database.open()
        dice, count = random.Random(seed), 0
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            now = datetime.now(UTC)
            earnings = [
                Earning(account(dice.randrange(CITIZENS)), dice.randint(1, 100), new_id(), now)
                for _ in range(size)
            ]
            async with database.writing() as tx:
                day = (now + timedelta(days=730)).date()
                await earn(tx, earnings=earnings, expires_on=day, now=now)
            count += size
        per_s = count / (time.perf_counter() - began)
        await database.close()
        return per_s

    return uvloop.run(run())


def ours(place: Stage, pool: ProcessPoolExecutor, processes: int, size: int, s: float) -> float:
    """Transfers a second of all our processes."""
    asked = [pool.submit(post, place.pair.app_url, s, size, seed) for seed in range(processes)]
    return sum(each.result() for each in asked)


def theirs(python: Path, url: str, processes: int, size: int, s: float) -> float:
    """Transfers a second of all hordak's processes."""
    running = [
        subprocess.Popen(
            [python, "-P", SIDE, url, str(s), str(size), str(seed)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in range(processes)
    ]
    told = [each.communicate() for each in running]
    assert not any(each.returncode for each in running), told
    return sum(float(out) for out, _ in told)


def prepare(place: Stage, python: Path | None) -> str:
    """Citizens for us, a database of its own for hordak; the URL of that."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        enrich(connection, template=place.template, count=CITIZENS)
        if python is not None:
            connection.execute("CREATE DATABASE hordak")
    url = place.url.rsplit("/", 1)[0] + "/hordak"
    if python is not None:
        subprocess.run([python, "-P", SIDE, url, "prepare"], check=True)
    return url


def measure(
    place: Stage, python: Path | None, why: str, *, seconds: float, rounds: int
) -> list[figures.Figure]:
    """Each way of working, both sides in turns."""
    url = prepare(place, python)
    found = []
    with ProcessPoolExecutor(max(PROCESSES), mp_context=get_context("spawn")) as pool:
        for processes in PROCESSES:
            for size in SIZES:
                sides: dict[str, Callable[[], float]] = {
                    "ours": lambda p=processes, n=size: ours(place, pool, p, n, seconds)  # type: ignore[misc]
                }
                if python is not None:
                    sides["hordak"] = lambda p=processes, n=size: theirs(  # type: ignore[misc]
                        python, url, p, n, seconds
                    )
                rates = figures.interleaved(sides, rounds=rounds)
                found.append(
                    figures.Figure(
                        f"transfers, {size} a transaction, {processes} process(es)",
                        "transfers/s",
                        rates["ours"],
                        rates.get("hordak", ()),
                        "django-hordak" if python else "",
                        note=why,
                    )
                )
    return found


def main() -> None:
    """Install the other side, measure, print, keep."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("hordak")
    with stage() as place:
        python, why = None, ""
        try:
            python = installed(place.home)
        except (Missing, OSError, subprocess.SubprocessError) as error:
            why = f"django-hordak could not be installed: {error}"
            print(why, file=sys.stderr)
        report.facts |= {"packages": PACKAGES, "postgresql": figures.postgres_facts(place.url)}
        report.add(
            *measure(
                place,
                python,
                why,
                seconds=0.5 if asked.quick else 3 * asked.scale,
                rounds=asked.rounds,
            )
        )
    report.finish(asked.json)


if __name__ == "__main__":
    main()
