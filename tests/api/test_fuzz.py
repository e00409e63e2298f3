"""Whatever a client sends, the service answers what its OpenAPI document promises, and never 5xx.

`PUHUI_FUZZ_EXAMPLES` is how many requests each operation gets, of either kind (well-formed by
the document, and broken on purpose); the default keeps the suite short, a night run raises it.
"""

import os

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, checks
from schemathesis.specs.openapi import checks as promises

from tests import city
from tests.api.doors import audience_of, token
from tests.house.sources import ROOT

EXAMPLES = int(os.environ.get("PUHUI_FUZZ_EXAMPLES", "8"))
SCHEMA = schemathesis.openapi.from_path(ROOT / "app" / "openapi.json")
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
PROMISES = [
    checks.not_a_server_error,
    promises.status_code_conformance,
    promises.content_type_conformance,
    promises.response_schema_conformance,
]
ANYTHING_GOES = {"GET /v1/methodologies/{methodology}/versions/{version}"}
"""Operations that no request can break: every text is a well-formed parameter."""
RUNS = [
    (label, mode)
    for label, operation in sorted(OPERATIONS.items())
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE
    or (label not in ANYTHING_GOES and (operation.body or list(operation.iter_parameters())))
]


async def send(client: httpx.AsyncClient, case, headers: dict[str, str]) -> httpx.Response:
    """One generated request, as bytes on the wire."""
    made = requests.Request(**case.as_transport_kwargs(base_url="http://test")).prepare()
    sent = {name: value for name, value in made.headers.items() if name.lower() != "authorization"}
    raw = [(str(k).encode("utf-8", "replace"), str(v).encode("utf-8", "replace"))
           for k, v in (sent | headers).items()]  # fmt: skip
    return await client.request(made.method, made.url, headers=raw, content=made.body)


@pytest.mark.parametrize(("label", "mode"), RUNS, ids=[f"{run[1].value} {run[0]}" for run in RUNS])
@given(data=st.data())
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
async def test_no_request_breaks_the_service(app, client, database, label, mode, data):
    """Generated requests of the operation's own audience get the answers the document promises."""
    operation = OPERATIONS[label]
    case = data.draw(operation.as_strategy(generation_mode=mode))
    audience = audience_of(operation.path)
    headers = {"Idempotency-Key": "fuzz-fuzz-fuzz"} if data.draw(st.booleans()) else {}
    if audience is not None:
        headers["Authorization"] = f"Bearer {token(app.state.tokens, audience, now=city.NOON)}"
    async with database.writing() as tx:
        if await (await tx.execute("SELECT FROM programme")).fetchone() is None:
            await city.programme(tx)
            await city.citizen(tx)
    response = await send(client, case, headers)
    case.validate_response(response, checks=PROMISES)
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
