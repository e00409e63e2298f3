"""A book that was rolled back or written anew agrees with itself, and not with what was kept."""

import json
from datetime import date, timedelta

import psycopg
import pytest
import structlog

from app.ledger import seal_kept, seal_verify, verify
from app.worker_books import seal_books
from tests import city, make
from tests.ledger.histories import NOON, gain, owner
from tests.ledger.tampering import Inside

ROLLED_BACK = """
DELETE FROM entry WHERE xid > (SELECT upto_xid FROM seal_round WHERE nth = 2);
UPDATE balance b SET earned = e.earned_after, last_seq = e.seq, last_posted_at = e.posted_at
  FROM (SELECT DISTINCT ON (account_id) * FROM entry ORDER BY account_id, seq DESC) e
 WHERE e.account_id = b.account_id;
UPDATE ledger_cursor SET xid = (SELECT upto_xid FROM seal_round WHERE nth = 2);
DELETE FROM seal_day WHERE round > 2;
DELETE FROM seal WHERE upto_xid > (SELECT upto_xid FROM seal_round WHERE nth = 2);
DELETE FROM seal_round WHERE nth > 2;
"""
"""Back to the state after the second round, with every trace of what followed."""


@pytest.fixture
async def outside(committing, live_client):
    """A book of three days and four rounds, and what somebody else has of it."""
    anna = make.account()
    async with committing.writing() as tx:
        await city.programme(tx)
    with structlog.testing.capture_logs() as logs:
        for n in range(4):
            async with committing.writing() as tx:
                await gain(tx, anna, 30 + n, now=NOON + timedelta(hours=n))
            await seal_books(committing, now=NOON + timedelta(hours=12 * n))
    answer = await live_client.get("/v1/log/seals")
    assert [each["round"] for each in answer.json()["items"]] == [4, 2, 1]
    return answer.text, "\n".join(f"worker-1 | {json.dumps(line)}" for line in logs)


async def lost(tx, *texts):
    """What a comparison with these texts says."""
    found = []
    for text in texts:
        found += await seal_kept.compare(tx, kept=seal_kept.read(text))
    return [(each.what, each.at) for each in found]


async def test_a_rollback_is_found_by_whoever_kept_a_head(outside, fresh_urls):
    """Entries, seals, rounds, days, cursor and balance of a day are undone: only what was kept tells."""
    page, log = outside
    with owner(fresh_urls), psycopg.connect(fresh_urls.owner) as connection:
        assert await lost(Inside(connection), page, log) == []
        connection.execute(ROLLED_BACK)
        inside = Inside(connection)
        assert (await seal_verify.verify_seals(inside)).breaches == []
        assert [check.name for check in await verify.checks(inside) if check.breaches] == []
        assert await lost(inside, page) == [("head_lost", "2026-03-02")]
        assert await lost(inside, log) == [("head_lost", 3), ("head_lost", 4)]
        connection.rollback()


async def test_history_that_was_written_anew_is_found(committing, outside, fresh_urls):
    """After a rollback other entries are sealed in their place: the same numbers, other chains."""
    page, log = outside
    with owner(fresh_urls) as superuser:
        superuser.execute(ROLLED_BACK)
    async with committing.writing() as tx:
        await gain(tx, make.account(), 99)
    await seal_books(committing, now=NOON + timedelta(hours=36))
    async with committing.snapshot() as tx:
        assert (await seal_verify.verify_seals(tx)).breaches == []
        assert await lost(tx, page, log) == [
            ("head_rewritten", "2026-03-02"),
            ("head_rewritten", 3),
            ("head_lost", 4),
        ]


def test_what_holds_no_head_proves_nothing():
    """Other lines of a log, broken ones and empty pages give no head; nothing is guessed."""
    texts = ["", "x { y", '{"items": []}', '{"day": "soon", "chain": "ab"}', '{"round": 7}\n[1, 2]']
    assert [len(seal_kept.read(text)) for text in texts] == [0] * len(texts)
    both = '{"day": "2026-03-01", "chain": "ab"}\n{"round": 7, "chain": "cd", "event": "x"}'
    assert seal_kept.read(both) == seal_kept.Kept({date(2026, 3, 1): {"ab"}}, {7: {"cd"}})
