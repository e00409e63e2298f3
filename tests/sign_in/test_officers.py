"""Officers: a one-time code, a password, a second factor that works once, and an end at once."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.clock import current_time
from app.people.offices import Office
from app.people.register import officer
from app.sign_in import officers, totp
from tests.make import NOON
from tests.sign_in.arrivals import app_of, bearer, device

PASSWORD = "correct horse battery"
# RFC 6238, appendix B, SHA-1: seconds since 1970 -> eight digits.
VECTORS = {
    59: "94287082",
    1_111_111_109: "07081804",
    1_111_111_111: "14050471",
    1_234_567_890: "89005924",
    2_000_000_000: "69279037",
    20_000_000_000: "65353130",
}
RFC_SECRET = b"12345678901234567890"


def at(client, moment):
    """Turn the service's clock."""
    app_of(client).dependency_overrides[current_time] = lambda: moment


def code_of(secret: str, moment: datetime) -> str:
    """What the authenticator app shows."""
    return totp.code_at(base64.b32decode(secret), int(moment.timestamp()) // totp.STEP_S)


async def enrolled(client, office=Office.finance):
    """An officer who has set a password: the name, and the second factor's secret."""
    name = f"qian-{uuid4().hex[:8]}"
    async with app_of(client).state.database.writing() as tx:
        code = await officers.invite(tx, name=name, office=office, actor="test", now=NOON)
    answer = await client.post(
        "/v1/auth/officers/enrolments", json={"code": code, "password": PASSWORD}
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return name, answer.json()["totp_secret"], code


async def sign_in(client, name, code, *, password=PASSWORD, device_id="desk-of-qian"):
    body = {"name": name, "password": password, "totp": code, "device": device(device_id)}
    return await client.post("/v1/auth/officers/sessions", json=body)


@pytest.mark.parametrize("seconds", VECTORS)
def test_the_vectors_of_the_standard(seconds):
    """RFC 6238's own examples come out."""
    assert totp.code_at(RFC_SECRET, seconds // 30, digits=8) == VECTORS[seconds]


@pytest.mark.parametrize(
    ("late_s", "good"), [(-31, False), (-30, True), (0, True), (59, True), (60, False)]
)
def test_a_neighbouring_step_is_taken_and_no_other(late_s, good):
    """A clock may be half a minute off, not more."""
    secret, moment = totp.fresh_secret(), datetime(2026, 3, 1, 4, tzinfo=UTC)
    found = totp.step_of(secret, code_of(secret, moment), now=moment + timedelta(seconds=late_s))
    assert (found is not None) == good


async def test_an_officer_enrols_once_and_does_their_office(client):
    """Password and second factor open the officer's doors, and not another office's."""
    name, secret, code = await enrolled(client)
    again = await client.post(
        "/v1/auth/officers/enrolments", json={"code": code, "password": PASSWORD}
    )
    assert (again.status_code, again.json()["code"]) == (401, "enrolment-refused")
    session = await sign_in(client, name, code_of(secret, NOON))
    assert session.status_code == 201, session.text
    assert session.json()["refresh_expires_in_s"] == 12 * 3_600
    mine = bearer(session.json())
    assert (await client.get("/v1/admin/payout-batches", headers=mine)).status_code == 200
    other = await client.post("/v1/admin/offers", headers=mine)
    assert (other.status_code, other.json()["code"]) == (403, "wrong-office")


async def test_what_does_not_fit_is_refused_alike(client):
    """A wrong password, a wrong code, an unknown name and a used code get the same words."""
    name, secret, _ = await enrolled(client)
    now = code_of(secret, NOON)
    answers = [
        await sign_in(client, name, now, password="another password"),
        await sign_in(client, name, code_of(secret, NOON + timedelta(hours=1))),
        await sign_in(client, "nobody", now),
    ]
    assert (await sign_in(client, name, now)).status_code == 201
    answers.append(await sign_in(client, name, now))
    answers.append(await sign_in(client, name, code_of(secret, NOON - timedelta(seconds=30))))
    assert {each.status_code for each in answers} == {401}
    assert len({each.json()["detail"] for each in answers}) == 1


async def test_one_code_at_once_from_ten_places_opens_one_session(live_client):
    """A time step is used once, however many requests show it together."""
    name, secret, _ = await enrolled(live_client)
    answers = await asyncio.gather(
        *(sign_in(live_client, name, code_of(secret, NOON)) for _ in range(6))
    )
    assert [each.status_code for each in answers].count(201) == 1


async def test_a_stranger_cannot_shut_an_officer_out(client):
    """Ten failures close the name to strangers for ten minutes; the officer's own device goes on."""
    name, secret, _ = await enrolled(client)
    assert (await sign_in(client, name, code_of(secret, NOON))).status_code == 201
    failures = [
        await sign_in(client, name, "000000", device_id=f"stranger-{n:04}") for n in range(11)
    ]
    assert [each.status_code for each in failures] == [401] * 10 + [429]
    assert failures[-1].json()["retry_after_s"] == 600
    at(client, NOON + timedelta(minutes=1))
    good = await sign_in(client, name, code_of(secret, NOON + timedelta(minutes=1)))
    assert good.status_code == 201


@pytest.mark.parametrize("how", ["shut out", "enrolled again", "role taken"])
async def test_an_officers_session_ends_at_the_next_call(client, how):
    """The row is read on each call: shut out, enrolled anew or without office, nothing is believed."""
    name, secret, _ = await enrolled(client)
    session = (await sign_in(client, name, code_of(secret, NOON))).json()
    path = "/v1/admin/payout-batches"
    assert (await client.get(path, headers=bearer(session))).status_code == 200
    async with app_of(client).state.database.writing() as tx:
        officer_id = await officer(tx, name=name)
        if how == "shut out":
            await officers.shut_out(tx, officer_id=officer_id, actor="test", now=NOON)
        elif how == "enrolled again":
            code = await officers.invite(
                tx, name=name, office=Office.finance, actor="test", now=NOON
            )
        else:
            await tx.execute("SET ROLE NONE")
            await tx.execute("UPDATE officer SET role = 'nothing' WHERE id = %s", (officer_id,))
            await tx.execute("SET ROLE puhui_app")
    if how == "enrolled again":
        body = {"code": code, "password": "another long password"}
        assert (await client.post("/v1/auth/officers/enrolments", json=body)).status_code == 201
    after = await client.get(path, headers=bearer(session))
    assert after.status_code == (403 if how == "role taken" else 401)
    at(client, NOON + timedelta(minutes=1))
    code = code_of(secret, NOON + timedelta(minutes=1))
    again = await sign_in(client, name, code)
    assert again.status_code == (201 if how == "role taken" else 401)


async def test_passwords_and_factors_are_kept_unreadable(client, tx):
    """What stands in the table is an argon2id hash and a sealed secret."""
    _, secret, code = await enrolled(client)
    row = await (await tx.execute("SELECT password_hash, totp_sealed FROM credential")).fetchone()
    assert row[0].startswith("$argon2id$")
    assert secret.encode() not in bytes(row[1])
    kept = str(await (await tx.execute("SELECT * FROM enrolment")).fetchall())
    assert code not in kept
