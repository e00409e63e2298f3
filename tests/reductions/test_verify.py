"""`puhui verify` finds every kind of breach: each is planted by somebody who can do anything."""

import psycopg
import pytest

from app.ledger import verify as ledger_verify
from app.reductions import verify as reductions_verify
from tests import city
from tests.city import MORNING, charge, metro, ride

PLANTED = {
    "ledger.balance_is_the_fold_of_its_entries": "UPDATE balance SET earned = earned + 1",
    "ledger.entries_form_a_gap_free_chain": "UPDATE entry SET seq = seq + 5 WHERE seq = 2",
    "ledger.fifo_axis_only_grows": (
        "INSERT INTO lot SELECT bucket, account_id, unit, last_expiry - 91, earned FROM balance"
    ),
    "ledger.whoever_earned_has_a_lot": "UPDATE balance SET last_expiry = '0001-01-01'",
    "ledger.no_cause_is_booked_twice": (
        "UPDATE entry SET ref = (SELECT ref FROM entry WHERE seq = 1) WHERE seq = 2"
    ),
    "ledger.each_kind_moves_one_way": "UPDATE entry SET kind = 5 WHERE seq = 2",
    "reductions.claims_do_not_overlap": "UPDATE reduction SET duration_s = 7 * 3600",
    "reductions.claims_have_a_record": "UPDATE claim SET reduction_id = gen_random_uuid()",
    "reductions.ids_are_of_the_records_numbers": "UPDATE reduction SET id = gen_random_uuid()",
    "reductions.earlier_numbers_lead_to_one_act": (
        "INSERT INTO natural_key VALUES (gen_random_uuid(), 1025, gen_random_uuid(), '2026-02-28')"
    ),
    "reductions.acts_have_a_line_of_evidence_each": "UPDATE reduction SET line = 0",
    "reductions.points_are_booked_once": "DELETE FROM entry WHERE seq = 2",
    "reductions.reductions_replay_to_their_grams": "UPDATE reduction SET grams = grams + 1",
}

OF_CORRECTIONS = {
    f"reductions.{name}"
    for name in (
        "corrections_follow_one_another",
        "corrections_are_booked_once",
        "corrections_add_up",
        "corrections_replay_to_their_grams",
    )
}
"""These look at nothing where nothing was corrected; `test_correct_verify` plants their breaches."""

OF_REVIEWS = {
    "reductions.reviews_are_what_became_of_acts",
    "reductions.an_officer_set_reasons_aside",
}
"""Planted in `test_review`."""
OF_RARE_POSTINGS = {
    f"ledger.{name}"
    for name in (
        "refunds_are_covered_by_what_was_spent",
        "rare_postings_are_booked_as_recorded",
        "debts_are_the_sum_of_their_records",
        "only_what_was_due_expired",
    )
}
"""Here nothing was refunded, owed or expired; tests/ledger/test_verify.py plants their breaches."""


@pytest.fixture
async def town(committing):
    """Three credited acts, one of a vehicle."""
    async with committing.writing() as tx:
        await city.programme(tx)
        await city.citizen(tx)
        await city.send(tx, ride(), metro(start=MORNING.replace(hour=10)))
        await city.send(tx, charge(start=MORNING.replace(hour=12), vehicle_id="car"))
    return committing


async def found(database):
    """Every check by name."""
    async with database.snapshot() as tx:
        checks = await ledger_verify.checks(tx)
        checks += await reductions_verify.checks(tx, versions=await city.versions(tx))
    return {check.name: check for check in checks}


async def test_a_sound_book_has_no_breach(town):
    """Every check looked at something, and found nothing."""
    checks = await found(town)
    assert set(checks) == set(PLANTED) | OF_CORRECTIONS | OF_REVIEWS | OF_RARE_POSTINGS
    assert all(check.breaches == 0 for check in checks.values())
    assert [name for name in PLANTED if not checks[name].rows] == [
        "reductions.earlier_numbers_lead_to_one_act"
    ], "of before there is nothing in a new city"


@pytest.mark.parametrize("name", PLANTED)
async def test_a_planted_breach_is_found(town, fresh_urls, name):
    """A superuser who switches the triggers off leaves a trace that the check finds."""
    with psycopg.connect(fresh_urls.owner) as owner:
        for table in ("entry", "natural_key", "reduction"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        owner.execute(PLANTED[name])

    assert (await found(town))[name].breaches > 0
