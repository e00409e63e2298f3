"""The demo city's first day, which is yesterday: money set aside, coupons sold and taken back.

Through the rooms' own use cases, each at its own hour, so that there is a business day to settle
on the evening on which somebody looks at the demo. The city is founded on that morning and its
files are credited then; nothing is dated before what it rests on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from uuid import UUID
from zoneinfo import ZoneInfo

from app.approvals.decide import approve
from app.approvals.propose import propose
from app.database import Tx
from app.demo import city
from app.main import ACTIONS
from app.merchants import directory, tills
from app.rewards import funding, offers
from app.rewards.coupons_rules import Desk
from app.rewards.funding_split import Share, Source
from app.rewards.redeem import redeem
from app.rewards.refunds import refund_sale
from app.rewards.scan import scan
from app.rewards.undo import undo

FEN_PER_POINT = 5
"""What a point's worth of goods costs a shop: the coffee of 300 points is one of ¥15."""
BUDGETS = {Source.government: 20_000_000, Source.carbon: 5_000_000}
"""What is set aside, in fen."""
SALES = 48
OPENS, EVERY = timedelta(hours=9, minutes=30), timedelta(minutes=12)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Shop:
    merchant_id: UUID
    offer_id: UUID
    desk: Desk


def morning_before(now: datetime) -> datetime:
    """Eight o'clock in the city on the day before."""
    here = now.astimezone(ZoneInfo(city.ZONE)) - timedelta(days=1)
    return here.replace(hour=8, minute=0, second=0, microsecond=0)


async def shares(tx: Tx, *, maker: UUID, checker: UUID, now: datetime) -> tuple[Share, ...]:
    """Who pays for an offer: half the government, a fifth the carbon revenue, its shop the rest."""
    found = {each.source: each.id for each in await funding.budgets(tx)}
    for source, fen in BUDGETS.items():
        if source in found:
            continue
        payload = {"source": source.name, "programme": "演示补贴 demo subsidy", "fen": fen}
        proposal_id = await propose(
            tx,
            kind="rewards.open_budget",
            payload=payload,
            reason="演示城市 · demo city",
            officer_id=maker,
            now=now,
        )
        await approve(tx, proposal_id=proposal_id, officer_id=checker, actions=ACTIONS, now=now)
    found = {each.source: each.id for each in await funding.budgets(tx)}
    return (
        Share(Source.government, 500, found[Source.government]),
        Share(Source.merchant, 300),
        Share(Source.carbon, 200, found[Source.carbon]),
    )


async def sell(tx: Tx, *, coupon_key: bytes, founded_at: datetime, now: datetime) -> int:
    """Citizens with points buy at one shop after another, all day long; how many sales there are.

    One of the sales is undone at once, another is given back in part in the evening. A city in
    which anything was ever sold is left as it is, and so is one that was founded today.
    """
    if founded_at > morning_before(now) or await (await tx.execute(_SOLD)).fetchone() is not None:
        return 0
    shops = await _shops(tx, now=founded_at)
    buyers = [each async for (each,) in await tx.execute(_BUYERS, (city.LEADER, SALES))]
    opens = founded_at.astimezone(ZoneInfo(city.ZONE)).replace(hour=0, minute=0) + OPENS
    for n, (account_id, shop) in enumerate(zip(buyers, cycle(shops), strict=False)):
        await _buy(tx, account_id, shop, order_no=f"D-{n:03}", key=coupon_key, at=opens + n * EVERY)
    at = opens + EVERY
    await undo(
        tx,
        merchant_id=shops[1].merchant_id,
        order_no="D-001",
        desk=shops[1].desk,
        now=at + 3 * _MINUTE,
    )
    await refund_sale(
        tx,
        merchant_id=shops[0].merchant_id,
        order_no="D-000",
        refund_no="R-000",
        points=100,
        actor="process:demo",
        now=at + timedelta(hours=9),
    )
    return len(buyers)


async def _buy(
    tx: Tx, account_id: int, shop: _Shop, *, order_no: str, key: bytes, at: datetime
) -> None:
    made = await redeem(tx, account_id=account_id, offer_id=shop.offer_id, coupon_key=key, now=at)
    await scan(
        tx,
        merchant_id=shop.merchant_id,
        order_no=order_no,
        coupon=made.coupon,
        now=at + _MINUTE,
        desk=shop.desk,
    )


async def _shops(tx: Tx, *, now: datetime) -> Sequence[_Shop]:
    """The shops of the city's first offers, each with the till at its counter."""
    open_now = await offers.open_ones(tx, before=None, limit=100, now=now)
    by_title = {each.title_en: each for each in open_now}
    found = []
    for code, _, title_en, *_ in city.OFFERS[:8]:
        shop = await directory.by_code(tx, code=code)
        [till] = await tills.page(tx, merchant_id=shop.id, after=None, limit=1, now=now)
        desk = Desk(f"till:{till.id}", till.store_id)
        found.append(_Shop(shop.id, by_title[title_en].id, desk))
    return found


_SOLD = "SELECT FROM scan LIMIT 1"
# Whoever has most comes first; somebody whose wallet is shown keeps it whole.
_BUYERS = """
SELECT b.account_id FROM balance b JOIN citizen c ON c.account_id = b.account_id
 WHERE b.unit = 1 AND b.earned - b.consumed - b.held >= 500 AND c.nickname <> %s
 ORDER BY b.earned DESC, b.account_id LIMIT %s
"""
