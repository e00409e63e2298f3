"""Nobody sets what they were not asked for: every write schema refuses every unknown field."""

import json
import re

from tests import city
from tests.api import wire
from tests.api.good import at, bodies, full, objects
from tests.security.matrix import bearers, expected

PLANTED = "is_approved_by_myself"
ONE_BY_ONE = {("POST", "/v1/provider/batches")}
"""A record that is wrong is answered in the list and spoils no other."""
WRITES = list(bodies())


def test_every_write_has_a_closed_body():
    """No body lets anything in; the list below is not passing for want of bodies."""
    assert len(WRITES) > 60
    open_ = [f"{method} {path}" for method, path, schema in WRITES if not list(objects(schema))]
    assert open_ == []


async def test_an_unknown_field_is_refused_by_its_name(app, tx):
    """At every depth of every body a planted field is answered with its name, and nothing is done."""
    await city.programme(tx)
    tokens = await bearers(tx, app)
    wrong = []
    for method, path, schema in WRITES:
        roles = [role for role, let_in in expected()[method, path].items() if let_in]
        headers = {"Content-Type": "application/json", "Idempotency-Key": "planted-planted"}
        headers |= {"Authorization": f"Bearer {bearer}"} if (bearer := tokens[roles[0]]) else {}
        for way in objects(schema):
            body = full(schema)
            at(body, way)[PLANTED] = "somebody's secret"
            text = json.dumps(body).encode()
            answer = await wire.send(app, method, address(path), headers=headers, body=text)
            told = json.loads(answer.body)
            if not is_refused(told, one_by_one=bool(way) and (method, path) in ONE_BY_ONE):
                wrong.append(f"{method} {path} {way}: {answer.status} {told}")
            assert "secret" not in str(told)
    assert wrong == []


def address(path: str) -> str:
    """A path with an id in place of each parameter."""
    return re.sub(r"\{[^}]+\}", "01990a3c-7d21-7cc0-9a51-0f2e6b1d4c55", path)


def is_refused(told: dict, *, one_by_one: bool) -> bool:
    """Whether an answer is a refusal that names the planted field, once, and no other as unknown."""
    if one_by_one:
        [outcome] = told["outcomes"]
        return outcome["outcome"] == "rejected" and PLANTED in str(outcome)
    if told["code"] == "unreadable-batch":
        return told["status"] == 422 and told["field"] == PLANTED
    named = [each["field"] for each in told["errors"] if each["code"] == "extra_forbidden"]
    return told["status"] == 422 and [each.rsplit(".", 1)[-1] for each in named] == [PLANTED]
