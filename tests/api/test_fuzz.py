"""Whatever a client sends, the service answers what its OpenAPI document promises, and never 5xx.

`PUHUI_FUZZ_CASES` is how many requests there are in all. About two thirds of the default are every
boundary that the document has, always the same; the rest is drawn at random, by `PUHUI_FUZZ_SEED`.
Each request comes with a token of somebody whom the matrix lets in, and now and then of somebody
whom it does not. Ids that an answer has shown are used again, so that requests get far.
"""

import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from time import process_time
from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks as promises

from app.cache import cache_for
from app.database import database_for
from app.settings import DatabaseSettings, RedisSettings
from tests.api import lively, wire
from tests.api.known import Known
from tests.conftest import _copy
from tests.house.sources import ROOT
from tests.security.matrix import expected

CASES = int(os.environ.get("PUHUI_FUZZ_CASES", "10000"))
SEED = int(os.environ.get("PUHUI_FUZZ_SEED", "0"))
SCHEMA = schemathesis.openapi.from_path(ROOT / "app" / "openapi.json")
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
PROMISES = [
    checks.not_a_server_error,
    promises.status_code_conformance,
    promises.content_type_conformance,
    promises.response_schema_conformance,
]
FOREIGN_EVERY = 12
"""One request in so many comes from somebody who is not let in."""
LAST = ("DELETE", "suspend", "withdraw", "refuse", "reject", "leave", "deletion")
"""What ends something is tried last."""
ORDER = sorted(
    OPERATIONS, key=lambda label: (any(word in label for word in LAST), label.startswith("GET"))
)
"""First what begins something, then what reads it."""
ASKING = [label for label, each in OPERATIONS.items() if each.body or [*each.iter_parameters()]]
"""Operations whose requests are not all alike."""
UNREADABLE = {400, 415, 422}
"""A body that is no JSON is told so before anybody asks who sent it."""


@dataclass
class City:
    """The service, who may call it, what is known of it, and what came of all requests."""

    app: FastAPI
    bearers: dict[str, str]
    known: Known
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    began: float = field(default_factory=process_time)
    sent: int = 0
    tally: Counter = field(default_factory=Counter)
    reached: dict[str, set[int]] = field(default_factory=dict)


@pytest.fixture(scope="module")
async def lively_city(servers, template, keys):
    """One service for all requests, on a database of its own, without limits worth meeting."""
    copies = _copy(servers, template)
    urls = next(copies)
    database = database_for(DatabaseSettings(), urls.app)
    cache = cache_for(RedisSettings(), servers.redis_url)
    app = lively.service(database, cache, keys)
    await database.open()
    bearers, ids = await lively.inhabit(database, app)
    known = Known(app.openapi()["paths"])
    known.exemplify(app.openapi()["components"]["schemas"])
    for name, value in ids.items():
        known.add(name, value)
    with lively.quiet():
        yield (found := City(app, bearers, known))
    tell(found)
    await database.close()
    await cache.close()
    next(copies, None)


def tell(city: City) -> None:
    """Say what became of the requests, for who runs this with `-s`."""
    spent = process_time() - city.began
    print(f"\n{city.sent:,} requests, seed {SEED}, {spent:.0f} s of processor time here")
    for (kind, status), count in sorted(city.tally.items()):
        print(f"  {kind:22} {status}xx {count:7,}")
    never = [label for label, seen in city.reached.items() if not any(s < 300 for s in seen)]
    print(f"  {len(never)} of {len(city.reached)} operations were never granted: {never}")


@cache
def boundaries() -> dict[str, list[Any]]:
    """For each operation the requests that are always the same."""
    return {
        label: list(
            SCHEMA.iter_coverage_cases(
                operation,
                generation_modes=list(GenerationMode),
                generation_config=SCHEMA.config.generation_for(operation=operation),
            )
        )
        for label, operation in OPERATIONS.items()
    }


def drawn(label: str, mode: GenerationMode, count: int) -> list[Any]:
    """Random requests; none where nothing can be wrong with a request."""
    found: list[Any] = []

    @seed(SEED)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []
    return found[:count]


