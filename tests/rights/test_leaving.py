"""Somebody is forgotten: nothing names them any more, and every book still proves itself."""

import asyncio
from datetime import timedelta

import pytest

from app.demo.proof import prove
from app.ledger import balances, seal_verify, statement
from app.notices.enqueue import enqueue
from app.people import households, linking
from app.people.errors import PersonLeft
from app.people.register import citizen, register_citizen
from app.people.subjects import digest_of
from app.reductions import sent
from app.rights import erase_run, export_run, requests, verify
from app.rights.errors import RightsRequestClosed, RightsRequestNotFound
from tests import city, make
from tests.city import NOON
from tests.ledger import histories
from tests.rights.leaving import (
    AFTER_GRACE,
    SETTLED,
    TODAY,
    VAULT,
    anna,
    asks_for_a_copy,
    asks_to_leave,
    value,
)


async def leave(database, ticket, *moments):
    """Run the job at these moments; whether it was finished at the last."""
    done = False
    for moment in moments or (AFTER_GRACE, SETTLED):
        done = await erase_run.run_deletion(
            database, request_id=ticket.id, clock=lambda now=moment: now
        )
    return done


async def unsound(database):
    """The laws that do not hold."""
    return [each.name for each in await prove(database) if each.breaches]


async def test_whoever_leaves_is_gone_and_the_books_balance(committing):
    """Name, key, card, consents, evidence and points go; entries stay, and all seals hold."""
    person = await anna(committing)
    await rollup_and_seal(committing, NOON)
    copy = await asks_for_a_copy(committing, person)
    await export_run.run_export(committing, request_id=copy.id, vault=VAULT, clock=lambda: NOON)
    before = await value(committing, "SELECT count(*) FROM reduction")
    async with committing.writing() as tx:
        await tx.execute(
            "INSERT INTO sign_in_name SELECT 'phone', 'digest', id, 'sealed', now() FROM citizen"
            " WHERE account_id = %s",
            (person.account_id,),
        )
        await tx.execute("UPDATE citizen SET birth_year = 1990 WHERE nickname = 'anna'")
        facts = {person.account_id: {"points": 18}}
        await enqueue(tx, template="points_earned", facts_of=facts, now=NOON)
        await households.open_household(tx, account_id=person.account_id, key=b"k" * 32, now=NOON)
    ticket = await asks_to_leave(committing, person)

    assert await leave(committing, ticket)
    for gone in (
        "sign_in_name",
        "message",
        "outbox",
        "citizen WHERE birth_year IS NOT NULL",
        "household WHERE members > 0",
    ):
        assert await value(committing, f"SELECT count(*) FROM {gone}") == 0

    async with committing.reading() as tx:
        assert await sent.of_account(tx, account_id=person.account_id) == {}
        assert (await balances.balance(tx, account_id=person.account_id)).available == 0
        lines = await statement.page(tx, account_id=person.account_id, before_seq=None, limit=9)
        assert (lines[0].kind, lines[0].points, lines[0].balance_after) == ("adjust", -75, 0)
    assert await value(committing, "SELECT count(*) FROM reduction") == before
    assert await value(committing, "SELECT count(*) FROM export_file") == 0
    assert await value(committing, "SELECT count(*) FROM citizen WHERE nickname = 'anna'") == 0
    assert await value(committing, "SELECT count(*) FROM data_key WHERE wrapped IS NOT NULL") == 0
    assert await value(committing, "SELECT state FROM rights_request WHERE id = %s", ticket.id) == (
        "done"
    )
    await rollup_and_seal(committing, SETTLED)
    assert await unsound(committing) == []
    async with committing.snapshot() as tx:
        report = await seal_verify.verify_seals(tx)
    assert (report.breaches, report.entries == 4) == ([], True)


async def rollup_and_seal(database, now):
    """What the worker does each minute."""
    await histories.roll(database)
    await histories.seal_all(database, now=now)


async def test_boris_keeps_what_stood_in_the_same_block(committing):
    """The evidence of others in the same batch is still there, line by line."""
    person = await anna(committing)
    ticket = await asks_to_leave(committing, person)
    await leave(committing, ticket)
    async with committing.reading() as tx:
        boris = await citizen(tx, name="boris")
        kept = await sent.of_account(tx, account_id=boris.account_id)
        assert [each.ref for each in kept.values()] == ["ride-b"]
        assert (await balances.balance(tx, account_id=boris.account_id)).available > 0


async def test_a_late_batch_credits_nothing(committing):
    """What comes for the card after its holder left is refused, and no word of it is kept."""
    person = await anna(committing)
    ticket = await asks_to_leave(committing, person)
    await leave(committing, ticket)
    blocks = await value(committing, "SELECT count(*) FROM evidence")

    async with committing.writing() as tx:
        late = await city.one(
            tx, city.ride("late", start=city.MORNING + timedelta(hours=5)), now=SETTLED
        )

    assert (late.verdict, late.reason) == ("rejected", "no_consent")
    assert await value(committing, "SELECT count(*) FROM evidence") == blocks
    assert await unsound(committing) == []


