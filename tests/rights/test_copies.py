"""A copy of everything about somebody: complete, sealed, theirs alone, and made though killed."""

import asyncio
import csv
import io
import json
import signal
import subprocess
import sys
import zipfile
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.database import WORKER_ROLE, database_for
from app.ids import new_id
from app.notices.enqueue import enqueue
from app.people import households
from app.people.data_keys import VaultError
from app.people.tokens import Audience
from app.people.vault import Vault
from app.reductions import sent
from app.rights import erase_run, export_run, promises, rules
from app.rights.errors import ExportGone, ExportNotReady, RightsRequestNotFound
from app.rights.export_pack import pack
from app.rights.export_tables import IN_NO_COPY, IN_THE_COPY
from app.settings import DatabaseSettings
from app.sign_in import names, sessions
from app.sign_in.digests import Digests
from tests import make
from tests.city import NOON
from tests.rights.leaving import (
    AFTER_GRACE,
    SETTLED,
    VAULT,
    anna,
    asks_for_a_copy,
    asks_to_leave,
    value,
)

ROOT = Path(__file__).parents[2]


_AN_APPEAL = """
INSERT INTO appeal (bucket, account_id, id, kind, state, act_id, note, made_at, due_on, grams,
                    points)
VALUES ((%(account)s::bigint %% 1024)::smallint, %(account)s, gen_random_uuid(), 2, 1,
        gen_random_uuid(), 'my ride', %(now)s, '2026-03-20', 0, 0)
"""
_TABLES = """
SELECT c.relname FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT c.relispartition
"""
_ABOUT_PEOPLE = f"""{_TABLES}
   AND EXISTS (
     SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        AND (a.attname LIKE '%account%' OR a.attname IN (
          'citizen_id', 'person_id', 'owner', 'who', 'subject', 'phone', 'device', 'actor')))
"""


async def made(database, ticket, *, now=NOON):
    """Make the copy as a worker does."""
    return await export_run.run_export(
        database, request_id=ticket.id, vault=VAULT, clock=lambda: now
    )


async def fetched(database, person, ticket, *, now=NOON):
    """The copy as its owner gets it."""
    async with database.writing() as tx:
        return await export_run.fetch(
            tx, account_id=person.account_id, request_id=ticket.id, vault=VAULT, now=now
        )


async def test_a_copy_has_everything_and_nobody_elses(database):
    """Acts, evidence, points and consents as JSON, and each part again as CSV."""
    person = await anna(database)
    ticket = await asks_for_a_copy(database, person)
    assert await made(database, ticket)

    with zipfile.ZipFile(io.BytesIO(await fetched(database, person, ticket))) as archive:
        whole = json.loads(archive.read("data.json"))
        rows = list(csv.DictReader(io.StringIO(archive.read("acts.csv").decode("utf-8-sig"))))
        assert {f"{name}.csv" for name, each in whole.items() if isinstance(each, list)} == set(
            archive.namelist()
        ) - {"data.json"}
    assert whole["profile"][0]["nickname"] == "anna"
    assert {each["ref"] for each in whole["evidence"]} == {"ride-1", "metro-1"}
    assert [int(row["grams"]) for row in rows] == [each["grams"] for each in whole["acts"]]
    assert sum(each["points"] for each in whole["points"]) == whole["wallet"][0]["available"]
    assert {each["provider"] for each in whole["consents"]} == {"bikes"}
    assert {each["action"] for each in whole["deeds"]} == {"people.link", "rights.ask_export"}
    assert "ride-b" not in json.dumps(whole)


