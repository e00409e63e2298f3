"""The bank invariant, read while everybody writes: nobody below zero, no point from nowhere.

PUHUI_TEST_ACTS says how many transactions are made meanwhile (1,500 unless set).
"""

import asyncio
import os

import pytest

from app.demo import proof
from tests.concurrency.load import Load

_SAMPLE = """
SELECT (SELECT count(*) FROM balance),
       (SELECT count(*) FROM balance WHERE earned - consumed - held < 0 OR held < 0),
       (SELECT coalesce(sum(earned - consumed), 0) FROM balance),
       (SELECT coalesce(sum(amount), 0) FROM entry),
       (SELECT coalesce(sum(held), 0) FROM balance),
       (SELECT coalesce(sum(points), 0) FROM redemption WHERE state = 1)
"""
_ACCOUNTS = """
SELECT count(*) FROM balance b FULL JOIN (
  SELECT bucket, account_id, unit, sum(amount) AS total, count(*) AS n, max(seq) AS last
    FROM entry GROUP BY 1, 2, 3) e USING (bucket, account_id, unit)
 WHERE coalesce(e.total, 0) <> b.earned - b.consumed OR b.last_seq <> coalesce(e.n, 0)
    OR b.last_seq <> coalesce(e.last, 0) OR b.account_id IS NULL
"""


@pytest.mark.timeout(3_600)
async def test_the_bank_balances_at_every_moment(committing):
    """Readers sample totals and accounts in one snapshot while writers write: no anomaly ever."""
    load = Load(committing)
    await load.found()
    acts = int(os.environ.get("PUHUI_TEST_ACTS", "1500"))
    samples, writing = [], True

    async def read():
        while writing:
            async with committing.snapshot() as tx:
                total = await (await tx.execute(_SAMPLE)).fetchone()
                wrong = await (await tx.execute(_ACCOUNTS)).fetchone()
            samples.append((total, wrong[0]))

    readers = [asyncio.create_task(read()) for _ in range(2)]
    try:
        await load.run(acts=acts)
    finally:
        writing = False
        await asyncio.gather(*readers)

    anomalies = [
        each
        for each in samples
        if each[0][1] or each[0][2] != each[0][3] or each[0][4] != each[0][5] or each[1]
    ]
    print(f"\nseed {load.seed}: {len(samples)} samples, {len(anomalies)} anomalies, {load.said}")
    assert anomalies == []
    assert len(samples) > 10
    assert len({each[0][3] for each in samples}) > 10, "the book moved while it was read"
    kinds = {said.split(":")[0] for said in load.said}
    assert len(kinds) == 11
    assert [check.name for check in await proof.prove(committing) if check.breaches] == []
