"""How a budget is spread over acts, as a matter of arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from app.catalogue import budgets
from app.catalogue.budgets import Step, Want


@given(
    st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 5_000)), max_size=40),
    st.integers(0, 3_000),
    st.integers(0, 3_000),
    st.integers(0, 40),
)
def test_what_is_spread_never_exceeds_what_is_left(acts, left, more, cut):
    """Rates never exceed the tariff, sums never the budget, and a cut changes nothing."""
    wants = [Want("programme", grams, rate) for grams, rate in acts]
    total = left + more
    spread = budgets.spread
    rates, points = spread(wants, left=left, total=total, taper=budgets.USUAL_TAPER)

    assert points == sum(w.grams * r // 1000 for w, r in zip(wants, rates, strict=True)) <= left
    assert all(0 <= rate <= want.points_per_kg for want, rate in zip(wants, rates, strict=True))
    head, drawn = spread(wants[:cut], left=left, total=total, taper=budgets.USUAL_TAPER)
    tail, rest = spread(wants[cut:], left=left - drawn, total=total, taper=budgets.USUAL_TAPER)
    assert (head + tail, drawn + rest) == (rates, points)


@given(st.integers(0, 10**13), st.integers(1, 64), st.integers(1, 10**6))
def test_slots_hold_all_points_and_no_others(points, slots, least):
    """Cutting a month loses nothing."""
    cut = budgets.shares(points, slots, least=least)
    assert (len(cut), sum(cut)) == (slots, points)
    assert max(cut) - min(each for each in cut if each or points < slots) <= max(1, points)


def test_the_schedule_shrinks_what_is_paid():
    """The lowest step that applies counts; nothing is paid out of nothing."""
    taper = (Step(20, 50), Step(5, 25))
    paid = [
        budgets.pay_percent(taper, left=left, total=1_000)
        for left in (1_000, 200, 199, 50, 49, 1, 0)
    ]
    assert paid == [100, 100, 50, 50, 25, 25, 0]
    assert budgets.pay_percent((), left=1, total=0) == 100
