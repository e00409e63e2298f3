"""A merchant's people: they set a password once, sign in with two factors, and are let go."""

from datetime import timedelta

from app.clock import current_time
from app.merchants import invite
from app.people.seats import Role
from tests.make import NOON
from tests.merchants import front_door
from tests.merchants.front_door import signed_in
from tests.merchants.test_routes import bearer, says

PASSWORD = "correct horse battery"


async def joined(client, tx, role=Role.accountant):
    """Somebody who has accepted an invitation, as the service answered."""
    merchant = await front_door.onboarded(tx)
    person = await front_door.invited(tx, merchant.id, role)
    body = {"secret": person.code, "password": PASSWORD}
    return says(await client.post("/v1/auth/invitations", json=body), 201)


async def renew(client, session, status):
    """Exchange the refresh token on its device."""
    body = {"refresh_token": session["refresh_token"], "device_id": "tablet-0001"}
    return says(await client.post("/v1/auth/staff/sessions/refresh", json=body), status)


async def test_a_session_has_the_persons_place_and_is_renewed(client, tx):
    """Two factors open the role's doors, and a renewed token has the same merchant and role."""
    person = await joined(client, tx)
    session = await signed_in(client, person)
    for each in (session, await renew(client, session, 200)):
        profile = says(await client.get("/v1/merchant/profile", headers=bearer(each)), 200)
        assert (profile["merchant_id"], profile["role"]) == (person["merchant_id"], "accountant")
    stores = {"code": "x"}
    says(await client.post("/v1/merchant/stores", json=stores, headers=bearer(session)), 403)


async def test_a_code_opens_once(client, tx):
    """What stood on the screen a moment ago opens nothing, nor does a wrong password."""
    person = await joined(client, tx)
    await signed_in(client, person)
    body = {
        "staff_id": person["staff_id"],
        "password": PASSWORD,
        "totp": "000000",
        "device": {"id": "tablet-0001", "name": "x", "platform": "web"},
    }
    says(await client.post("/v1/auth/staff/sessions", json=body), 401, "login-refused")


async def test_a_citizens_door_renews_no_staff_session(client, tx):
    """A merchant's refresh token at the citizens' door is refused, and its session goes on."""
    session = await signed_in(client, await joined(client, tx))
    body = {"refresh_token": session["refresh_token"], "device_id": "tablet-0001"}
    says(await client.post("/v1/auth/sessions/refresh", json=body), 401, "refresh-refused")
    await renew(client, session, 200)


async def test_who_is_let_go_is_out(app, client, tx):
    """Removed, a person's session is neither renewed nor, two seconds later, believed."""
    person = await joined(client, tx)
    session = await signed_in(client, person)
    says(await client.get("/v1/merchant/profile", headers=bearer(session)), 200)
    await invite.remove(
        tx,
        merchant_id=person["merchant_id"],
        staff_id=person["staff_id"],
        actor="staff:x",
        now=NOON,
    )
    await renew(client, session, 401)
    app.state.sessions.forget()  # two seconds later
    says(await client.get("/v1/merchant/profile", headers=bearer(session)), 401, "not-signed-in")
    later = NOON + timedelta(minutes=1)
    app.dependency_overrides[current_time] = lambda: later
    body = {
        "staff_id": person["staff_id"],
        "password": PASSWORD,
        "totp": "123456",
        "device": {"id": "tablet-0001", "name": "x", "platform": "web"},
    }
    says(await client.post("/v1/auth/staff/sessions", json=body), 401, "login-refused")