def cases_of(label: str):
    """An operation's requests, each with the kind that it is of."""
    for case in boundaries()[label]:
        yield f"boundary, {case.meta.generation.mode.value}", case
    if label not in ASKING:
        return
    rest = CASES - sum(map(len, boundaries().values()))
    share = max(3, -(-rest // len(ASKING)))
    broken = drawn(label, GenerationMode.NEGATIVE, share // 3)
    for mode, cases in (
        (GenerationMode.POSITIVE, drawn(label, GenerationMode.POSITIVE, share - len(broken))),
        (GenerationMode.NEGATIVE, broken),
    ):
        for case in cases:
            yield f"random, {mode.value}", case


def caller(city: City, label: str) -> tuple[str, bool]:
    """Whose token a request comes with, and whether that role is let in."""
    method, _, path = label.partition(" ")
    doors = expected().get((method, path))
    if doors is None or doors["anonymous"]:
        return "anonymous", True
    is_foreign = city.sent % FOREIGN_EVERY == 0
    roles = [role for role, let_in in doors.items() if let_in != is_foreign]
    return roles[city.sent // FOREIGN_EVERY % len(roles)], not is_foreign


def as_response(answer: wire.Answer, made: requests.PreparedRequest) -> Response:
    """An answer, as the library looks at it."""
    headers: dict[str, list[str]] = {}
    for name, value in answer.headers:
        headers.setdefault(name.decode().lower(), []).append(value.decode("latin-1"))
    return Response(
        status_code=answer.status,
        headers=headers,
        content=answer.body,
        request=made,
        elapsed=0,
        verify=False,
    )


def is_json(body: bytes) -> bool:
    """Whether a body can be read at all."""
    try:
        json.loads(body or b"null")
    except ValueError:
        return False
    return True


async def try_one(city: City, label: str, kind: str, case: Any) -> str | None:
    """Send one request; what is wrong with the answer."""
    city.sent += 1
    role, let_in = caller(city, label)
    if kind.endswith("positive"):
        city.known.fill(case.path_parameters, city.chance)
        city.known.fill(case.body, city.chance)
    made = requests.Request(**case.as_transport_kwargs(base_url="http://test")).prepare()
    headers = {
        k: v.decode("latin-1") if isinstance(v, bytes) else v for k, v in made.headers.items()
    }
    headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
    headers["Idempotency-Key"] = headers.get("Idempotency-Key", f"fuzz-{city.sent:08}")
    if role != "anonymous":
        headers["Authorization"] = f"Bearer {city.bearers[role]}"
    body = made.body.encode("utf-8", "replace") if isinstance(made.body, str) else made.body or b""
    address = (f"198.18.{city.sent // 250 % 250}.{city.sent % 250}", 4_000)
    answer = await wire.send(
        city.app, made.method, made.path_url, headers=headers, body=body, peer=address,
        hangs_up=label.endswith("/me/events"),
    )  # fmt: skip
    city.tally[kind if let_in else "not let in", answer.status // 100] += 1
    request = f"{made.method} {made.path_url} as {role}: {body[:300]!r}"
    if answer.bug is not None:
        return f"{answer.bug!r} <- {request}"
    if made.method != case.operation.method.upper():
        return None if answer.status < 500 else f"{answer.status} <- {request}"
    if not let_in:
        closed = {401, 403} if is_json(body) else {401, 403} | UNREADABLE
        return None if answer.status in closed else f"{role} got {answer.status} <- {request}"
    city.reached.setdefault(label, set()).add(answer.status)
    is_problem = answer.header("content-type") == "application/problem+json"
    if answer.status >= 400 and not is_problem:
        return f"{answer.status} is no problem document <- {request}"
    try:
        case.validate_response(as_response(answer, made), checks=PROMISES)
    except (Failure, FailureGroup) as failure:
        return f"{failure} {answer.body[:300]!r} <- {request}"
    if answer.body and answer.status < 300 and answer.header("content-type") == "application/json":
        city.known.learn(case.operation.path, json.loads(answer.body))
    return None


@pytest.mark.parametrize("label", ORDER)
async def test_no_request_breaks_the_service(lively_city, label):
    """An operation's requests are answered as promised, and some come past its guard."""
    wrong = [
        f"{kind}: {said}"
        for kind, case in cases_of(label)
        if (said := await try_one(lively_city, label, kind, case))
    ]
    assert wrong[:10] == [], f"{len(wrong)} answers are wrong"
    assert lively_city.reached[label] - {401, 403}, "no request came past the guard"


def test_that_many_requests_were_sent(lively_city):
    """Together there are as many requests as the setting says, and of each kind there are some."""
    assert set(lively_city.reached) == set(OPERATIONS), "run the whole file"
    assert lively_city.sent >= CASES
    kinds = {kind for kind, _ in lively_city.tally}
    assert kinds == {
        "boundary, positive", "boundary, negative", "random, positive", "random, negative",
        "not let in",
    }  # fmt: skip
