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
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, not_a_server_error

from tests import city
from tests.api.doors import audience_of, token
from tests.house.sources import ROOT

EXAMPLES = int(os.environ.get("PUHUI_FUZZ_EXAMPLES", "8"))
SCHEMA = schemathesis.openapi.from_path(ROOT / "app" / "openapi.json")
OPERATIONS = {each.ok().label: each.ok() for each in SCHEMA.get_all_operations()}
PROMISES = [
    not_a_server_error,
    *CHECKS.get_by_names(
        ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
    ),
]


async def send(client: httpx.AsyncClient, case, headers: dict[str, str]) -> httpx.Response:
    """One generated request, as bytes on the wire."""
    made = requests.Request(**case.as_transport_kwargs(base_url="http://test")).prepare()
    sent = {name: value for name, value in made.headers.items() if name.lower() != "authorization"}
    raw = [(str(k).encode("utf-8", "replace"), str(v).encode("utf-8", "replace"))
           for k, v in (sent | headers).items()]  # fmt: skip
    return await client.request(made.method, made.url, headers=raw, content=made.body)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", sorted(OPERATIONS))
async def test_no_request_breaks_the_service(app, client, database, label, mode):
    """Generated requests of the operation's own audience get a documented answer."""
