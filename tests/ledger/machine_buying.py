"""The state machine's daily business: earn, hold, spend, release."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    rule,
)

from app.ledger import contra, hold, hold_many
from app.ledger.earn import Earning, earn
from app.ledger.errors import InsufficientPoints
from app.ledger.tables import Kind
from app.ledger.units import POINTS
from tests.ledger.machine import Books, seeds, sizes
from tests.ledger.model import Line


class Buying(Books):
    """Points are earned, set aside, spent, or given free again."""

    @rule(seed=seeds, size=sizes, own_unit=st.booleans())
    def earn(self, seed, size, own_unit):
        """A batch of earnings, of the programme and of a sponsor, some acts days ago."""
        dice, unit = random.Random(seed), POINTS if own_unit else self.campaign
        expires_on = self._quarter_end(dice) if own_unit else date(2026, 9, 30)
        batch = [
            Earning(
                dice.choice(self.people),
                dice.randint(1, 30),
                self._ref(),
                self.now - timedelta(seconds=dice.randint(0, 10**6)),
                dice.choice((contra.PROGRAMME, self.sponsor)),
            )
            for _ in range(size)
        ]
        self.run(earn(self.tx, earnings=batch, expires_on=expires_on, now=self.now, unit=unit))
        for each in sorted(batch, key=lambda e: (e.happened_at, e.ref)):
            line = Line(Kind.earn, each.points, each.contra, each.ref, each.happened_at)
            self.book[each.account_id, unit].gain(line, expires_on)

    @rule(seed=seeds, size=sizes)
    def set_aside(self, seed, size):
        """Holds of many; whoever has too little is told so, the others hold."""
        dice, unit = random.Random(seed), self._unit(seed)
        holds = [hold_many.Hold(dice.choice(self.people), dice.randint(1, 12)) for _ in range(size)]
        answers = self.run(hold_many.hold_many(self.tx, holds=holds, unit=unit))
        for each, answer in zip(holds, answers, strict=True):
            account = self.book[each.account_id, unit]
            assert answer == (account.available >= each.points)
            account.held += each.points if answer else 0

    @rule(seed=seeds, points=st.integers(1, 400))
    def set_one_aside(self, seed, points):
        """The single door refuses exactly when too little is available."""
        dice, unit = random.Random(seed), self._unit(seed)
        who = dice.choice(self.people)
        account = self.book[who, unit]

        async def attempt():
            async with self.tx.transaction():
                await hold.hold(self.tx, account_id=who, points=points, unit=unit)

        if account.available >= points:
            self.run(attempt())
            account.held += points
        else:
            with pytest.raises(InsufficientPoints) as refused:
                self.run(attempt())
            assert refused.value.facts == {"needed": points, "available": account.available}

    @rule(seed=seeds, size=sizes)
    def spend(self, seed, size):
        """Part of what is held is spent: many small purchases, or one of an account."""
        dice, unit = random.Random(seed), self._unit(seed)
        spendings, left = [], {w: self.book[w, unit].held for w in self.people}
        for _ in range(size):
            who = dice.choice(self.people)
            points = min(left[who], dice.randint(1, 5))
            if points:
                left[who] -= points
                ref = self._ref()
                spendings.append(hold_many.Spending(who, points, 1000 + dice.randint(0, 3), ref))
        if len(spendings) == 1:
            each = spendings[0]
            self.run(
                hold.spend(
                    self.tx,
                    account_id=each.account_id,
                    points=each.points,
                    contra=each.contra,
                    ref=each.ref,
                    now=self.now,
                    unit=unit,
                )
            )
        else:
            self.run(hold_many.spend_many(self.tx, spendings=spendings, now=self.now, unit=unit))
        for each in spendings:
            account = self.book[each.account_id, unit]
            account.held -= each.points
            account.take(Line(Kind.redeem, -each.points, each.contra, each.ref, self.now))

    @rule(seed=seeds, size=sizes)
    def release(self, seed, size):
        """Holds are given back; the points are where they were."""
        dice, unit = random.Random(seed), self._unit(seed)
        holders = [who for who in self.people if self.book[who, unit].held]
        chosen = dice.sample(holders, min(size % 20, len(holders)))
        holds = [hold_many.Hold(w, dice.randint(1, self.book[w, unit].held)) for w in chosen]
        self.run(hold_many.release_many(self.tx, holds=holds, unit=unit))
        for each in holds:
            self.book[each.account_id, unit].held -= each.points
