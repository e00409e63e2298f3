"""Reading a wallet over HTTP, beside a bare FastAPI route that sends the same SELECT.

The bare route has no authentication, no guard, no metrics, no request id and no schema; it uses
a pool of the same kind and size, and as many processes. Ours is the whole service, with a token
of each citizen.
"""

import asyncio
import json
import random
import socket
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg_pool import AsyncConnectionPool

from app.database import APP_ROLE
from app.ids import bucket_of
from loadtests import figures
from loadtests.calling import Caller, caller, request
from loadtests.citizens import account, enrich
from loadtests.recording import Sent, heard
from loadtests.running import Service, seconds_of, service, spent
from loadtests.stage import Stage, quiet, served, settings_for, stage

PROMISE = 0.8
CALLERS = 16
RECORDED = 77
SELECT = "select.json"


def _bare(listening: socket.socket, home: str, database_url: str, _: str) -> None:
    """The other side: FastAPI, a pool, the SELECT."""
    import uvicorn  # in the served process only
    from fastapi import FastAPI  # the same

    from app.demo.serving import BACKLOG  # the same

    quiet(home, "bare")
    text, places = json.loads((Path(home) / SELECT).read_text())
    size = settings_for(home).database.read_pool_size
    pool: AsyncConnectionPool[Any] = AsyncConnectionPool(
        database_url,
        open=False,
        min_size=size,
        max_size=size,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 2,
            "options": f"-c role={APP_ROLE} -c search_path=public,queue",
        },
    )
    app = FastAPI()

    @app.get("/wallet/{account_id}")
    async def wallet(account_id: int) -> Any:
        known = {"account": account_id, "bucket": bucket_of(account_id)}
        values = tuple(known.get(place, place) for place in places)
        async with pool.connection() as connection:
            found = await connection.execute(text, values)
            names = [column.name for column in found.description or ()]
            rows = await found.fetchall()
        return [dict(zip(names, row, strict=True)) for row in rows]

    config = uvicorn.Config(app, log_level="warning", access_log=False, backlog=BACKLOG)

    async def both() -> None:
        await pool.open(wait=True)
        await uvicorn.Server(config).serve(sockets=[listening])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(both())


async def select(place: Stage) -> Sent:
    """The statement with which the wallet's route reads the balance."""
    token = place.citizens_token(account(RECORDED))

    async def ask(client: httpx.AsyncClient) -> None:
        answer = await client.get("/v1/me/wallet", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text

    found = [each for each in await heard(place, ask) if "FROM balance" in each.text]
    assert len(found) == 1, f"a wallet is one SELECT, not {len(found)}"
    return found[0]


def prepare(place: Stage, citizens: int) -> None:
    """Citizens with points, and the statement for the other side."""
    with psycopg.connect(place.url, autocommit=True) as connection:
        enrich(connection, template=place.template, count=citizens)
    sent = asyncio.run(select(place))
    names = {account(RECORDED): "account", bucket_of(account(RECORDED)): "bucket"}
    places = [names.get(value, value) for value in sent.values]
    (place.home / SELECT).write_text(json.dumps([sent.text, places]))


def requests_for(place: Stage, citizens: int) -> tuple[list[bytes], list[bytes]]:
    """The same citizens in the same order, for our side and for the other."""
    accounts = [account(n) for n in range(citizens)]
    random.Random(1).shuffle(accounts)
    ours = [request("GET", "/v1/me/wallet", token=place.citizens_token(one)) for one in accounts]
    return ours, [request("GET", f"/wallet/{one}") for one in accounts]


def measure(
    place: Stage, ours: Service, ask: Caller, *, citizens: int, seconds: float, rounds: int
) -> list[figures.Figure]:
    """Both sides in turns, as many processes on either; rates, and processor time of the server."""
    prepare(place, citizens)
    mine, theirs = requests_for(place, citizens)
    costs: dict[str, list[float]] = {"ours": [], "bare": []}
    others = {each.pid for each in active_children()}
    with served(place, target=_bare, probe="/docs") as port:
        bare = [each.pid for each in active_children() if each.pid not in others]

        def side(name: str, to: int, what: list[bytes]) -> float:
            pids = ours.pids if name == "ours" else bare
            before = seconds_of(pids)
            answers = ask.closed(to, what, CALLERS, seconds=seconds)
            assert set(answers.statuses) == {200}, answers.statuses
            asked = answers.statuses.total()
            costs[name].append(spent(before, seconds_of(pids)) * 1e6 / asked)
            return answers.per_s

        ask.closed(ours.port, mine, CALLERS)  # every token is verified once: an app keeps its own
        found = figures.interleaved(
            {
                "ours": lambda: side("ours", ours.port, mine),
                "bare": lambda: side("bare", port, theirs),
            },
            rounds=rounds,
        )
    other = "bare FastAPI, same SELECT"
    return [
        figures.Figure(
            "wallet read over HTTP", "reads/s", found["ours"], found["bare"], other, PROMISE
        ),
        figures.Figure(
            "  server", "us of processor each", costs["ours"][1:], costs["bare"][1:], other
        ),
    ]


def main() -> None:
    """Measure, print, keep."""
    asked = figures.arguments(__doc__).parse_args()
    report = figures.Report("wallet")
    citizens = 200 if asked.quick else int(5_000 * asked.scale)
    with stage() as place, service(place, workers=1) as ours, caller() as ask:
        report.facts["postgresql"] = figures.postgres_facts(place.url)
        report.add(
            *measure(
                place,
                ours,
                ask,
                citizens=citizens,
                seconds=0.5 if asked.quick else 4,
                rounds=asked.rounds,
            )
        )
    report.finish(asked.json)


if __name__ == "__main__":
    main()