async def test_a_copy_names_phones_sessions_and_what_was_said(database):
    """Numbers are opened, and what people wrote and were told is there, in both languages."""
    person = await anna(database)
    async with database.writing() as tx:
        wanted = (names.Name(names.PHONE, "+8613800138000"), names.Name(names.WECHAT, "o-anna"))
        for name in wanted:
            sealed = VAULT.seal(name.value, owner=person.id, field=name.kind)
            row = (name.kind, VAULT.index(name.kind, name.value), person.id, sealed, NOON)
            await tx.execute("INSERT INTO sign_in_name VALUES (%s, %s, %s, %s, %s)", row)
        await sessions.start(
            tx,
            audience=Audience.citizen,
            person_id=person.id,
            account_id=person.account_id,
            device=sessions.Device(b"d" * 32, "Anna's phone", "ios"),
            digests=Digests(b"s" * 32),
            vault=VAULT,
            now=NOON,
        )
        facts = {person.account_id: {"points": 18}}
        await enqueue(tx, template="points_earned", facts_of=facts, now=NOON)
        await tx.execute(_AN_APPEAL, {"account": person.account_id, "now": NOON})
        await households.open_household(tx, account_id=person.account_id, key=b"k" * 32, now=NOON)
    ticket = await asks_for_a_copy(database, person)
    await made(database, ticket)
    with zipfile.ZipFile(io.BytesIO(await fetched(database, person, ticket))) as archive:
        whole = json.loads(archive.read("data.json"))
    assert {each["name"] for each in whole["sign_in_names"]} == {"+8613800138000", "o-anna"}
    assert [each["device_name"] for each in whole["sessions"]] == ["Anna's phone"]
    assert [each["text_en"] for each in whole["messages"]] == ["You earned 18 points."]
    assert [(each["note"], each["state"]) for each in whole["appeals"]] == [("my ride", "open")]
    assert [each["people_now"] for each in whole["households"]] == [1]
    assert set(IN_THE_COPY.values()) <= set(whole)


async def test_every_table_about_a_person_is_in_the_copy_or_says_why_not(database):
    """A new table that names an account or a person has to be thought of here."""
    async with database.reading() as tx:
        about = {name async for (name,) in await tx.execute(_ABOUT_PEOPLE)}
        every = {name async for (name,) in await tx.execute(_TABLES)}
    assert about - set(IN_THE_COPY) - set(IN_NO_COPY) == set()
    assert (set(IN_THE_COPY) | set(IN_NO_COPY)) - every == set()
    assert set(IN_THE_COPY) & set(IN_NO_COPY) == set()


async def test_a_copy_is_its_owners_for_a_week(database):
    """A stranger is told that it does not exist; after a week it is gone, and then deleted."""
    person = await anna(database)
    ticket = await asks_for_a_copy(database, person)
    with pytest.raises(ExportNotReady):
        await fetched(database, person, ticket)
    await made(database, ticket)
    async with database.writing() as tx:
        with pytest.raises(RightsRequestNotFound):
            await export_run.fetch(
                tx, account_id=make.account(), request_id=ticket.id, vault=VAULT, now=NOON
            )
    assert await fetched(database, person, ticket, now=NOON + rules.KEPT - timedelta(seconds=1))
    with pytest.raises(ExportGone):
        await fetched(database, person, ticket, now=NOON + rules.KEPT)
    await promises.resume(database, vault=VAULT, clock=lambda: NOON + rules.KEPT)
    assert await value(database, "SELECT count(*) FROM export_file") == 0
    seen = "SELECT count(*) FROM audit_record WHERE action = 'rights.read_export'"
    assert await value(database, seen) == 1


async def test_a_stored_copy_is_sealed(database):
    """What lies in the database is noise to whoever has no master key."""
    person = await anna(database)
    ticket = await asks_for_a_copy(database, person)
    await made(database, ticket)
    body = await value(database, "SELECT body FROM export_file")
    assert b"PK\x03\x04" not in body[:80]
    stranger = Vault({1: b"x" * 32}, index_key=b"i" * 32)
    async with database.writing() as tx:
        with pytest.raises(VaultError):
            await export_run.fetch(
                tx, account_id=person.account_id, request_id=ticket.id, vault=stranger, now=NOON
            )


