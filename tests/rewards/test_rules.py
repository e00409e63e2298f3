"""Decisions of the rewards room, without a database."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rewards import rules
from app.rewards.errors import (
    CouponNotOpen,
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


def test_what_opens_later_says_when():
    """The phone can count down: the moment is in the facts."""
    refused = rules.not_yet_open(NOON + HOUR)
    assert refused.facts == {"opens_at": "2026-03-01T05:00:00+00:00"}


@given(stock=st.integers(1, 10_000_000))
def test_stock_is_cut_into_slots_that_sum_to_it(stock):
    """A small stock lies in one to four rows, a large one in up to 64; none is lost in cutting."""
    slots = rules.slots(stock)
    assert 1 <= slots <= (4 if stock < 50 else 64)
    parts = rules.shares(stock, slots)
    assert (len(parts), sum(parts)) == (slots, stock)
    assert max(parts) - min(parts) <= 1
    assert min(parts) >= 1


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
