"""Moves of merchants: applications, sign-in of tills and people, stores, tills, people."""

import base64

from app.merchants import equip, invite, keep_store
from app.people.seats import Role
from app.sign_in import sessions, totp
from tests.merchants import front_door
from tests.merchants.test_routes import STORE, TILL, application
from tests.merchants.test_staff_sign_in import PASSWORD
from tests.rewards.moves import (
    SAME,
    Call,
    Move,
    after,
    another_merchant,
)


async def applying(scene):
    """A company asks."""
    return Call("/v1/merchants/applications", application())


async def applied_otherwise(scene, call):
    """The same company has asked with another bank account."""
    before = Call(call.path, call.body | {"bank_account": "6222 0000 0000 5678"})
    assert (await before.send(scene, "POST")).status_code == 202


async def equipped(scene):
    """A merchant with a store and a till; ids and key."""
    merchant = await front_door.onboarded(scene.tx)
    store = await front_door.store(scene.tx, merchant.id)
    issued = await front_door.till(scene.tx, merchant.id, store.id)
    return {"merchant": merchant, "store": store, "till": issued, "key": issued.key}


async def showing_a_key(scene):
    """A till signs in."""
    facts = await equipped(scene)
    return Call("/v1/auth/till", {"secret": facts["key"]}, {}, facts)


async def revoked(scene, call):
    """The manager has closed the till."""
    whose, which = call.facts["merchant"].id, call.facts["till"].till_id
    await equip.revoke(scene.tx, merchant_id=whose, till_id=which, actor="staff:x", now=scene.now)


async def rotated(scene, call):
    """The key was changed, and the time is over in which both are good."""
    whose, which = call.facts["merchant"].id, call.facts["till"].till_id
    await equip.rotate(scene.tx, merchant_id=whose, till_id=which, actor="staff:x", now=scene.now)
    scene.at(scene.now + equip.OVERLAP)


async def accepting(scene):
    """Somebody comes with a code, and sets a password."""
    merchant = await front_door.onboarded(scene.tx)
    person = await front_door.invited(scene.tx, merchant.id, Role.cashier)
    facts = {"merchant": merchant, "person": person}
    body = {"secret": person.code, "password": PASSWORD}
    return Call("/v1/auth/invitations", body, {}, facts)


async def joined(scene):
    """Somebody who has come, with what the service told them; and what is known about it."""
    call = await accepting(scene)
    answer = await call.send(scene, "POST")
    assert answer.status_code == 201, answer.text
    return answer.json(), call.facts


async def signing_in(scene):
    """Somebody who has come signs in with password and second factor."""
    person, facts = await joined(scene)
    step = int(scene.now.timestamp()) // totp.STEP_S
    body = {
        "staff_id": person["staff_id"],
        "password": PASSWORD,
        "totp": totp.code_at(base64.b32decode(person["totp_secret"]), step),
        "device": {"id": "tablet-0001", "name": "店里平板", "platform": "web"},
    }
    return Call("/v1/auth/staff/sessions", body, {}, facts)


async def renewing(scene):
    """Somebody's session is renewed where it began."""
    call = await signing_in(scene)
    answer = await call.send(scene, "POST")
    assert answer.status_code == 201, answer.text
    body = {
        "refresh_token": answer.json()["refresh_token"],
        "device_id": call.body["device"]["id"],
    }
    return Call("/v1/auth/staff/sessions/refresh", body, {}, call.facts)


async def let_go(scene, call):
    """The manager has let the person go."""
    whose, which = call.facts["merchant"].id, call.facts["person"].staff_id
    await invite.remove(scene.tx, merchant_id=whose, staff_id=which, actor="staff:x", now=scene.now)


async def opening_a_store(scene):
    """A manager opens a store."""
    merchant = await front_door.onboarded(scene.tx)
    return Call("/v1/merchant/stores", STORE, scene.desk(merchant.id), {"merchant": merchant})


async def another_store_has_the_code(scene, call):
    """The code stands for another store."""
    await front_door.store(scene.tx, call.facts["merchant"].id, code=STORE["code"], name_en="Other")


async def changing_a_store(scene):
    """A manager changes what is said about a store."""
    facts = await equipped(scene)
    body = STORE | {"state": "open", "code": facts["store"].code}
    path = f"/v1/merchant/stores/{facts['store'].id}"
    return Call(path, body, scene.desk(facts["merchant"].id), facts)


async def code_went_to_another(scene, call):
    """What the store is to be called, another one is called already."""
    await front_door.store(scene.tx, call.facts["merchant"].id, code="taken")
    call.body["code"] = "taken"


