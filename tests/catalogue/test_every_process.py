"""Approvals reach every process within a second; buttons pressed together are pressed once."""

import asyncio
import time
from datetime import date
from types import SimpleNamespace

import psycopg
import pytest

from app.catalogue import versions
from app.catalogue.versions import Catalogue
from app.clock import utc_now
from app.database import savepoint
from app.people.tokens import Audience, Tokens
from app.worker_acts import turn_calendar
from tests import city, make
from tests.catalogue import scooter
from tests.catalogue.scooter import ONE, TODAY, approve, submitted, tried, uploaded
from tests.city import NOON
from tests.make import officer_headers


async def test_every_process_knows_within_a_second(committing, keys, live_client, monkeypatch):
    """Two processes' pictures, looked at a moment before, follow an approval within a second."""
    looked_ns = time.monotonic_ns()
    clock = SimpleNamespace(monotonic_ns=lambda: looked_ns)
    monkeypatch.setattr(versions, "time", clock)
    ana, bo = (officer_headers(keys, make.new_id()) for _ in range(2))
    day = date(2026, 3, 1)
    async with committing.writing() as tx:
        await city.programme(tx)
        await city.citizen(tx, scenarios=("kick_scooter",))
    await uploaded(live_client, ana)
    await tried(live_client, ana, "1.0.0")
    proposal = (await submitted(live_client, ana, "1.0.0", day)).json()["proposal_id"]
    pictures = [Catalogue(), Catalogue()]
    async with committing.reading() as tx:
        for each in pictures:
            assert (await each.versions(tx)).of("kick_scooter", day) is None
    assert (await approve(live_client, bo, proposal)).status_code == 200

    # All that a process looked at was looked at just now: at most so much later it looks again.
    assert versions.LOOK_AGAIN_NS < 1_000_000_000
    clock.monotonic_ns = lambda: looked_ns + versions.LOOK_AGAIN_NS
    async with committing.reading() as tx:
        for each in pictures:
            assert (await each.versions(tx)).of("kick_scooter", day) is not None
    [outcome] = await first_act(live_client, keys)
    assert (outcome["outcome"], outcome["grams"]) == ("credited", 100)


async def first_act(client, keys):
    """Send the methodology's first act as the provider; the outcomes."""
    token = Tokens(keys.token).sign(Audience.provider, subject="bikes", now=NOON)
    answer = await client.post(
        "/v1/provider/batches",
        json={"records": [scooter.ride("first", TODAY)]},
        headers={"Authorization": f"Bearer {token}"},
    )
    return answer.json()["outcomes"]


async def test_two_approvals_at_once_are_one(committing, keys, live_client):
    """Ten officers press the button together: one activates, nine are told it is decided."""
    ana, *others = (officer_headers(keys, make.new_id()) for _ in range(11))
    async with committing.writing() as tx:
        await city.programme(tx)
    await uploaded(live_client, ana)
    await tried(live_client, ana, "1.0.0")
    proposal = (await submitted(live_client, ana, "1.0.0", TODAY)).json()["proposal_id"]
    answers = await asyncio.gather(*(approve(live_client, each, proposal) for each in others))
    assert sorted(each.status_code for each in answers) == [200, *[409] * 9]


async def test_ten_uploads_at_once_are_one(committing, keys, live_client):
    """The same document from ten officers at once is one version with one author."""
    officers = [officer_headers(keys, make.new_id()) for _ in range(10)]
    async with committing.writing() as tx:
        await city.programme(tx)
    answers = await asyncio.gather(*(uploaded(live_client, each) for each in officers))
    assert sorted(each.status_code for each in answers) == [*[200] * 9, 201]
    life = (await live_client.get(f"{ONE}/1.0.0", headers=officers[0])).json()
    assert len(life["history"]) == 1


async def test_ranges_never_overlap_even_by_hand(tx):
    """The database itself refuses two versions in force on one day."""
    await city.programme(tx)
    with pytest.raises(psycopg.errors.ExclusionViolation):
        async with savepoint(tx):
            await tx.execute(
                "INSERT INTO methodology_version (id, methodology, version, content_hash, body,"
                " active_from, registered_at, state, author) VALUES"
                " (999, 'bike_ride', '9.0.0', 'x', '{}', '2026-01-01', now(), 'active', 'x')"
            )


async def test_the_calendar_of_an_empty_database(database):
    """A worker that starts before the programme is set up has nothing to turn."""
    assert await turn_calendar(database, now=utc_now()) == 0
