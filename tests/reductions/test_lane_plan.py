"""Plans of lanes: what a denial changes for later acts is what it changes in one transaction."""

from datetime import timedelta

import pytest

from tests.city import MORNING, charge
from tests.reductions.test_lanes import three_ways

HOUR = timedelta(hours=1)


def charged(ref, who, car, hours):
    """An hour at a charger; a citizen has three a day, a car one at a time."""
    return charge(ref, subject=f"card-{who}", start=MORNING + hours * HOUR, vehicle_id=f"car-{car}")


CASES = {
    "a denial leaves a charge of the day for a later act": (
        [charged("a", "anna", 0, 0)],
        [
            charged("b", "anna", 0, 0),  # overlaps the first batch's
            charged("c", "anna", 1, 0),
            charged("d", "anna", 0, 1),
            charged("e", "anna", 1, 1),
        ],
    ),
    "what it leaves comes before another citizen's act": (
        [charged("a", "anna", 0, 0)],
        [
            charged("b", "anna", 0, 0),
            charged("c", "anna", 1, 0),
            charged("d", "anna", 0, 1),
            charged("e", "anna", 1, 1),
            charged("f", "boris", 1, 1),
        ],
    ),
    "an act that is refused twice over hears of the overlap": (
        [charged("a", "anna", 0, 0)],
        [
            charged("b", "anna", 0, 1),
            charged("c", "anna", 1, 0),
            charged("d", "anna", 0, 0),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_a_denial_turns_the_plan_as_it_turns_a_batch(connection, case):
    """The same answers and books, whole and in lanes, where denied claims leave room for others."""
    found = await three_ways(connection, *CASES[case])
    assert found[0] == found[1] == found[2]
    assert {each.verdict.value for each in found[0][0]} == {"credited", "rejected"}


async def test_who_does_not_agree_keeps_nothing_from_others(connection):
    """A car's hour reported by somebody who never agreed is another citizen's, whole and in lanes."""
    found = await three_ways(connection, [charged("a", "shy", 0, 0), charged("b", "anna", 0, 0)])
    assert found[0] == found[1] == found[2]
    assert [each.reason for each in found[0][0]] == ["no_consent", None]