async def issuing_a_till(scene):
    """A manager puts a till into a store."""
    facts = await equipped(scene)
    path = f"/v1/merchant/stores/{facts['store'].id}/tills"
    return Call(path, TILL, scene.desk(facts["merchant"].id), facts)


async def closed_store(scene, call):
    """The store was closed."""
    place = front_door.place(code=call.facts["store"].code, state="closed")
    await keep_store.change(
        scene.tx,
        merchant_id=call.facts["merchant"].id,
        store_id=call.facts["store"].id,
        place=place,
        actor="staff:x",
        now=scene.now,
    )


def at_the_till(verb, body=None):
    """A manager does something to a till."""

    async def right(scene):
        facts = await equipped(scene)
        path = f"/v1/merchant/tills/{facts['till'].till_id}/{verb}"
        return Call(path, body, scene.desk(facts["merchant"].id), facts)

    return right


async def inviting(scene):
    """A manager invites a cashier."""
    merchant = await front_door.onboarded(scene.tx)
    body = {"name": "小陈", "role": "cashier"}
    return Call("/v1/merchant/staff", body, scene.desk(merchant.id), {"merchant": merchant})


def at_the_person(verb):
    """A manager does something about a cashier who was invited."""

    async def right(scene):
        facts = (await accepting(scene)).facts
        path = f"/v1/merchant/staff/{facts['person'].staff_id}/{verb}"
        return Call(path, None, scene.desk(facts["merchant"].id), facts)

    return right


async def a_cashier(scene, call):
    """Somebody of the same merchant who may not."""
    return scene.desk(call.facts["merchant"].id, Role.cashier)


WEEK = after(days=8)
NO_STORE, NO_TILL, NO_PERSON = "404 store-not-found", "404 till-not-found", "404 staff-not-found"
STATE = "409 wrong-merchant-state"
IDLE_S = int(sessions.IDLE.total_seconds())
NO_END = "nothing of it ends with time"
ANYBODY = "anybody may who has the secret, or a company"

MOVES = [
    Move("POST /v1/merchants/applications", applying, (applied_otherwise, "409 already-applied"),
         ANYBODY, SAME, NO_END),
    Move("POST /v1/auth/till", showing_a_key, (revoked, "401 till-key-refused"), ANYBODY, "200",
         (rotated, "401 till-key-refused")),
    Move("POST /v1/auth/invitations", accepting, (let_go, "401 invitation-refused"), ANYBODY,
         "401 invitation-refused",
         (after(seconds=int(invite.OPEN_FOR.total_seconds())), "401 invitation-refused")),
    # A code of the second factor opens once; whoever lost the answer waits for the next one.
    Move("POST /v1/auth/staff/sessions", signing_in, (let_go, "401 login-refused"), ANYBODY,
         "401 login-refused", (after(seconds=2 * totp.STEP_S), "401 login-refused")),
    # The second time, too, answers with tokens: the same refresh token, a new access token.
    Move("POST /v1/auth/staff/sessions/refresh", renewing, (let_go, "401 refresh-refused"),
         ANYBODY, "200", (after(seconds=IDLE_S), "401 refresh-refused")),
    Move("POST /v1/merchant/stores", opening_a_store,
         (another_store_has_the_code, "409 store-code-taken"), (a_cashier, "403 wrong-role"),
         SAME, NO_END),
    Move("PUT /v1/merchant/stores/{store_id}", changing_a_store,
         (code_went_to_another, "409 store-code-taken"), (another_merchant, NO_STORE), SAME,
         NO_END),
    Move("POST /v1/merchant/stores/{store_id}/tills", issuing_a_till,
         (closed_store, "201"), (another_merchant, NO_STORE), "409 store-code-taken", NO_END),
    Move("POST /v1/merchant/tills/{till_id}/rotate", at_the_till("rotate", {"overlap_minutes": 5}),
         (revoked, "409 till-revoked"), (another_merchant, NO_TILL), "200", NO_END),
    Move("POST /v1/merchant/tills/{till_id}/revoke", at_the_till("revoke"),
         (revoked, "409 till-revoked"), (another_merchant, NO_TILL), "409 till-revoked", NO_END),
    Move("POST /v1/merchant/staff", inviting, "whoever is invited has no state before it",
         (a_cashier, "403 wrong-role"), "201", NO_END),
    Move("POST /v1/merchant/staff/{staff_id}/invite", at_the_person("invite"),
         (let_go, NO_PERSON), (another_merchant, NO_PERSON), "200", (WEEK, "200")),
    Move("POST /v1/merchant/staff/{staff_id}/remove", at_the_person("remove"),
         (let_go, "204"), (another_merchant, NO_PERSON), SAME, (WEEK, "204")),
]  # fmt: skip
