"""Lanes: which buckets go together, and how a statement says which it asks for."""

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.lanes import LaneMap, Lanes, read, routed
from app.settings import Settings
from tests.machinery.spreading import STAND_INS


@given(n=st.integers(1, 1024), buckets=st.lists(st.integers(0, 1023), max_size=60))
def test_a_cut_keeps_every_item_once_in_one_group_and_in_order(n, buckets):
    """Nothing is lost or doubled, a lane is one group, and its items stand as they were sent."""
    items = list(enumerate(buckets))
    lanes = Lanes.modulo(n)
    cut = lanes.cut(items, lambda item: item[1])
    assert sorted(item for lane in cut for item in lane.items) == items
    for lane in cut:
        assert {lanes.groups[bucket] for bucket in lane.buckets} == {lane.group}
        assert lane.buckets == sorted({bucket for _, bucket in lane.items})
        assert list(lane.items) == sorted(lane.items)
    assert len({lane.group for lane in cut}) == len(cut)


def test_a_statement_names_its_buckets_only_in_a_lane():
    """Without lanes the text is untouched; in one, each marked table is filtered."""
    text = "SELECT FROM lot l JOIN debt d USING (account_id) WHERE true /* lane: l */ /* lane: d */"
    assert routed(text, None) == text
    assert routed(text, [1]).count("bucket = ANY(%(buckets)b::smallint[])") == 2
    with pytest.raises(AssertionError):
        routed("SELECT FROM lot", [1])


async def test_lanes_are_what_the_setting_says(database, tx):
    """0 is none, N is by the rest, and nothing else but citus is a setting."""
    assert await read(tx, setting=0) is None
    assert (await LaneMap(16).lanes(database)).groups[17] == 1
    assert await LaneMap(0).lanes(database) is None
    assert Settings(lanes="citus").lanes == "citus"
    for wrong in (-1, 1025, "postgres"):
        with pytest.raises(ValidationError):
            Settings(lanes=wrong)


async def test_citus_is_asked_where_its_buckets_lie(fresh_urls):
    """Groups are the shards that the coordinator names, one question for all buckets."""
    async with await psycopg.AsyncConnection.connect(fresh_urls.owner) as connection:
        await connection.execute(STAND_INS)
        await connection.execute(
            "INSERT INTO citus_stand_in.spread VALUES ('balance', 'bucket', 1, 8)"
        )
        lanes = await read(connection, setting="citus")
    assert len(set(lanes.groups)) == 8
    assert len(lanes.cut(range(1024), lambda bucket: bucket)) == 8
