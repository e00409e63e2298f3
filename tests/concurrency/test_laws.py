"""The laws of the book, each with what proves it, after everything has happened at once.

`LAWS` is the list; the values are the names of checks of ``puhui verify`` or functions here. A law
without a proof fails, and so does a check that no law needs.
"""

import os
from datetime import timedelta

import pytest

from app.demo import proof
from app.ids import bucket_of
from app.ledger import history, statement
from app.rewards.scan import scan
from tests.city import NOON
from tests.concurrency.load import Load


async def count(tx, sql) -> int:
    """The one number that a statement answers."""
    return (await (await tx.execute(sql)).fetchone())[0]


async def both_sides_cancel(load, tx):
    """Every entry is one transfer: what accounts have is what counter-accounts lack, per unit."""
    assert not await count(
        tx,
        "SELECT count(*) FROM (SELECT unit FROM balance FULL JOIN (SELECT unit, -sum(amount) AS given"
        " FROM entry GROUP BY unit) c USING (unit) GROUP BY unit, given"
        " HAVING sum(earned - consumed) + given <> 0) AS wrong",
    )


async def one_event_one_credit(load, tx):
    """Each acknowledged record has one reduction and at most one earning; nothing else earned."""
    refs = [outcome.reduction_id for outcome in load.credited.values()]
    assert len(set(refs)) == len(refs) > 100
    assert await count(tx, "SELECT count(*) FROM reduction") == len(refs)
    assert await count(tx, "SELECT count(*) FROM entry WHERE kind = 1") == await count(
        tx, "SELECT count(*) FROM reduction WHERE points > 0"
    )


async def a_coupon_is_verified_once(load, tx):
    """Scans per coupon are 0 or 1, and a scan that is sent again says what it said."""
    assert not await count(
        tx, "SELECT count(*) FROM (SELECT FROM scan GROUP BY redemption_id HAVING count(*) > 1) x"
    )
    assert load.scans
    async with load.database.writing() as writing:
        for order_no, (offer, coupon, first) in list(load.scans.items())[:20]:
            again = await scan(
                writing,
                merchant_id=offer.merchant.id,
                order_no=order_no,
                coupon=coupon,
                now=NOON + timedelta(days=2),
            )
            assert again == first


async def the_past_is_the_replay(load, tx):
    """The balance at a moment is the sum of the entries until then, and at an entry it is that one."""
    for who in load.people[:8]:
        lines = await statement.page(tx, account_id=who, before_seq=None, limit=10_000)
        moments = [line.posted_at for line in lines[::7]]
        for at in [*moments, *(each + timedelta(microseconds=1) for each in moments)]:
            expected = sum(line.points for line in lines if line.posted_at <= at)
            assert await history.known_at(tx, account_id=who, at=at) == expected
        for line in lines[::5]:
            known = await history.known_at(tx, account_id=who, at=line.posted_at)
            assert known == line.balance_after


async def pages_are_whole_while_writing(load, tx):
    """Pages that were read while others wrote had no gap and no entry twice (`Reader`)."""
    assert load.pages_read > 50
    assert load.pages_torn == []


async def time_never_runs_back(load, tx):
    """The clock stepped an hour both ways; times of booking still grow with the sequence."""
    assert load.ticks > 500
    assert not await count(
        tx,
        "SELECT count(*) FROM (SELECT posted_at, lag(posted_at) OVER (PARTITION BY bucket, account_id,"
        " unit ORDER BY seq) AS before FROM entry) x WHERE posted_at <= before",
    )


async def first_replies_stay(load, tx):
    """Each key that was acknowledged answers with its first reply, word for word."""
    assert len(load.replies) > 50
    kept = await tx.execute("SELECT key, response FROM request")
    said = ("redemption_id", "offer_id", "points")
    assert {key: [str(response[name]) for name in said] async for key, response in kept} == {
        key: [reply[name] for name in said] for key, (_, _, reply) in load.replies.items()
    }


