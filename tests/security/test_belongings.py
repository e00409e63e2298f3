"""Another citizen's id is answered like one that nobody has, wherever an id can be said.

The doors are those of the OpenAPI document: whoever adds one with a new id in its path or body
says in `belongings.py` how to come by somebody else's, or why it is nobody's. Merchants' doors are
tried in `tests/merchants/test_isolation.py`.
"""

import json
import re

import pytest

from app.people.tokens import Audience
from tests import city, make
from tests.api.good import DOCUMENT, JSON, bodies, full, resolved
from tests.house.rights import OWN
from tests.security.belongings import NAMES, NOBODYS, PUBLIC_IN_BODIES, everything

OURS = ("/v1/me/", "/v1/provider/")


def ids_in(schema):
    """The names of a body's members that are somebody's id."""
    for name, member in resolved(schema).get("properties", {}).items():
        if name.endswith("_id") or resolved(member).get("format") == "uuid":
            yield name


def doors():
    """Method, path and good body of every citizen's and provider's door with an id in its path."""
    for path, item in DOCUMENT["paths"].items():
        if not path.startswith(OURS) or not set(re.findall(r"\{(\w+)\}", path)) - set(NAMES):
            continue
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {})
            yield method.upper(), path, full(content[JSON]["schema"]) if content else None


@pytest.fixture
async def annas(client, tx, keys):
    """A citizen with one of everything."""
    return await everything(client, tx, keys)


@pytest.fixture
async def ask(client, tx, keys, app, annas):
    """A stranger's request; the answer without what differs in every answer."""
    boris = await city.citizen(tx, "boris")
    bikes = city.bearer(app.state.tokens, Audience.provider, "bikes")

    async def send(method, path, body):
        stranger = make.citizen_headers(keys, boris.account_id)
        headers = bikes if path.startswith("/v1/provider/") else stranger
        answer = await client.request(method, path, headers=headers, json=body)
        told = {k: v for k, v in answer.json().items() if k != "request_id"}
        return answer.status_code, told

    return send


async def possessions(tx, account_id):
    """Everything of a citizen's, as one text."""
    found = []
    for table in OWN:
        rows = await tx.execute(
            f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {table} AS t"
            " WHERE account_id = %s",
            (account_id,),
        )
        found.append((table, await rows.fetchone()))
    return found


async def test_a_foreign_id_in_a_path_is_nobodys(ask, tx, annas):
    """The refusals for Anna's id and for nobody's are the same to the letter, and nothing changes."""
    before = await possessions(tx, annas.account_id)
    tried = 0
    for method, path, body in doors():
        made = [ids for start, ids in annas.by_path.items() if path.startswith(start)]
        assert made, f"say in belongings.py how to come by somebody's id: {path}"
        nobodys = {name: 1025 if name == "account_id" else NOBODYS for name in made[0]}
        theirs = await ask(method, path.format(**made[0]), body)
        assert theirs == await ask(method, path.format(**nobodys), body), f"{method} {path}"
        assert theirs[0] == 404, f"{method} {path}: {theirs}"
        assert str(next(iter(made[0].values()))) not in json.dumps(theirs)
        tried += 1
    assert tried >= 20
    assert await possessions(tx, annas.account_id) == before


async def test_a_foreign_id_in_a_body_is_nobodys(ask, tx, annas):
    """The same for ids that are sent in a body; a new one must be listed as owned or public."""
    before = await possessions(tx, annas.account_id)
    tried = 0
    for method, path, schema in bodies():
        for name in ids_in(schema):
            if path.startswith("/v1/admin/") or name in PUBLIC_IN_BODIES:
                continue
            assert name in annas.in_bodies, f"say in belongings.py whose {name} is: {path}"
            theirs = await ask(method, path, full(schema) | {name: annas.in_bodies[name]})
            nobodys = await ask(method, path, full(schema) | {name: NOBODYS})
            assert theirs == nobodys, f"{method} {path}"
            tried += 1
    assert tried == len(annas.in_bodies)
    assert await possessions(tx, annas.account_id) == before


async def test_the_owner_is_let_in(client, keys, annas):
    """The same ids are good in their owner's hands: the refusals above are about the owner."""
    for start, ids in annas.by_path.items():
        name = next(iter(ids))
        path = f"{start}{{{name}}}"
        if "get" in DOCUMENT["paths"].get(path, {}):
            headers = make.citizen_headers(keys, annas.account_id)
            answer = await client.get(path.format(**ids), headers=headers)
            assert answer.status_code == 200, f"{path}: {answer.text}"
