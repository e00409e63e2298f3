"""Use case: a till that had no network hands in the coupons it took; each is settled by rule.

`offline_judge` says what the rule is. The batch is one transaction: its row is claimed first, so
a batch that is sent twice waits for itself and gets the first answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import structlog

from app.database import Tx
from app.ids import new_id
from app.ledger.locking import lock_accounts
from app.ledger.units import ORDINARY
from app.merchants import directory
from app.problems import TryAgain
from app.rewards import coupons, coupons_found, offline_read, offline_revive, scan
from app.rewards.coupons_found import Found, Key
from app.rewards.coupons_rules import Desk
from app.rewards.errors import BatchIdUsed, CouponMistyped, CouponUnreadable, OrderNumberUsed
from app.rewards.offline_judge import Item, Known, Reason, Verdict, judge
from app.rewards.offline_read import Outcome
from app.rewards.scan_spend import Taken, spend

log = structlog.get_logger()

ITEMS_MAX = 500


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """What a till signed: its own id for it, a digest of its bytes, and what it took."""

    id: UUID
    till_id: UUID
    fingerprint: bytes
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Judged:
    """An item, the coupon that was found for it, and what is to become of it."""

    item: Item
    found: Found | None
    verdict: Verdict | Reason
    step: int | None


def read_item(*, place: int, order_no: str, accepted_at: datetime, coupon: str) -> Item:
    """One line of a batch; a code that cannot be read is judged like everything else."""
    try:
        code = coupons.read(coupon)
    except (CouponUnreadable, CouponMistyped):
        return Item(place, order_no, accepted_at, None)
    return Item(place, order_no, accepted_at, code)


async def take_batch(
    tx: Tx, *, merchant_id: UUID, batch: Batch, desk: Desk, coupon_key: bytes, now: datetime
) -> list[Outcome]:
    """Settle every item; the same batch answers the same.

    Locks in the house's order: the batch, redemptions, balances, uses, order numbers; budgets
    and stock of holds that are taken again are locked before the numbers are claimed, and no
    till waits for them while it holds a number.

    Args:
        tx: the caller's transaction.
        merchant_id: whose till it is.
        batch: at most `ITEMS_MAX` items, whose signature was checked.
        desk: the till.
        coupon_key: the key that codes are worked out with.
        now: when (UTC).

    Raises:
        BatchIdUsed: the id stands for other bytes.
        MerchantSuspended: the merchant may not take coupons now; send it again later.
        TryAgain: another till used one of the numbers at this moment.

    """
    assert len(batch.items) <= ITEMS_MAX, "the edge bounds what one batch holds"
    facts = {
        "merchant_id": merchant_id,
        "batch_id": batch.id,
        "till_id": batch.till_id,
        "fingerprint": batch.fingerprint,
        "items": len(batch.items),
        "now": now,
    }
    if (await tx.execute(_CLAIM, facts)).rowcount == 0:
        row = await (await tx.execute(_KNOWN, (merchant_id, batch.id))).fetchone()
        if row is None or bytes(row[0]) != batch.fingerprint:
            raise BatchIdUsed(
                "A batch of another content came under this id; use a new id.",
                "该批次号已用于其他内容,请使用新的批次号。",
            )
        return await offline_read.outcomes(tx, merchant_id=merchant_id, batch_id=batch.id)
    await directory.ensure_active(tx, merchant_id=merchant_id)
    judged = await _judge_all(tx, merchant_id, batch, desk=desk, coupon_key=coupon_key, now=now)
    judged = await _revive(tx, judged, now=now)
    taken = [
        Taken(each.item.order_no, each.found, each.step)
        for each in judged
        if each.verdict is Verdict.take and each.found is not None
    ]
    try:
        await spend(tx, merchant_id=merchant_id, taken=taken, now=now, desk=desk, offline=True)
    except OrderNumberUsed as error:
        raise TryAgain(
            "Another till used one of the numbers at this moment; send the batch again.",
            "批次中的订单号正被其他终端使用,请重新上传。",
        ) from error
    answers = sorted((_outcome(each) for each in judged), key=lambda each: each.place)
    await _keep(tx, answers, facts)
    log.info("offline_batch_taken", items=len(answers), taken=len(taken))
    return answers


async def _judge_all(
    tx: Tx, merchant_id: UUID, batch: Batch, *, desk: Desk, coupon_key: bytes, now: datetime
) -> list[Judged]:
    """Every item against what is found under the locks, the earliest first."""
    asked = {
        (each.coupon.bucket, each.coupon.digest): each.coupon
        for each in batch.items
        if each.coupon is not None
    }
    locked = await coupons_found.lock(tx, merchant_id=merchant_id, asked=asked.values())
    numbers = [each.order_no for each in batch.items]
    sold = await scan.sold(tx, merchant_id=merchant_id, order_nos=numbers)
    sales = {number: (sale.redemption_id, undone) for number, (sale, undone) in sold.items()}
    steps = await offline_read.used_steps(tx, coupons=locked.values())
    taken: set[UUID] = set()
    judged = []
    for item in sorted(batch.items, key=lambda each: (each.accepted_at, each.place)):
        key: Key | None = (item.coupon.bucket, item.coupon.digest) if item.coupon else None
        found = locked.get(key) if key is not None else None
        known = Known(sales, taken, steps)
        verdict, step = judge(item, found, known, desk=desk, coupon_key=coupon_key, now=now)
        if verdict in {Verdict.take, Verdict.revive}:
            assert found is not None, "what is not found is not taken"
            taken.add(found.id)
            sales[item.order_no] = (found.id, False)
        judged.append(Judged(item, found, verdict, step))
    await lock_accounts(
        tx, account_ids=[each.account_id for each in locked.values() if each.id in taken]
    )
    return judged


async def _revive(tx: Tx, judged: Sequence[Judged], *, now: datetime) -> list[Judged]:
    """Take holds again that ran out; those that cannot be had are refused with their reason."""
    wanted = [each.found for each in judged if each.verdict is Verdict.revive and each.found]
    refused = await offline_revive.revive(tx, coupons=wanted, now=now)
    answers = []
    for each in judged:
        verdict = each.verdict
        if verdict is Verdict.revive and each.found is not None:
            verdict = refused.get(each.found.id, Verdict.take)
        elif verdict is Verdict.duplicate and each.found is not None:
            verdict = refused.get(each.found.id, verdict)
        answers.append(replace(each, verdict=verdict))
    return answers


def _outcome(judged: Judged) -> Outcome:
    found, outcome, reason = judged.found, "redeemed", None
    if isinstance(judged.verdict, Reason):
        outcome, reason = "rejected", judged.verdict.value
    elif judged.verdict is Verdict.duplicate:
        outcome = "duplicate"
    return Outcome(
        place=judged.item.place,
        order_no=judged.item.order_no,
        accepted_at=judged.item.accepted_at,
        outcome=outcome,
        reason=reason,
        redemption_id=found.id if found else None,
        points=found.points if found else 0,
        unit=found.unit_code if found else ORDINARY,
    )


async def _keep(tx: Tx, answers: Sequence[Outcome], facts: dict[str, object]) -> None:
    arguments = facts | {
        "places": [each.place for each in answers],
        "ids": [new_id() for _ in answers],
        "numbers": [each.order_no for each in answers],
        "accepted": [each.accepted_at for each in answers],
        "outcomes": [each.outcome for each in answers],
        "reasons": [each.reason for each in answers],
        "redemptions": [each.redemption_id for each in answers],
        "points": [each.points for each in answers],
        "units": [each.unit for each in answers],
    }
    await tx.execute(_KEEP, arguments)


_CLAIM = """
INSERT INTO offline_batch (merchant_id, batch_id, till_id, fingerprint, items, received_at)
VALUES (%(merchant_id)s, %(batch_id)s, %(till_id)s, %(fingerprint)s, %(items)s, %(now)s)
ON CONFLICT DO NOTHING
"""
_KNOWN = "SELECT fingerprint FROM offline_batch WHERE merchant_id = %s AND batch_id = %s"
_KEEP = """
INSERT INTO offline_item (merchant_id, batch_id, place, id, order_no, accepted_at, outcome,
                          reason, redemption_id, points, unit, made_at)
SELECT %(merchant_id)s, %(batch_id)s, t.*, %(now)s
  FROM unnest(%(places)b::smallint[], %(ids)b::uuid[], %(numbers)s::text[],
              %(accepted)b::timestamptz[], %(outcomes)s::text[], %(reasons)s::text[],
              %(redemptions)b::uuid[], %(points)b::bigint[], %(units)s::text[]) AS t
"""
