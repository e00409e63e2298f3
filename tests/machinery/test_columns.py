"""Columns go over the wire as PostgreSQL's own arrays: what goes in comes out."""

from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import pytest

from app import columns

EAST = timezone(timedelta(hours=8))
VALUES = [
    (columns.int2s, "smallint", [-32768, 0, 7, 32767]),
    (columns.int4s, "int", [-(2**31), 0, 2**31 - 1]),
    (columns.int8s, "bigint", [-(2**63), 0, 2**63 - 1]),
    (columns.uuids, "uuid", [UUID(int=0), UUID(int=2**128 - 1)]),
    (columns.texts, "text", ["", "骑行", "a\tb\\", "\U0001f6b2"]),
    (columns.dates, "date", [date(1, 1, 1), date(2000, 1, 1), date(9999, 12, 31)]),
    (
        columns.moments,
        "timestamptz",
        [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(2026, 3, 1, 8, 0, 0, 1, tzinfo=EAST),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
    ),
]


@pytest.mark.parametrize(("make", "kind", "values"), VALUES, ids=[each[1] for each in VALUES])
async def test_a_column_comes_out_as_it_went_in(tx, make, kind, values):
    """Every type, its edges, and no values at all."""
    for some in (values, values[:1], []):
        sql = f"SELECT coalesce(array_agg(v ORDER BY n), '{{}}') FROM unnest(%(values)b::{kind}[])"
        row = await (
            await tx.execute(f"{sql} WITH ORDINALITY AS t (v, n)", {"values": make(some)})
        ).fetchone()
        assert row == (some,)


def test_a_value_that_does_not_fit_is_refused():
    """A number too large for its column is an error here, and not another number there."""
    with pytest.raises(Exception, match=r"format requires|out of range"):
        columns.int2s([40_000])
