"""Sessions: renewed by their own device alone, ended at once, and never by a lost answer."""

import asyncio
import json
import os
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from psycopg import AsyncConnection

from app.clock import current_time
from app.ids import new_id
from app.people.errors import NotSignedIn
from app.people.tokens import Audience
from app.sign_in import liveness, sessions
from app.sign_in.digests import Digests
from app.sign_in.liveness import Sessions
from tests.make import NOON, VAULT
from tests.sign_in.arrivals import DEVICE, app_of, arrive, bearer, number, renew

EXAMPLES = int(os.environ.get("PUHUI_TEST_EXAMPLES", "25"))
DIGESTS = Digests(b"k" * 32)
MINE, THEIRS = b"m" * 32, b"t" * 32


def at(client, moment):
    """Turn the service's clock."""
    app_of(client).dependency_overrides[current_time] = lambda: moment


async def test_each_use_replaces_the_token(client):
    """The child works, has the same session, and no token is like another."""
    first = await arrive(client)
    second = (await renew(client, first["refresh_token"])).json()
    third = (await renew(client, second["refresh_token"])).json()
    assert {each["session_id"] for each in (first, second, third)} == {first["session_id"]}
    assert len({each["refresh_token"] for each in (first, second, third)}) == 3
    assert set(second) == set(first)
    assert (await client.get("/v1/me/wallet", headers=bearer(third))).status_code == 200


async def test_a_lost_answer_gives_the_same_child_for_ten_seconds(client):
    """Asked again in time the child is the same; a second later the whole session is dead."""
    first = await arrive(client)
    child = (await renew(client, first["refresh_token"])).json()["refresh_token"]
    at(client, NOON + timedelta(seconds=10))
    again = await renew(client, first["refresh_token"])
    assert (again.status_code, again.json()["refresh_token"]) == (200, child)
    at(client, NOON + timedelta(seconds=11))
    late = await renew(client, first["refresh_token"])
    assert (late.status_code, late.json()["code"]) == (401, "refresh-refused")
    assert (await renew(client, child)).status_code == 401


async def test_a_token_on_another_device_ends_the_session(client):
    """Whoever shows it there has a copy: neither they nor the owner go on without signing in."""
    first = await arrive(client)
    assert (await renew(client, first["refresh_token"], "another-device")).status_code == 401
    assert (await renew(client, first["refresh_token"])).status_code == 401
    assert (await client.get("/v1/me/wallet", headers=bearer(first))).status_code == 401


