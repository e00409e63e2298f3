"""The state machine's frame: two books side by side, and how they are compared after each step."""

import asyncio
import itertools
import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
)

from app.ids import account_number, new_id
from app.ledger import balances, contra, history, statement, units, verify
from app.ledger.claw_back import ClawedBack
from app.ledger.units import POINTS
from tests.ledger.model import Account, Line

START = datetime(2026, 3, 1, 4, tzinfo=UTC)
PEOPLE = 60
DEBT_CAP = 40
EVERYWHERE = range(1024)
seeds = st.integers(0, 2**32)
sizes = st.one_of(st.integers(1, 30), st.integers(200, 900))
_numbers = itertools.count(5_000_000)


class Books(RuleBasedStateMachine):
    """One connection, one transaction that is undone; after each step both books are compared."""

    url = ""
    postings: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.now = START
        self.people = [account_number(next(_numbers)) for _ in range(PEOPLE)]
        self.book: dict[tuple[int, int], Account] = {}
        self.refunds: dict[UUID, UUID] = {}
        self.reversed: set[UUID] = set()
        self.causes: list[tuple[str, int, object, object]] = []
        self.synced: Counter[tuple[int, int]] = Counter()
        self.checks = random.Random(7)

    def run(self, step):
        """Run one step on the machine's own loop."""
        return self.loop.run_until_complete(step)

    @initialize()
    def open(self):
        """Two units: ordinary points, and a campaign's, which end on one day."""

        async def begin():
            self.tx = await psycopg.AsyncConnection.connect(
                self.url, options="-c role=puhui_app -c timezone=UTC -c search_path=public"
            )
            campaign = await units.define(
                self.tx,
                code=f"campaign-{self.people[0]}",
                name_zh="活动",
                name_en="Campaign",
                last_day=date(2026, 9, 30),
            )
            sponsor = await contra.name(
                self.tx, kind="sponsor", name_zh="银行", name_en="Bank", now=self.now
            )
            pool = await contra.name(
                self.tx, kind="pool", name_zh="植树", name_en="Trees", now=self.now
            )
            return campaign.id, sponsor.number, pool.number

        self.campaign, self.sponsor, self.pool = self.run(begin())
        for who in self.people:
            self.book[who, POINTS] = Account()
            self.book[who, self.campaign] = Account()

    def teardown(self):
        """The whole book once more, by every reading door and by `puhui verify`."""
        try:
            if hasattr(self, "pool"):
                self.run(self._finish())
        finally:
            if hasattr(self, "tx"):
                self.run(self.tx.close())  # without a commit: nothing stays
            self.loop.close()

    async def _finish(self):
        for who, unit in self.book:
            await self._compare_wallet(who, unit)
        for who in self.people[:6]:
            await self._compare_pages(who, POINTS)
        broken = [check.name for check in await verify.checks(self.tx) if check.breaches]
        assert broken == []

    # What is compared.

    @invariant()
    def both_books_agree(self):
        """Every balance, every new entry; a few wallets, pages and past moments by their doors."""
        if hasattr(self, "pool"):
            self.run(self._compare())

    async def _compare(self):
        await self._compare_entries()
        rows = await self.tx.execute(
            "SELECT b.account_id, b.unit, b.earned - b.consumed, b.held, b.last_seq,"
            "       coalesce(d.owed, 0) FROM balance b LEFT JOIN debt d"
            "    ON d.bucket = b.bucket AND d.account_id = b.account_id AND d.unit = b.unit"
            " WHERE b.account_id = ANY (%b)",
            (self.people,),
        )
        found = {(who, unit): tuple(rest) async for who, unit, *rest in rows}
        for key, account in self.book.items():
            wanted = (account.total, account.held, len(account.lines), account.owed)
            assert found.get(key, (0, 0, 0, 0)) == wanted
        who, unit = self.checks.choice(self.people), self.checks.choice((POINTS, self.campaign))
        await self._compare_wallet(who, unit)
        await self._compare_past(who, unit)

    async def _compare_entries(self):
        accounts = [who for who, _ in self.book]
        kinds = [unit for _, unit in self.book]
        rows = await self.tx.execute(
            "SELECT e.account_id, e.unit, e.seq, e.kind, e.amount, e.contra, e.ref,"
            "       e.earned_after - e.consumed_after, e.effective_at, e.posted_at"
            "  FROM unnest(%b::bigint[], %b::int2[], %b::int[]) AS t (account_id, unit, seen)"
            "  JOIN entry e ON e.account_id = t.account_id AND e.unit = t.unit"
            "              AND e.bucket = (t.account_id %% 1024)::smallint AND e.seq > t.seen"
            " ORDER BY 1, 2, 3",
            (accounts, kinds, [self.synced[key] for key in self.book]),
        )
        async for who, unit, seq, kind, *rest, effective_at, posted_at in rows:
            account = self.book[who, unit]
            line = account.lines[seq - 1]
            if line.effective_at is None:  # an expiry: the night after the last day
                assert effective_at <= posted_at
                line.effective_at = effective_at
            line.posted_at = posted_at
            assert seq == self.synced[who, unit] + 1
            assert (line.kind, line.amount, line.contra, line.ref, line.after) == (kind, *rest)
            assert line.effective_at == effective_at
            assert seq == 1 or account.lines[seq - 2].posted_at < posted_at
            self.synced[who, unit] = seq
            Books.postings[line.kind.name] += 1
        assert all(self.synced[key] == len(account.lines) for key, account in self.book.items())

    async def _compare_wallet(self, who, unit):
        account = self.book[who, unit]
        view = await balances.balance(self.tx, account_id=who, unit=unit)
        assert (view.available, view.held) == (account.available, account.held)
        assert [(lot.expires_on, lot.points) for lot in view.lots] == account.spendable_lots()

    async def _compare_pages(self, who, unit):
        lines, before = [], None
        while page := await statement.page(
            self.tx, account_id=who, before_seq=before, limit=97, unit=unit
        ):
            lines += page
            before = page[-1].seq
        assert [(x.kind, x.points, x.balance_after) for x in reversed(lines)] == [
            (x.kind.name, x.amount, x.after) for x in self.book[who, unit].lines
        ]

    async def _compare_past(self, who, unit):
        at = START + (self.now - START) * self.checks.random() + timedelta(hours=1)
        lines = self.book[who, unit].lines
        known = await history.known_at(self.tx, account_id=who, at=at, unit=unit)
        assert known == sum(x.amount for x in lines if x.posted_at <= at)
        effective = await history.effective_at(self.tx, account_id=who, at=at, unit=unit)
        assert effective == sum(x.amount for x in lines if x.effective_at <= at)

    # Small helps.

    def _ref(self):
        """A new name for a cause; Hypothesis repeats its seeds, so they cannot make one."""
        return new_id()

    def _unit(self, seed):
        return self.campaign if seed % 3 == 0 else POINTS

    def _quarter_end(self, dice):
        later = (self.now + timedelta(days=dice.choice((100, 190, 280)))).date()
        first = date(later.year, (later.month - 1) // 3 * 3 + 1, 1)
        return (first + timedelta(days=93)).replace(day=1) - timedelta(days=1)

    def _settle(self, claim, answer, unit, kind):
        account = self.book[claim.account_id, unit]
        taken, owed, borne = account.claim(claim.points, DEBT_CAP)
        assert answer == ClawedBack(taken, owed, borne)
        if taken:
            account.take(Line(kind, -taken, claim.contra, claim.ref, claim.happened_at))

    def _remember(self, name, unit, batch, first):
        if batch:
            self.causes.append((name, unit, batch, first))