async def test_there_is_a_week_to_change_ones_mind(committing):
    """Before its day nothing happens; cancelled, nothing ever does; asked again, a new week runs."""
    person = await anna(committing)
    ticket = await asks_to_leave(committing, person)
    assert (await asks_to_leave(committing, person)).id == ticket.id
    assert not await leave(committing, ticket, AFTER_GRACE - timedelta(seconds=1))
    async with committing.writing() as tx:
        await requests.cancel_deletion(tx, account_id=person.account_id, now=NOON)
    assert not await leave(committing, ticket)
    async with committing.reading() as tx:
        assert (await citizen(tx, name="anna")).id == person.id
    with pytest.raises(RightsRequestNotFound):
        async with committing.writing() as tx:
            await requests.cancel_deletion(tx, account_id=person.account_id, now=NOON)

    again = await asks_to_leave(committing, person, now=AFTER_GRACE)
    assert again.id != ticket.id
    assert not await leave(committing, again, SETTLED)
    assert await leave(
        committing, again, *(each + timedelta(days=7) for each in (AFTER_GRACE, SETTLED))
    )
    async with committing.writing() as tx:
        with pytest.raises(PersonLeft):
            await requests.ask_deletion(tx, account_id=person.account_id, today=TODAY, now=SETTLED)


async def test_once_begun_it_cannot_be_stopped(committing):
    """Between the two steps the person is gone already, and the second is waited for."""
    person = await anna(committing)
    ticket = await asks_to_leave(committing, person)
    assert not await leave(committing, ticket, AFTER_GRACE)
    assert not await leave(committing, ticket, AFTER_GRACE + timedelta(seconds=119))
    with pytest.raises(RightsRequestClosed):
        async with committing.writing() as tx:
            await requests.cancel_deletion(tx, account_id=person.account_id, now=SETTLED)
    async with committing.reading() as tx:
        assert await erase_run.unfinished(tx, now=SETTLED) == [ticket.id]
    assert await leave(committing, ticket, SETTLED)
    async with committing.reading() as tx:
        assert await erase_run.unfinished(tx, now=SETTLED) == []


async def test_a_batch_under_way_is_waited_for(committing):
    """Evidence that a batch writes while its citizen leaves is found and erased all the same."""
    person = await anna(committing)
    ticket = await asks_to_leave(committing, person)
    async with committing.writing() as slow:
        [done] = (
            await city.send(slow, city.ride("slow", start=city.MORNING + timedelta(hours=6)))
        ).outcomes
        assert done.verdict == "credited"
        assert not await leave(committing, ticket)  # its step is not begun while the batch runs
    assert await leave(committing, ticket, SETTLED)
    async with committing.reading() as tx:
        assert await sent.of_account(tx, account_id=person.account_id) == {}
        assert (await balances.balance(tx, account_id=person.account_id)).available == 0
    assert await unsound(committing) == []


async def test_linking_and_leaving_at_once(committing):
    """Whichever comes first, nobody who left has a card: ten tries of both at the same moment."""
    async with committing.writing() as tx:
        await city.programme(tx)
        people = [
            await register_citizen(tx, nickname=f"p{n}", district_code="321102", now=NOON)
            for n in range(10)
        ]
    tickets = [await asks_to_leave(committing, each) for each in people]

    async def link(person):
        try:
            async with committing.writing() as tx:
                await linking.link(
                    tx,
                    account_id=person.account_id,
                    provider_id=1,
                    subject=digest_of(b"s" * 32, provider_id=1, subject=person.nickname),
                    scenarios=["bike_ride"],
                    now=NOON,
                )
        except PersonLeft:
            return "left"
        return "linked"

    async def both(person, ticket):
        return (await asyncio.gather(link(person), leave(committing, ticket, AFTER_GRACE)))[0]

    answers = await asyncio.gather(*map(both, people, tickets))

    assert set(answers) <= {"left", "linked"}
    assert await value(committing, "SELECT count(*) FROM link WHERE valid_until IS NULL") == 0
    assert await value(committing, "SELECT count(*) FROM consent WHERE withdrawn_at IS NULL") == 0


async def test_points_that_come_back_later_are_swept(committing):
    """A coupon of somebody who left runs out: its points do not stay with nobody."""
    person = await anna(committing)
    ticket = await asks_to_leave(committing, person)
    await leave(committing, ticket)
    async with committing.writing() as tx:
        await make.points(tx, person.account_id, 7)
    assert await erase_run.sweep(committing, clock=lambda: SETTLED) == 7
    assert await erase_run.sweep(committing, clock=lambda: SETTLED) == 0


@pytest.mark.parametrize(
    ("harm", "law"),
    [
        ("UPDATE link SET valid_until = NULL", "rights.whoever_left_is_nameless"),
        ("UPDATE citizen SET nickname = 'x' WHERE nickname LIKE 'left-%%'",
         "rights.whoever_left_is_nameless"),
        ("INSERT INTO data_key (owner, made_at, shredded_at) VALUES (gen_random_uuid(), now(), now())",
         "rights.keys_are_destroyed_on_request_alone"),
        ("UPDATE rights_request SET finished_at = '2020-01-01'",
         "rights.whoever_left_earns_nothing"),
        (("INSERT INTO guardianship (ward_account_id, birth_year, declared_at, ranked, pooled)"
         " SELECT account_id, 2020, now(), false, false FROM consent"
         " WHERE withdrawn_at IS NULL LIMIT 1"),
         "rights.children_agree_with_their_guardian"),
    ],
)  # fmt: skip
async def test_a_person_forgotten_by_half_is_found(database, harm, law):
    """Each law of this room is broken once, and the proof says which."""
    person = await anna(database)
    ticket = await asks_to_leave(database, person)
    async with database.writing() as tx:
        assert await erase_run.begin(tx, request_id=ticket.id, now=AFTER_GRACE)
        await tx.execute(erase_run._END, {"id": ticket.id, "now": SETTLED})
        assert [each.name for each in await verify.checks(tx) if each.breaches] == []
        await tx.execute(harm)
        assert law in [each.name for each in await verify.checks(tx) if each.breaches]
