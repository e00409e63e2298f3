"""`puhui verify` finds whoever tampers with a correction."""

import psycopg
import pytest

from tests.reductions.erring import carried_out, laws_broken, town

PLANTED = {
    "reductions.corrections_follow_one_another": "UPDATE reduction_correction SET nth = nth + 1",
    "reductions.corrections_are_booked_once": "DELETE FROM entry WHERE contra = 4",
    "reductions.corrections_add_up": "UPDATE correction SET changed = changed + 1",
    "reductions.corrections_replay_to_their_grams": (
        "UPDATE reduction_correction SET grams_after = grams_after + 1"
    ),
}


@pytest.mark.parametrize("name", PLANTED)
async def test_a_planted_breach_is_found(committing, fresh_urls, name):
    """Whoever tampers with a correction leaves a trace."""
    async with committing.writing() as tx:
        await town(tx, people=2, each=2)
        await carried_out(tx)
        assert await laws_broken(tx) == []
    with psycopg.connect(fresh_urls.owner) as owner:
        for table in ("entry", "reduction_correction"):
            owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        owner.execute(PLANTED[name])
    async with committing.snapshot() as tx:
        assert name in await laws_broken(tx)
