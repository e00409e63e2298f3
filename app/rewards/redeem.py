"""Use case: a citizen claims one unit of an offer, or takes a ticket for one, in one round trip.

The statement is a function of the database (`redeem_hold`): request key, who lives together,
balance, uses, budgets, stock, coupon, in the house's lock order. A refusal undoes the caller's
transaction.

Where a limit counts households, the citizen's row and the household's are held until the claim is
committed, and whoever joins or leaves waits: a household has, with each claim, at most what it may
have as it is at that moment.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import psycopg
import structlog

from app.database import Tx
from app.ids import bucket_of, new_id
from app.ledger.units import ORDINARY
from app.people.households import COUNTS_AFTER_LEAVING
from app.rewards import coupons
from app.rewards.redeem_refusals import refusal

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a citizen has just got, and the code of its coupon, the same each time it is asked."""

    redemption_id: UUID
    offer_id: UUID
    title_zh: str
    title_en: str
    points: int
    unit: str
    held_until: datetime
    coupon: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """An Idempotency-Key, and the fingerprint of what was asked with it."""

    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Standing:
    """Who asks, as far as limits and quotas care.

    ``device`` is a keyed digest, None where none is counted; ``district`` is the citizen's, whose
    quota is looked at first. Whom a household counts is found out by the claim itself.
    """

    device: int | None = None
    district: str = ""


_PLAIN = Standing()
_read = msgspec.json.Decoder().decode


async def redeem(
    tx: Tx,
    *,
    account_id: int,
    offer_id: UUID,
    coupon_key: bytes,
    now: datetime,
    asked: Asked | None = None,
    standing: Standing = _PLAIN,
) -> Redeemed:
    """Hold the offer's price, count the unit against every limit, and take it.

    Args:
        tx: the caller's transaction; a refusal leaves nothing of it.
        account_id: who claims.
        offer_id: what.
        coupon_key: the key that coupon codes are worked out with.
        now: when (UTC).
        asked: the first request with this key does the work, later ones get its answer.
        standing: what limits of devices, and quotas of districts, look at.

    Raises:
        OfferNotFound: the offer does not exist, is not published, or has closed.
        OfferNotYetOpen: it opens later.
        OfferNeedsTicket: it has a line or a draw.
        DrawOver: it has a draw, whose registration has ended.
        OfferSoldOut: no unit is left, for anybody.
        DistrictShareTaken: what is left is for other districts, and the own has none now.
        NotForYou: every unit was for other districts from the beginning.
        LimitReached: the citizen, household or device has as many as it may.
        FundingSpent: a budget that pays a part of it is used up.
        InsufficientPoints: the citizen cannot pay.
        IdempotencyKeyReused: the key came with another body before.

    """
    kept, coupon = await ask(
        tx,
        account_id=account_id,
        offer_id=offer_id,
        coupon_key=coupon_key,
        now=now,
        asked=asked,
        standing=standing,
        ticket=False,
    )
    return Redeemed(
        redemption_id=UUID(kept["redemption_id"]),
        offer_id=UUID(kept["offer_id"]),
        title_zh=kept["title_zh"],
        title_en=kept["title_en"],
        points=kept["points"],
        unit=kept.get("unit", ORDINARY),  # as it was before offers could have another
        held_until=datetime.fromisoformat(kept["held_until"]),
        coupon=coupon,
    )


async def ask(
    tx: Tx,
    *,
    account_id: int,
    offer_id: UUID,
    coupon_key: bytes,
    now: datetime,
    asked: Asked | None,
    standing: Standing,
    ticket: bool,
) -> tuple[dict[str, Any], str]:
    """The one statement behind `redeem` and `queue.take_ticket`; what it answered first, and code.

    Raises:
        DomainError: whatever the function refuses.

    """
    new = new_id()
    code = coupons.code_of(coupon_key, bucket=bucket_of(account_id), redemption_id=new)
    arguments = {
        "account_id": account_id,
        "key": asked.key if asked else None,
        "fingerprint": asked.fingerprint if asked else None,
        "id": new,
        "digest": coupons.digest(code),
        "offer_id": offer_id,
        "device": standing.device,
        "pool": standing.district,
        "ticket": ticket,
        "now": now,
        "left_after": now - COUNTS_AFTER_LEAVING,
    }
    try:
        row = await (await tx.execute(_HOLD, arguments)).fetchone()
    except psycopg.Error as error:
        refused = refusal(error)
        if refused is None:
            raise
        raise refused from None
    assert row is not None, "a function always answers"
    kept: dict[str, Any] = _read(row[0])
    known_as = kept["redemption_id"]
    if known_as != str(new):
        first = UUID(known_as)
        return kept, coupons.code_of(coupon_key, bucket=bucket_of(account_id), redemption_id=first)
    log.info("redemption_held", redemption_id=known_as, points=kept["points"], ticket=ticket)
    return kept, code


_HOLD = """
SELECT redeem_hold(%(account_id)s, %(key)s, %(fingerprint)s, %(id)s, %(digest)s, %(offer_id)s,
                   %(device)s, %(pool)s, %(ticket)s, %(now)s, %(left_after)s)::text
"""
