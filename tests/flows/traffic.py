"""What a city sends while its servers die: each wish again and again, until it is answered.

A wish has a name of its own (a record's ref, an Idempotency-Key, an order number). An answer that
was lost is asked for again under the same name, so in the end every wish has one.
"""

import asyncio
import random
import secrets
from collections import Counter
from datetime import timedelta
from uuid import UUID

import httpx

from app.clock import utc_now
from app.people.seats import Role, Seat
from app.people.tokens import Audience, Tokens
from tests import make
from tests.city import MORNING, ride

LONG = timedelta(hours=6)
PATIENCE = 1_800
"""Tries, a tenth of a second apart at least: longer than any recovery."""


class Traffic:
    """Everybody who calls, and what each was answered."""

    def __init__(self, base_url: str, keys, people: list[int], offers: list[make.Offer]) -> None:
        tokens = Tokens(keys.token)
        self.client = httpx.AsyncClient(base_url=base_url, timeout=20)
        self.people, self.offers = people, offers
        self.dice = random.Random(secrets.randbits(32))
        self.acknowledged = 0
        self.retried = 0
        self.said: Counter[str] = Counter()
        self.verdicts: dict[str, str] = {}
        self.claims: dict[str, tuple[int, UUID, dict]] = {}
        self.sales: dict[str, dict] = {}
        self.stopping = False
        self._coupons: list[tuple[make.Offer, str]] = []
        self._hours = 0

        def bearer(audience, subject, account_id=0):
            seat = Seat(Role.manager) if audience is Audience.merchant else None
            token = tokens.sign(
                audience,
                subject=subject,
                account_id=account_id,
                seat=seat,
                now=utc_now(),
                life=LONG,
            )
            return {"Authorization": f"Bearer {token}"}

        self.provider = bearer(Audience.provider, "bikes")
        self.citizen = {who: bearer(Audience.citizen, str(UUID(int=who)), who) for who in people}
        self.merchant = {
            each.merchant.id: bearer(Audience.merchant, str(each.merchant.id)) for each in offers
        }

    async def answered(self, method: str, path: str, **how) -> httpx.Response:
        """Send until there is an answer that is not "try again"."""
        for _ in range(PATIENCE):
            try:
                answer = await self.client.request(method, path, **how)
                if answer.status_code != 503:
                    assert answer.status_code < 500, answer.text
                    self.acknowledged += 1
                    return answer
                assert answer.json()["code"] in {"try-again", "not-ready"}, answer.text
            except httpx.TransportError:
                pass
            self.retried += 1
            await asyncio.sleep(0.1)
        raise AssertionError("a wish was never answered")

    async def run(self) -> None:
        """All of them at once, until told to stop."""
        async with asyncio.TaskGroup() as group:
            for act in (self.credit, self.claim, self.claim, self.buy, self.read):
                group.create_task(self._again(act))

    async def _again(self, act) -> None:
        while not self.stopping:
            await act()
            await asyncio.sleep(0.005)

    async def credit(self) -> None:
        """One batch: a ride of everybody in some hour of the last three weeks."""
        self._hours += 1
        today = MORNING + timedelta(days=(utc_now() - MORNING).days - 1)
        start = today - timedelta(hours=self._hours % 500, minutes=self._hours // 500 * 7)
        records = [
            ride(
                secrets.token_hex(8),
                subject=f"card-p{n}",
                start=start,
                minutes=6,
                distance_km="1.5",
            )
            for n in range(len(self.people))
        ]
        answer = await self.answered(
            "POST", "/v1/provider/batches", json={"records": records}, headers=self.provider
        )
        assert answer.status_code == 207, answer.text
        for record, outcome in zip(records, answer.json()["outcomes"], strict=True):
            self.verdicts[record["ref"]] = outcome["outcome"]
            self.said[outcome["outcome"]] += 1

    async def claim(self) -> None:
        """A coupon, under a key that is kept until there is an answer."""
        who, offer, key = (
            self.dice.choice(self.people),
            self.dice.choice(self.offers),
            secrets.token_hex(8),
        )
        answer = await self.claimed(who, offer.id, key)
        self.said[f"claim {answer.status_code}"] += 1
        if answer.status_code == 201:
            self.claims[key] = (who, offer.id, answer.json())
            self._coupons.append((offer, answer.json()["coupon"]))

    async def claimed(self, who: int, offer_id: UUID, key: str) -> httpx.Response:
        """One claim, answered."""
        return await self.answered(
            "POST",
            "/v1/me/redemptions",
            json={"offer_id": str(offer_id)},
            headers=self.citizen[who] | {"Idempotency-Key": key},
        )

    async def buy(self) -> None:
        """A coupon at the till, under the till's own number."""
        if not self._coupons:
            return
        offer, coupon = self._coupons.pop(self.dice.randrange(len(self._coupons)))
        order_no = secrets.token_hex(8)
        answer = await self.answered(
            "POST",
            "/v1/merchant/coupons/redeem",
            json={"coupon": coupon, "order_no": order_no},
            headers=self.merchant[offer.merchant.id],
        )
        assert answer.status_code == 200, answer.text
        self.sales[order_no] = answer.json()

    async def read(self) -> None:
        """Somebody's whole statement, in pages: no gap, no entry twice, whatever died meanwhile."""
        who, cursor, lines = self.dice.choice(self.people), None, []
        while True:
            query = {"limit": 50} | ({"cursor": cursor} if cursor else {})
            answer = await self.answered(
                "GET", "/v1/me/statement", params=query, headers=self.citizen[who]
            )
            assert answer.status_code == 200, answer.text
            page = answer.json()
            lines += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        if lines:
            after = [line["balance_after"] for line in lines]
            points = [line["points"] for line in lines]
            assert all(a - p == b for a, p, b in zip(after, points, [*after[1:], 0], strict=True))
