"""Laws of settling: how a stream of records is cut into batches changes nothing."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reductions.verify import checks
from tests import city
from tests.city import MORNING, metro, ride

acts = st.builds(
    lambda n, kind, hour, km: (kind, n, hour, km),
    st.integers(0, 6),
    st.sampled_from(["ride", "metro"]),
    st.integers(0, 30),
    st.sampled_from(["0.3", "3.7", "15", "19.999"]),
)


def record(act):
    """A record of one act; few refs and few starts, so that much collides."""
    kind, n, half_hours, km = act
    start = MORNING + timedelta(minutes=30 * half_hours)
    who = f"card-{'anna' if n % 2 else 'boris'}"
    if kind == "ride":
        return ride(f"ref-{n}", subject=who, start=start, minutes=80, distance_km=km)
    return metro(f"ref-{n}", subject=who, start=start)


@given(stream=st.lists(acts, max_size=16), cuts=st.sets(st.integers(1, 15), max_size=4))
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_batches_may_be_cut_anywhere(connection, stream, cuts):
    """One batch, or several in the same order: the same outcomes, and no law is broken."""
    records = [record(act) for act in stream]
    edges = [0, *sorted(cut for cut in cuts if cut < len(records)), len(records)]
    pieces = [records[a:b] for a, b in pairwise(edges) if b > a]
    answers = []
    for batches in ([records] if records else [], pieces):
        async with connection.transaction(force_rollback=True):
            await city.programme(connection)
            await city.citizen(connection, "anna")
            await city.citizen(connection, "boris")
            outcomes = []
            for batch in batches:
                outcomes += (await city.send(connection, *batch)).outcomes
            answers.append(
                [(each.verdict, each.reason, each.grams, each.points) for each in outcomes]
            )
            found = await checks(connection, versions=await city.versions(connection))
            assert [each.name for each in found if each.breaches] == []
    assert answers[0] == answers[1]