async def test_asking_twice_is_asking_once(committing):
    """Eight phones that ask at once share one copy; when it is made, a new one may be asked for."""
    person = await anna(committing)
    asked = await asyncio.gather(*(asks_for_a_copy(committing, person) for _ in range(8)))
    assert len({each.id for each in asked}) == 1
    jobs = "SELECT count(*) FROM queue.procrastinate_jobs WHERE task_name = 'export_person'"
    assert await value(committing, jobs) == 1
    both = await asyncio.gather(*(made(committing, asked[0]) for _ in range(2)))
    assert sorted(both) == [False, True]
    assert await value(committing, "SELECT count(*) FROM export_file") == 1
    assert (await asks_for_a_copy(committing, person)).id != asked[0].id


@pytest.mark.parametrize("what", ["export", "deletion"])
async def test_a_killed_job_is_carried_on(committing, fresh_urls, what):
    """A worker dies by kill -9 before its last commit; the next minute's worker ends the work."""
    person = await anna(committing)
    asks = asks_for_a_copy if what == "export" else asks_to_leave
    ticket = await asks(committing, person)
    command = [sys.executable, "-m", "tests.rights.dying", fresh_urls.app, what, str(ticket.id)]
    died = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, check=False, timeout=240)
    assert died.returncode == -signal.SIGKILL
    state = "SELECT state FROM rights_request WHERE id = %s"
    assert await value(committing, state, ticket.id) == "running"

    working = database_for(DatabaseSettings(pool_size=2), fresh_urls.app, role=WORKER_ROLE)
    await working.open()
    await promises.resume(working, vault=VAULT, clock=lambda: SETTLED)
    assert await erase_run.sweep(working, clock=lambda: SETTLED) == 0
    await working.close()

    assert await value(committing, state, ticket.id) == "done"
    if what == "export":
        assert await fetched(committing, person, ticket, now=SETTLED)
        return
    async with committing.reading() as tx:
        assert await sent.of_account(tx, account_id=person.account_id) == {}
    available = "SELECT earned - consumed - held FROM balance WHERE account_id = %s"
    assert await value(committing, available, person.account_id) == 0


async def test_leaving_stops_a_copy_that_is_being_made(database, monkeypatch):
    """A copy that is ready after its owner left is not kept."""
    person = await anna(database)
    copy = await asks_for_a_copy(database, person)
    ticket = await asks_to_leave(database, person)
    packing = pack

    def late(found, *, made_at):
        asyncio.run_coroutine_threadsafe(leave(), loop).result(timeout=120)
        return packing(found, made_at=made_at)

    async def leave():
        async with database.writing() as tx:
            assert await erase_run.begin(tx, request_id=ticket.id, now=AFTER_GRACE)

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(export_run, "pack", late)
    assert not await made(database, copy)
    assert await value(database, "SELECT count(*) FROM export_file") == 0


def test_the_same_rows_make_the_same_file():
    """A copy is bytes of its contents, and no cell of it is a formula."""
    found = {"acts": [{"id": new_id(), "text": "=1+1", "n": -1}], "empty": []}
    one, two = (pack(found, made_at=NOON) for _ in range(2))
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        line = archive.read("acts.csv").decode("utf-8-sig").splitlines()[1]
    assert line.endswith(",'=1+1,-1")


@pytest.mark.parametrize(
    ("asked", "due"),
    [
        (date(2026, 3, 2), date(2026, 3, 23)),  # Monday
        (date(2026, 3, 6), date(2026, 3, 27)),  # Friday
        (date(2026, 3, 7), date(2026, 3, 27)),  # Saturday
        (date(2026, 3, 8), date(2026, 3, 27)),  # Sunday
    ],
)
def test_fifteen_working_days(asked, due):
    """Weekends do not count, and the day of asking does not either."""
    assert rules.due_on(asked) == due