async def what_was_said_is_there(load, tx):
    """What was acknowledged is in the books: claims, purchases, credits."""
    for who, _, redemption_id in load.open:
        row = await tx.execute(
            "SELECT 1 FROM redemption WHERE bucket = %s AND account_id = %s AND id = %s",
            (bucket_of(who), who, redemption_id),
        )
        assert await row.fetchone() == (1,)
    assert await count(tx, "SELECT count(*) FROM redemption") == len(load.open)
    assert await count(tx, "SELECT count(*) FROM scan") == len(load.scans)


LAWS = {
    "1 both sides cancel out": [both_sides_cancel],
    "2 a balance is the fold of its entries": ["ledger.balance_is_the_fold_of_its_entries"],
    "3 running balances form a chain": ["ledger.entries_form_a_gap_free_chain"],
    "4 held is the open redemptions": ["rewards.held_points_are_open_redemptions"],
    "5 nobody is ever below zero": ["ledger.entries_form_a_gap_free_chain"],
    "6 the axis ends where the lots end": [
        "ledger.fifo_axis_only_grows",
        "ledger.whoever_earned_has_a_lot",
        "ledger.lots_are_what_the_bookings_say",
    ],
    "7 one event, one credit": ["ledger.no_cause_is_booked_twice", one_event_one_credit],
    "8 a hold ends once, refunds are covered": ["ledger.refunds_are_covered_by_what_was_spent"],
    "9 stock and uses add up": [
        "rewards.stock_left_and_taken_is_initial",
        "rewards.uses_are_redemptions_within_the_limit",
    ],
    "10 a coupon is verified once": [a_coupon_is_verified_once],
    "11 no budget is overdrawn": [
        "catalogue.no_budget_is_overdrawn",
        "catalogue.budgets_are_what_was_drawn",
    ],
    "12 the past is the replay": [the_past_is_the_replay],
    "13 pages are whole while others write": [pages_are_whole_while_writing],
    "14 time grows with the sequence": [time_never_runs_back],
    "15 seals": ["tests/ledger/test_seal.py"],
    "16 roll-ups are the fold": ["tests/ledger/test_rollup.py"],
    "18 a reply is the first reply": [first_replies_stay],
    "19 what was said is there": [what_was_said_is_there],
    "20 points are grams by the rate": [
        "reductions.points_are_booked_once",
        "reductions.reductions_replay_to_their_grams",
    ],
}


class Reader(Load):
    """A load that also turns pages of statements while the others write."""

    pages_read = 0

    async def act(self):
        """One act, and now and then somebody reads a whole statement in small pages."""
        await super().act()
        if self.ticks % 5 == 0:
            await self.turn_pages(self.dice.choice(self.people))

    async def turn_pages(self, who):
        """Every page in a transaction of its own, as a phone would."""
        seqs, before = [], None
        while True:
            async with self.database.reading_as(account_id=who) as tx:
                page = await statement.page(tx, account_id=who, before_seq=before, limit=7)
            if not page:
                break
            self.pages_read += 1
            seqs += [line.seq for line in page]
            before = page[-1].seq
        if seqs != list(range(len(seqs), 0, -1)):
            self.pages_torn.append((who, seqs))


@pytest.mark.timeout(3_600)
async def test_every_law_holds_after_everything_happened_at_once(committing):
    """After a load of every kind each law is proved, by `puhui verify` or by its own function."""
    load = Reader(committing)
    load.pages_torn = []
    await load.found()
    await load.run(acts=int(os.environ.get("PUHUI_TEST_ACTS", "1500")) // 2)

    checks = {check.name: check for check in await proof.prove(committing)}
    assert [check.name for check in checks.values() if check.breaches] == []
    proved = 0
    async with committing.snapshot() as tx:
        for law, proofs in LAWS.items():
            for each in proofs:
                if callable(each):
                    await each(load, tx)
                elif not each.startswith("tests/"):
                    assert each in checks, f"{law}: `puhui verify` has no check called {each}"
                proved += 1
    print(f"\nseed {load.seed}: {len(LAWS)} laws, {proved} proofs, {dict(load.said)}")
    assert all(check.rows for name, check in checks.items() if name.startswith("ledger.entries"))
