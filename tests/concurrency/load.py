"""A city in which everything happens at once: writes of every kind, with a log of what was said.

Each act is one real transaction on real connections. A refusal is an answer; anything else that
is raised fails the test. What was acknowledged is kept, so that it can be held against the books.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from app.catalogue import budgets_set
from app.database import Database, Tx
from app.idempotency import fingerprint_of
from app.ids import new_id
from app.ledger import contra
from app.ledger.claw_back import ClawBack, claw_back
from app.ledger.donate import Donation, donate
from app.ledger.expire import expire
from app.ledger.refund import Refund, refund
from app.ledger.repay import repay
from app.problems import DomainError
from app.reductions.decisions import Outcome
from app.rewards import release
from app.rewards.cancel import cancel
from app.rewards.redeem import Asked, redeem
from app.rewards.scan import scan
from app.rewards.schemas import RedeemOffer
from tests import city, make
from tests.city import NOON, charge, metro, ride
from tests.rewards.counter import KEY, code

FAR = date(2031, 1, 1)


class Load:
    """The city, its people and offers, and the log of what was answered."""

    def __init__(self, database: Database, *, people: int = 24, seed: int | None = None) -> None:
        self.database = database
        self.seed = secrets.randbits(32) if seed is None else seed
        self.dice = random.Random(self.seed)
        self.count = people
        self.said: Counter[str] = Counter()
        self.credited: dict[str, Outcome] = {}
        self.replies: dict[str, tuple[int, UUID, dict[str, Any]]] = {}
        self.open: list[tuple[int, make.Offer, UUID]] = []
        self.spent: list[tuple[int, UUID, int]] = []
        self.scans: dict[str, tuple[make.Offer, str, Any]] = {}
        self.ticks = 0

    async def found(self) -> None:
        """The programme, its people and five offers; everybody earns a little."""
        async with self.database.writing() as tx:
            await city.programme(tx)
            people = [await city.citizen(tx, f"p{n}") for n in range(self.count)]
            self.people = [person.account_id for person in people]
            self.offers = [
                await make.offer(tx, points=3 + n, stock=60, per_citizen=40) for n in range(5)
            ]
            pool = await contra.name(tx, kind="pool", name_zh="植树", name_en="Trees", now=NOON)
            self.pool = pool.number
            monthly = {"line": "programme", "from_month": "2026-03", "points": 10**6}
            await budgets_set.apply(tx, payload=monthly, now=NOON)
        for batch in range(4):
            await self.deliver(
                [
                    charge(f"first-{batch}-{n}", subject=f"card-p{n}", start=self._moment(batch))
                    for n in range(self.count)
                ]
            )

    def now(self) -> datetime:
        """A clock that steps an hour back or forth now and then (invariant 14)."""
        self.ticks += 1
        step = self.dice.choice((0, 0, 0, -1, 1)) if self.ticks % 10 == 0 else 0
        return NOON + timedelta(milliseconds=self.ticks, hours=step)

    async def run(self, *, acts: int, hands: int = 8) -> None:
        """Do at least so many acts with so many hands at once."""
        left = iter(range(acts))

        async def work() -> None:
            for _ in left:
                await self.act()

        async with asyncio.TaskGroup() as group:
            for _ in range(hands):
                group.create_task(work())

    async def act(self) -> None:
        """One act of any kind."""
        kinds: list[tuple[int, Callable[[], Awaitable[str]]]] = [
            (6, self.credit),
            (8, self.claim),
            (2, self.give_up),
            (5, self.buy),
            (2, self.take_back),
            (2, self.claw),
            (2, self.give),
            (1, self.collect),
            (1, self.let_expire),
            (1, self.let_holds_end),
            (2, self.repeat),
        ]
        weights, acts = zip(*kinds, strict=True)
        act = self.dice.choices(acts, weights)[0]
        try:
            answer = await act()
        except DomainError as refusal:
            answer = refusal.code()
        self.said[f"{act.__name__}:{answer}"] += 1

    async def deliver(self, records: list[dict[str, Any]]) -> str:
        """One batch of a provider; what is acknowledged goes into the log."""
        async with self.database.writing() as tx:
            delivery = await city.send(tx, *records, now=self.now())
        for outcome in delivery.outcomes:
            if outcome.verdict == "credited":
                assert outcome.ref not in self.credited, "one record is credited once"
                self.credited[outcome.ref] = outcome
        return "done"

    async def credit(self) -> str:
        """New acts of many people, and some that were sent before, in any order."""
        size = self.dice.choice((1, 5, 30))
        maker = self.dice.choice((ride, metro, charge))
        records = []
        for _ in range(size):
            n, ref = self.dice.randrange(self.count), secrets.token_hex(6)
            if self.credited and self.dice.random() < 0.2:
                ref = self.dice.choice(list(self.credited))
            records.append(maker(ref, subject=f"card-p{n}", start=self._moment()))
        return await self.deliver(records)

    async def claim(self) -> str:
        """A citizen claims a unit with a key of its own."""
        who, offer = self.dice.choice(self.people), self.dice.choice(self.offers)
        key = secrets.token_hex(8)
        async with self.database.writing() as tx:
            reply = await self.once(tx, who, offer, key)
        self.replies[key] = (who, offer.id, reply)
        self.open.append((who, offer, UUID(reply["redemption_id"])))
        return "held"

    async def once(self, tx: Tx, who: int, offer: make.Offer, key: str) -> dict[str, Any]:
        """What the route does: the effect once, its answer for ever."""
        made = await redeem(
            tx,
            account_id=who,
            offer_id=offer.id,
            coupon_key=KEY,
            now=self.now(),
            asked=Asked(key, fingerprint_of("redeem_offer", RedeemOffer(offer_id=offer.id))),
        )
        return {name: str(value) for name, value in asdict(made).items()}

    async def repeat(self) -> str:
        """A key is sent again: the first reply, and nothing else happens."""
        if not self.replies:
            return "nothing"
        key = self.dice.choice(list(self.replies))
        who, offer_id, first = self.replies[key]
        offer = next(each for each in self.offers if each.id == offer_id)
        async with self.database.writing() as tx:
            assert await self.once(tx, who, offer, key) == first, "a reply never changes"
        return "same"

    async def give_up(self) -> str:
        """An open coupon is cancelled, perhaps while a till scans it."""
        if not self.open:
            return "nothing"
        who, _, redemption_id = self.dice.choice(self.open)
        async with self.database.writing() as tx:
            await cancel(tx, account_id=who, redemption_id=redemption_id, now=self.now())
        return "cancelled"

    async def buy(self) -> str:
        """A till scans a coupon, perhaps one that another till scans too."""
        if not self.open:
            return "nothing"
        who, offer, redemption_id = self.dice.choice(self.open)
        order_no, coupon = secrets.token_hex(6), code(who, redemption_id)
        async with self.database.writing() as tx:
            done = await scan(
                tx, merchant_id=offer.merchant.id, order_no=order_no, coupon=coupon, now=self.now()
            )
        self.scans[order_no] = (offer, coupon, done)
        self.spent.append((who, redemption_id, offer.points))
        return "spent"

    async def take_back(self) -> str:
        """Part of a purchase is refunded, again and again until it is too much."""
        if not self.spent:
            return "nothing"
        who, redemption_id, points = self.dice.choice(self.spent)
        some = Refund(who, self.dice.randint(1, points), redemption_id, new_id(), NOON)
        async with self.database.writing() as tx:
            await refund(tx, refunds=[some], now=self.now())
        return "refunded"

    async def claw(self) -> str:
        """Points of several people are taken back; some come to owe."""
        claims = [
            ClawBack(who, self.dice.choice((1, 2, 400)), new_id(), NOON)
            for who in self.dice.sample(self.people, 4)
        ]
        async with self.database.writing() as tx:
            await claw_back(tx, claw_backs=claims, now=self.now(), debt_cap=50)
        return "taken"

    async def give(self) -> str:
        """A donation of several people."""
        gifts = [Donation(w, 1, self.pool, new_id()) for w in self.dice.sample(self.people, 3)]
        async with self.database.writing() as tx:
            await donate(tx, donations=gifts, now=self.now())
        return "given"

    async def collect(self) -> str:
        """Debts are paid by whoever can."""
        async with self.database.writing() as tx:
            await repay(tx, buckets=range(1024), limit=10, ref=new_id(), now=self.now())
        return "done"

    async def let_expire(self) -> str:
        """A sweep at the end of time: whatever is not held goes, of a few people."""
        async with self.database.writing() as tx:
            await expire(
                tx,
                buckets=range(1024),
                limit=1,
                today=FAR,
                zone="Asia/Shanghai",
                ref=new_id(),
                now=self.now() if self.dice.random() < 0.5 else datetime.now(UTC),
            )
        return "done"

    async def let_holds_end(self) -> str:
        """Late holds of one bucket end, perhaps while they are scanned or cancelled."""
        late = NOON + timedelta(days=60)
        async with self.database.writing() as tx:
            due = await release.buckets_due(tx, now=late)
            if not due:
                return "nothing"
            await release.release_late(tx, bucket=self.dice.choice(due), limit=1, now=late)
        return "released"

    def _moment(self, batch: int | None = None) -> datetime:
        """An hour of the last four weeks."""
        hour = batch * 5 if batch is not None else self.dice.randrange(20, 24 * 27)
        minutes = self.dice.randrange(0, 40)
        return city.MORNING - timedelta(hours=hour, minutes=minutes)
