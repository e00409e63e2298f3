"""The laws of refunds, debts and expiry: each breach is planted by somebody who can do anything."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from app.ids import new_id
from app.ledger import verify
from app.ledger.claw_back import ClawBack, claw_back
from app.ledger.refund import Refund, refund
from app.ledger.repay import repay
from tests import make
from tests.ledger.book import ALL, earned, expired, spent
from tests.make import NOON, QUARTER_END

PLANTED = {
    "ledger.refunds_are_covered_by_what_was_spent": (
        "UPDATE cause SET of_ref = gen_random_uuid() WHERE kind = 3"
    ),
    "ledger.rare_postings_are_booked_as_recorded": (
        "UPDATE entry SET ref = gen_random_uuid() WHERE kind = 3"
    ),
    "ledger.debts_are_the_sum_of_their_records": "UPDATE debt SET owed = owed + 1",
    "ledger.only_what_was_due_expired": (
        "UPDATE entry SET effective_at = effective_at - interval '2 days' WHERE kind = 4"
    ),
    "ledger.fifo_axis_only_grows": "UPDATE lot SET expires_on = expires_on + 900",
    "ledger.each_kind_moves_one_way": "UPDATE entry SET amount = -amount WHERE kind = 9",
}
MORE = {
    "a second refund under the first one's record": (
        "ledger.refunds_are_covered_by_what_was_spent",
        "UPDATE cause SET points = 61, booked = 61 WHERE kind = 3",
    ),
    "a claw-back that was never booked": (
        "ledger.rare_postings_are_booked_as_recorded",
        "UPDATE cause SET booked = booked - 1, points = points - 1 WHERE kind = 5",
    ),
    "a claw-back in favour of somebody else": (
        "ledger.rare_postings_are_booked_as_recorded",
        "UPDATE cause SET contra = contra + 1 WHERE kind = 5",
    ),
    "a claw-back that is of something else": (
        "ledger.rare_postings_are_booked_as_recorded",
        "UPDATE cause SET of_ref = gen_random_uuid() WHERE kind = 5",
    ),
    "a record whose parts are not its whole": (
        "ledger.rare_postings_are_booked_as_recorded",
        "ALTER TABLE cause DROP CONSTRAINT cause_sums; UPDATE cause SET borne = borne + 1",
    ),
    "a balance that was booked at another time": (
        "ledger.balance_is_the_fold_of_its_entries",
        "UPDATE balance SET last_posted_at = last_posted_at + interval '1 day'",
    ),
    "a debt without a record": (
        "ledger.debts_are_the_sum_of_their_records",
        "UPDATE cause SET owed = owed - 1, points = points + 1 WHERE kind = 5",
    ),
}


@pytest.fixture
async def town(committing):
    """A refund, a debt that is half repaid, and a lot that has expired."""
    async with committing.writing() as tx:
        anna, boris, chen = [await make.rich(tx, 100) for _ in range(3)]
        purchase = await spent(tx, anna, 60)
        await refund(tx, refunds=[Refund(anna, 60, purchase, new_id(), NOON)], now=NOON)
        await claw_back(tx, claw_backs=[ClawBack(boris, 160, new_id(), NOON)], now=NOON)
        await earned(tx, boris, 30)
        await repay(tx, buckets=ALL, limit=9, ref=new_id(), now=NOON)
        await earned(tx, chen, 5, expires_on=QUARTER_END + timedelta(days=91))
        night = datetime(2028, 4, 1, 3, tzinfo=UTC)
        await expired(tx, today=QUARTER_END + timedelta(days=1), now=night)
    return committing


async def found(database):
    """Every check by name."""
    async with database.snapshot() as tx:
        return {check.name: check for check in await verify.checks(tx)}


async def test_a_sound_book_has_no_breach(town):
    """Every law looked at something, and nothing breaks it."""
    checks = await found(town)
    assert [name for name, check in checks.items() if check.breaches] == []
    assert all(check.rows > 0 for check in checks.values())


@pytest.mark.parametrize(
    ("law", "change"), [*PLANTED.items(), *MORE.values()], ids=[*PLANTED, *MORE]
)
async def test_a_planted_breach_is_found(town, fresh_urls, law, change):
    """A superuser who switches triggers and constraints off leaves a trace that the law finds."""
    with psycopg.connect(fresh_urls.owner) as owner:
        for table in ("entry", "cause"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        owner.execute(change)

    assert (await found(town))[law].breaches > 0
