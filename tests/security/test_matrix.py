"""Every route against every role: the table in a file is what the service does."""

import re

import pytest

from app.people.offices import EVERYBODY, ROUTES, Office, of_kind
from tests import city
from tests.api.doors import SOMEBODY, routes
from tests.security.matrix import ROLES, bearers, expected


def doors(app):
    """Method and path of every route of the programme."""
    return {
        (method, str(route.path))
        for route in routes(app)
        for method in route.methods - {"HEAD", "OPTIONS"}
    }


def test_every_route_has_its_row(app):
    """A new route without a row fails here, and so does a row without a route."""
    assert doors(app) == set(expected())


def test_every_officers_route_has_its_line(app):
    """What an officer may do is decided for each route; a line for no route is a misspelt one."""
    assert {door for door in doors(app) if door[1].startswith("/v1/admin/")} == set(ROUTES)


def test_the_auditor_reads_everything_and_changes_nothing():
    """Each GET is open to the auditor, and nothing else is."""
    for (method, path), offices in ROUTES.items():
        assert (Office.auditor in offices) == (method == "GET"), path
        assert method != "GET" or offices == EVERYBODY, path


def test_every_kind_of_proposal_has_its_offices(app):
    """Somebody may decide each kind, never the auditor; an unknown kind is nobody's."""
    for kind in app.state.actions:
        assert of_kind(kind), kind
        assert Office.auditor not in of_kind(kind), kind
    assert of_kind("room.verb") == frozenset()


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_is_let_in_where_the_table_says(app, client, tx, role):
    """401 and 403 wherever the table says no, and neither where it says yes."""
    await city.programme(tx)
    bearer = (await bearers(tx, app))[role]
    headers = {} if bearer is None else {"Authorization": f"Bearer {bearer}"}
    wrong = []
    for (method, path), let_in in expected().items():
        address = re.sub(r"\{[^}]+\}", str(SOMEBODY), path)
        answer = await client.request(method, address, headers=headers)
        if (answer.status_code not in {401, 403}) != let_in[role] or answer.status_code >= 500:
            wrong.append(f"{method} {path}: {answer.status_code}")
    assert wrong == []


async def test_a_proposal_is_decided_by_its_own_office(app, client, tx):
    """An operator neither proposes nor approves a pay-out, and the refusal leaves no trace."""
    who = await bearers(tx, app)
    for office, status in (("operator", 403), ("methodologist", 403), ("finance", 201)):
        answer = await client.post(
            "/v1/admin/proposals",
            headers={"Authorization": f"Bearer {who[office]}"},
            json={"kind": "settlement.pay_out", "payload": {"n": 1}, "reason": "because"},
        )
        assert answer.status_code == status, answer.text
    proposal_id = answer.json()["proposal_id"]
    for verb in ("approve", "reject"):
        answer = await client.post(
            f"/v1/admin/proposals/{proposal_id}/{verb}",
            headers={"Authorization": f"Bearer {who['operator']}"},
        )
        assert answer.status_code >= 400
    row = await (await tx.execute("SELECT verdict FROM proposal")).fetchone()
    assert row == (None,)
