"""Builders of settled days, and the same day worked out again in plain Python from the entries."""

import csv
import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from app.database import Database, Tx
from app.merchants.directory import MerchantView
from app.people import officers
from app.people.register import register_officer
from app.rewards import funding, scan
from app.rewards.coupons_rules import Desk
from app.rewards.funding_split import Share, Source
from app.rewards.refunds import refund_sale
from app.rewards.undo import undo
from app.settlement import close_days, kept
from tests import make
from tests.make import NOON, Offer
from tests.rewards.counter import claim, code

DAY = date(2026, 3, 1)
NIGHT = datetime(2026, 3, 1, 16, 20, tzinfo=UTC)
"""Twenty minutes after the day has ended in the city."""
NEXT = DAY + timedelta(days=1)
NEXT_NIGHT = NIGHT + timedelta(days=1)
MERCHANT_SHARE = 300


@dataclass(frozen=True)
class Stall:
    """A merchant, an offer that three pay for, and how often it has sold."""

    merchant: MerchantView
    offer: Offer
    budgets: tuple[UUID, UUID]


async def stall(
    tx: Tx, *, by: MerchantView | None = None, points: int = 100, face_value_fen: int = 1_001
) -> Stall:
    """An offer: half of it paid by the government, three tenths by the merchant, the rest by carbon."""
    merchant = by or await make.merchant(tx)
    budgets = [
        await funding.open_budget(tx, source=source, programme="绿色出行", fen=10**7, now=NOON)
        for source in (Source.government, Source.carbon)
    ]
    shares = (
        Share(Source.government, 500, budgets[0]),
        Share(Source.merchant, MERCHANT_SHARE),
        Share(Source.carbon, 200, budgets[1]),
    )
    offer = await make.offer(
        tx,
        by=merchant,
        points=points,
        stock=1_000,
        per_citizen=100,
        face_value_fen=face_value_fen,
        funding=shares,
    )
    return Stall(merchant, offer, (budgets[0], budgets[1]))


async def sell(tx: Tx, at: Stall, order_no: str, *, now: datetime = NOON) -> int:
    """Somebody new claims a unit, and the till takes it; the account."""
    account_id = await make.rich(tx, at.offer.points)
    held = await claim(tx, account_id, at.offer, now=now)
    await take(tx, at, code(account_id, held.redemption_id), order_no, now=now)
    return account_id


async def take(tx: Tx, at: Stall, coupon: str, order_no: str, *, now: datetime = NOON) -> None:
    """The till takes a coupon."""
    await scan.scan(tx, merchant_id=at.merchant.id, order_no=order_no, coupon=coupon, now=now)


async def undone(tx: Tx, at: Stall, order_no: str, *, now: datetime = NOON) -> None:
    """The till takes the sale back."""
    await undo(tx, merchant_id=at.merchant.id, order_no=order_no, desk=Desk("staff:x"), now=now)


async def refunded(
    tx: Tx, at: Stall, order_no: str, refund_no: str, points: int, *, now: datetime = NOON
) -> None:
    """The manager gives points back."""
    await refund_sale(
        tx,
        merchant_id=at.merchant.id,
        order_no=order_no,
        refund_no=refund_no,
        points=points,
        actor="staff:x",
        now=now,
    )


async def finance(tx: Tx) -> UUID:
    """An officer of finance whom nobody else has."""
    return await register_officer(tx, name=f"f-{uuid4()}", role=officers.FINANCE, now=NOON)


async def close(database: Database, *, now: datetime = NIGHT, limit: int = 100) -> list[date]:
    """The worker looks whether a day is due."""
    return await close_days.close_due(database, clock=lambda: now, limit=limit)


async def file(tx: Tx, merchant_id: UUID, day: date = DAY, name: str = "detail.csv") -> bytes:
    """A merchant's file of a day."""
    settlement_id = await kept.of_day(tx, merchant_id=merchant_id, day=day)
    return await kept.file(tx, settlement_id=settlement_id, name=name)


def read(content: bytes) -> tuple[list[dict[str, str]], dict[str, str]]:
    """Detail rows and the summary of a file, as any reader of CSV sees them."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    details = [dict(zip(rows[0], row, strict=True)) for row in rows[1:-2]]
    return details, dict(zip(rows[-2], rows[-1], strict=True))


async def from_entries(tx: Tx, at: Stall, since: datetime, until: datetime) -> Counter[str]:
    """A day of a merchant worked out from its entries alone, without a line of the room's SQL."""
    rows = await tx.execute(
        "SELECT kind, amount, effective_at, ref FROM entry WHERE contra = %s ORDER BY posted_at",
        (at.merchant.contra,),
    )
    face = (
        await (
            await tx.execute("SELECT face_value_fen FROM offer WHERE id = %s", (at.offer.id,))
        ).fetchone()
    )[0]
    whole = largest_remainders(face, [500, MERCHANT_SHARE, 200])
    refs = {
        ref: (points, before)
        async for ref, points, before in await tx.execute(
            "SELECT id, points, refunded_points - points FROM coupon_refund WHERE merchant_id = %s",
            (at.merchant.id,),
        )
    }
    found: Counter[str] = Counter()
    for kind, amount, when, ref in await rows.fetchall():
        if not since <= when < until:
            continue
        found["points"] -= amount
        found["lines"] += 1
        price = at.offer.points
        low, high, sign = 0, price, 1 if kind == 2 else -1
        if kind == 3 and ref in refs:
            points, before = refs[ref]
            low, high = before, before + points
        for name, fen in zip(("government_fen", "merchant_fen", "carbon_fen"), whole, strict=True):
            found[name] += sign * (fen * high // price - fen * low // price)
    return found


def largest_remainders(total: int, shares: list[int]) -> list[int]:
    """Hamilton's method, written once more."""
    parts = [total * share // 1_000 for share in shares]
    by_rest = sorted(range(len(shares)), key=lambda n: (-(total * shares[n] % 1_000), n))
    for n in by_rest[: total - sum(parts)]:
        parts[n] += 1
    return parts
