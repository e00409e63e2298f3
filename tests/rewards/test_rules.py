"""Decisions of the rewards room, without a database."""

from datetime import timedelta

import pytest

from app.rewards import rules
from app.rewards.errors import (
    CouponNotOpen,
    OfferNotFound,
    OfferNotYetOpen,
    OfferSoldOut,
    OfferUnsound,
)
from app.rewards.tables import RedemptionState
from tests.make import NOON

HOUR = timedelta(hours=1)
SOUND = {
    "title_zh": "咖啡",
    "title_en": "Coffee",
    "points": 1,
    "stock": 1,
    "per_citizen": 1,
    "opens_at": NOON,
    "closes_at": NOON + HOUR,
}


def test_a_hold_lives_a_day_or_until_the_offer_closes():
    """Whichever comes first."""
    assert rules.hold_until(NOON + 30 * HOUR, NOON) == NOON + 24 * HOUR
    assert rules.hold_until(NOON + HOUR, NOON) == NOON + HOUR


@pytest.mark.parametrize(
    ("opens_in", "closes_in", "remaining", "refusal"),
    [
        (-1, 0, 5, OfferNotFound),
        (1, 2, 5, OfferNotYetOpen),
        (-1, 1, 0, OfferSoldOut),
    ],
)
def test_what_cannot_be_claimed_is_refused(opens_in, closes_in, remaining, refusal):
    """An offer is open from its first moment to just before its last, while units are left."""
    with pytest.raises(refusal):
        rules.ensure_open(NOON + opens_in * HOUR, NOON + closes_in * HOUR, remaining, NOON)
    rules.ensure_open(NOON, NOON + HOUR, 1, NOON)


def test_a_hold_that_ran_out_is_expired_before_the_sweep():
    """The till refuses it at once; the points come back within a minute."""
    assert rules.state_at(RedemptionState.held, NOON, NOON) is RedemptionState.expired
    with pytest.raises(CouponNotOpen) as refusal:
        rules.ensure_usable(RedemptionState.held, NOON, NOON)
    assert refusal.value.facts == {"state": "expired"}
    rules.ensure_usable(RedemptionState.held, NOON + HOUR, NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title_zh": " "},
        {"title_en": "x" * 81},
        {"points": 0},
        {"stock": 0},
        {"per_citizen": 0},
        {"closes_at": NOON},
    ],
)
def test_a_draft_that_makes_no_sense_names_the_field(wrong):
    """The officer learns which field to mend."""
    rules.ensure_sound(**SOUND)
    with pytest.raises(OfferUnsound) as refusal:
        rules.ensure_sound(**SOUND | wrong)
    assert refusal.value.facts["field"] in wrong