@pytest.mark.parametrize("kind", ["nothing like it", "cut", "changed", "not ascii", "a stranger's"])
async def test_what_was_not_made_here_ends_nobodys_session(client, kind):
    """Text that only looks like a token is refused and costs the owner nothing."""
    first = await arrive(client)
    good = first["refresh_token"]
    body = good[: len(good) // 2]
    bad = {
        "nothing like it": "hello",
        "cut": good[:-1],
        "changed": body + ("A" if good[len(body)] != "A" else "B") + good[len(body) + 1 :],
        "not ascii": "r1.é中",
        "a stranger's": sessions._written(new_id(), b"s" * 32, Digests(b"x" * 32)),
    }[kind]
    assert (await renew(client, bad)).status_code == 401
    assert (await renew(client, good)).status_code == 200


async def test_a_session_waits_thirty_days_and_lives_half_a_year(client):
    """An idle session cannot be renewed, and renewing does not outlive the session."""
    first = await arrive(client)
    at(client, NOON + timedelta(days=30))
    assert (await renew(client, first["refresh_token"])).status_code == 401
    at(client, NOON)
    token = (await arrive(client, number(1), "another-device"))["refresh_token"]
    for days in (29, 58, 87, 116, 145, 174):
        at(client, NOON + timedelta(days=days))
        answer = (await renew(client, token, "another-device")).json()
        token = answer["refresh_token"]
    assert answer["refresh_expires_in_s"] == 6 * 86_400


async def test_sessions_are_seen_and_ended_by_their_owner_alone(client):
    """One's own sessions are listed; another's id is unknown; signing out ends one or all."""
    mine = await arrive(client)
    at(client, NOON + timedelta(minutes=1))
    other = await arrive(client, device_id="second-device")
    stranger = await arrive(client, number(1), "strange-device")
    listed = (await client.get("/v1/me/sessions", headers=bearer(mine))).json()["items"]
    assert [each["session_id"] for each in listed] == [other["session_id"], mine["session_id"]]
    assert [each["is_this_one"] for each in listed] == [False, True]
    path = f"/v1/me/sessions/{stranger['session_id']}"
    assert (await client.delete(path, headers=bearer(mine))).status_code == 404
    path = f"/v1/me/sessions/{other['session_id']}"
    assert (await client.delete(path, headers=bearer(mine))).status_code == 204
    assert (await client.get("/v1/me/wallet", headers=bearer(other))).status_code == 401
    assert (await client.delete("/v1/me/sessions", headers=bearer(mine))).status_code == 204
    assert (await renew(client, mine["refresh_token"])).status_code == 401
    assert (await client.get("/v1/me/wallet", headers=bearer(mine))).status_code == 401
    assert (await client.get("/v1/me/wallet", headers=bearer(stranger))).status_code == 200


async def test_another_process_believes_an_ended_session_for_two_seconds(
    client, database, tx, monkeypatch
):
    """What lived is believed until its time is up, and what is dead is asked for each time."""
    clock = SimpleNamespace(monotonic=lambda: 1_000.0)
    monkeypatch.setattr(liveness, "time", clock)
    first = await arrive(client)
    session_id = json.loads(json.dumps(first["session_id"]))
    elsewhere, impatient = Sessions(database), Sessions(database, believed_s=0)
    for each in (elsewhere, impatient):
        await each.ensure_live(session_id, now=NOON)
    await tx.execute("UPDATE sign_in_session SET ended_at = now(), ended_why = 'x'")
    clock.monotonic = lambda: 1_001.9
    await elsewhere.ensure_live(session_id, now=NOON)
    with pytest.raises(NotSignedIn):
        await impatient.ensure_live(session_id, now=NOON)
    clock.monotonic = lambda: 1_002.0
    with pytest.raises(NotSignedIn):
        await elsewhere.ensure_live(session_id, now=NOON)


async def test_two_renewals_at_once_give_one_child(live_client):
    """A phone that sends twice gets the same next token twice, and the session lives."""
    first = await arrive(live_client)
    answers = await asyncio.gather(
        *(renew(live_client, first["refresh_token"], DEVICE) for _ in range(8))
    )
    assert {each.status_code for each in answers} == {200}
    (child,) = {each.json()["refresh_token"] for each in answers}
    assert (await renew(live_client, child)).status_code == 200


async def test_the_twenty_first_session_ends_the_oldest(tx):
    """Nobody collects sessions without end."""
    person = new_id()
    device = sessions.Device(MINE, "x", "web")
    begun = [
        await sessions.start(
            tx,
            audience=Audience.citizen,
            person_id=person,
            account_id=1025,
            device=device,
            digests=DIGESTS,
            vault=VAULT,
            now=NOON,
        )
        for _ in range(21)
    ]
    rows = await tx.execute("SELECT id FROM sign_in_session WHERE ended_why = 'crowded'")
    assert await rows.fetchall() == [(begun[0].session_id,)]


class Family(RuleBasedStateMachine):
    """One session and every token it ever had, beside what the rules of rotation say of them.

    Half of the moves are a thief's: an old token, or a good one from another device.
    """

    loop: asyncio.Runner
    url: str

    def __init__(self) -> None:
        super().__init__()
        self.tx = self.loop.run(AsyncConnection.connect(self.url, autocommit=True))
        self.now = NOON
        begun = self.loop.run(
            sessions.start(
                self.tx,
                audience=Audience.citizen,
                person_id=new_id(),
                account_id=1025,
                device=sessions.Device(MINE, "x", "web"),
                digests=DIGESTS,
                vault=VAULT,
                now=self.now,
            )
        )
        self.tokens = [begun.refresh_token]
        self.renewed = self.now
        self.alive = True

    def expected(self, which: int, *, mine: bool) -> int | None:
        """Which token a use should give, by number; None: none, and the session is over."""
        last = len(self.tokens) - 1
        if not (self.alive and mine and self.now < self.renewed + sessions.IDLE):
            return None
        if which == last:
            return last + 1
        fresh = self.now <= self.renewed + sessions.GRACE
        return last if which == last - 1 and fresh else None

    @rule(back=st.integers(0, 3), mine=st.booleans() | st.just(value=True))
    def use(self, back: int, *, mine: bool) -> None:
        which = max(0, len(self.tokens) - 1 - back)
        due = self.expected(which, mine=mine)
        idle = self.alive and mine and which == len(self.tokens) - 1 and due is None
        begun = self.loop.run(
            sessions.renew(
                self.tx,
                token=self.tokens[which],
                device=MINE if mine else THEIRS,
                audiences=[Audience.citizen],
                digests=DIGESTS,
                now=self.now,
            )
        )
        if due is None:
            assert begun is None
            self.alive = self.alive and idle
            return
        assert begun is not None
        if due == len(self.tokens):
            assert begun.refresh_token not in self.tokens
            self.tokens.append(begun.refresh_token)
            self.renewed = self.now
        else:
            assert begun.refresh_token == self.tokens[due]

    @rule(seconds=st.sampled_from([1, 5, 10, 11, 600, 86_400]))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: not self.alive)
    @rule()
    def stays_dead(self) -> None:
        self.use(0, mine=True)

    def teardown(self) -> None:
        self.loop.run(self.tx.close())


def test_refresh_tokens_follow_the_model(urls):
    """Whatever is sent in whatever order, a token gives what the rules say, and a thief nothing."""
    with asyncio.Runner() as loop:
        kind = type("Here", (Family,), {"loop": loop, "url": urls.owner})
        budget = settings(
            max_examples=EXAMPLES,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(kind, settings=budget)
    with psycopg.connect(urls.owner) as connection:
        connection.execute("DELETE FROM sign_in_session")
