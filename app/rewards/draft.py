"""Use case: write an offer down; it is seen by nobody before it is published."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from psycopg.types.json import Jsonb

from app.catalogue.zone import zone
from app.database import Tx
from app.ids import new_id
from app.ledger import units
from app.ledger.units import ORDINARY, UnitView
from app.merchants import directory
from app.rewards import funding, offers_stores, offers_terms, picture_rules, pictures, rules
from app.rewards.errors import OfferUnsound
from app.rewards.funding_split import MERCHANT_ALONE, price_points, split
from app.rewards.offers_terms import USUAL, Terms
from app.rewards.tables import Delivery, Mode, OfferState

log = structlog.get_logger()

CODE_SLOTS = 16
"""A list of codes may grow to any length: its stock is cut for a large one."""


async def draft_offer(
    tx: Tx,
    *,
    merchant_id: UUID,
    contra: int,
    title_zh: str,
    title_en: str,
    points: int | None,
    stock: int,
    per_citizen: int,
    opens_at: datetime,
    closes_at: datetime,
    now: datetime,
    terms: Terms = USUAL,
) -> UUID:
    """Write a draft, its stock, its funding and, for a line or a draw, its seed.

    Args:
        tx: the caller's transaction.
        merchant_id: who gives it.
        contra: the merchant's counter-account, which is paid when a coupon is spent.
        title_zh: what it is, at most 80 characters.
        title_en: the same in English.
        points: the price of one unit; None: the face value at the rate in force.
        stock: how many units everybody may take; none where codes or quotas are the stock.
        per_citizen: how many units one citizen may hold or spend.
        opens_at: from when it can be claimed (UTC).
        closes_at: until when it can be claimed (UTC).
        now: when (UTC).
        terms: everything else about it.

    Returns:
        The offer's id.

    Raises:
        OfferUnsound: a number, title, period, picture, unit, store or declaration makes no sense.
        FundingUnsound: the split is none, or a budget is not of its kind.
        MerchantNotFound: there is no such merchant.

    """
    rate = await funding.rate_at(tx, now=now)
    price = points
    if price is None and terms.unit != ORDINARY:
        price = 0  # the rate is that of ordinary points
    if price is None:
        price = price_points(terms.face_value_fen, rate.points_per_yuan) if rate else 0
    rules.ensure_sound(
        title_zh=title_zh,
        title_en=title_en,
        points=price,
        stock=stock,
        stock_min=0 if terms.quotas or terms.delivery is Delivery.merchant_code else 1,
        per_citizen=per_citizen,
        opens_at=opens_at,
        closes_at=closes_at,
    )
    offers_terms.ensure_sound(
        terms, stock=stock, per_citizen=per_citizen, opens_at=opens_at, closes_at=closes_at
    )
    unit = await _unit(tx, terms, closes_at)
    await _ensure_picture(tx, terms)
    merchant = await directory.by_id(tx, merchant_id=merchant_id)
    assert merchant.contra == contra, "the counter-account is the merchant's own"
    await offers_stores.ensure_own(tx, merchant_id=merchant.id, store_ids=terms.store_ids)
    offer_id = new_id()
    facts = {
        "id": offer_id,
        "merchant_id": merchant_id,
        "contra": contra,
        "title_zh": title_zh,
        "title_en": title_en,
        "points": price,
        "per_citizen": per_citizen,
        "state": OfferState.draft.value,
        "opens_at": opens_at,
        "closes_at": closes_at,
        "now": now,
        "rate_version": rate.version if rate else None,
    }
    category = terms.category or merchant.category
    said = _said(terms, closes_at) | {"unit": unit.id, "category": category}
    await tx.execute(_DRAFT, facts | said)
    await tx.execute(_STOCK, {"id": offer_id} | _pools(stock, terms))
    await _fund(tx, offer_id, terms)
    if terms.mode is not Mode.first_come:
        seed = secrets.token_bytes(32)
        await tx.execute(_SEED, (offer_id, seed, hashlib.sha256(seed).digest()))
    log.info("offer_drafted", offer_id=str(offer_id), points=price, stock=stock)
    return offer_id


async def _unit(tx: Tx, terms: Terms, closes_at: datetime) -> UnitView:
    """Of which points the price is; a campaign's must live as long as they can buy it."""
    found = {each.code: each for each in await units.units(tx)}.get(terms.unit)
    if found is None:
        raise _unsound("unit")
    if found.last_day is not None:
        last = (closes_at - timedelta(microseconds=1)).astimezone(await zone(tx)).date()
        if last > found.last_day:
            raise _unsound("unit")
    return found


async def _ensure_picture(tx: Tx, terms: Terms) -> None:
    digest = picture_rules.digest_in(terms.picture)
    if digest is not None and not await pictures.exists(tx, digest=digest):
        raise _unsound("picture")


def _unsound(field: str) -> OfferUnsound:
    return OfferUnsound(
        f"`{field}` names nothing that this offer can use.",
        f"{field} 不存在或不适用于该商品。",
        field=field,
    )


def _said(terms: Terms, closes_at: datetime) -> dict[str, Any]:
    return {
        "kind": terms.kind.value,
        "mode": terms.mode.value,
        "delivery": terms.delivery.value,
        "district_code": terms.district_code,
        "text_zh": terms.text_zh,
        "text_en": terms.text_en,
        "picture": terms.picture,
        "face_value_fen": terms.face_value_fen,
        "usable_until": terms.usable_until or closes_at,
        "coupon_life_s": terms.coupon_life_s,
        "limits": Jsonb([dict(limit) for limit in terms.limits]),
        "audience": Jsonb(dict(terms.audience)),
        "store_ids": None if terms.store_ids is None else list(terms.store_ids),
        "shuffle_s": terms.shuffle_s,
        "draws_at": terms.draws_at,
    }


def _pools(stock: int, terms: Terms) -> dict[str, Sequence[object]]:
    """Slots of everybody's stock, then those of each district's quota."""
    codes = terms.delivery is Delivery.merchant_code
    parts = rules.shares(stock, CODE_SLOTS if codes else rules.slots(stock))
    cut = [("", units) for units in parts] if stock or codes else []
    for district, quota in sorted(terms.quotas.items()):
        cut += [(district, units) for units in rules.shares(quota, rules.slots(quota))]
    return {
        "slots": list(range(len(cut))),
        "pools": [pool for pool, _ in cut],
        "units": [units for _, units in cut],
    }


async def _fund(tx: Tx, offer_id: UUID, terms: Terms) -> None:
    """What each payer owes for a unit, to the fen; the whole of it is the face value."""
    if terms.funding != MERCHANT_ALONE:
        await funding.ensure_budgets(tx, shares=terms.funding)
    thousandths = [share.thousandths for share in terms.funding]
    arguments = {
        "id": offer_id,
        "sources": [share.source.value for share in terms.funding],
        "thousandths": thousandths,
        "fen": split(terms.face_value_fen, thousandths),
        "budgets": [share.budget_id for share in terms.funding],
    }
    await tx.execute(_FUND, arguments)


_DRAFT = """
INSERT INTO offer (id, merchant_id, contra, title_zh, title_en, points, per_citizen, state,
                   opens_at, closes_at, created_at, kind, unit, mode, delivery, category,
                   district_code, text_zh, text_en, picture, face_value_fen, rate_version,
                   usable_until, coupon_life_s, limits, audience, store_ids, shuffle_s, draws_at)
VALUES (%(id)s, %(merchant_id)s, %(contra)s, %(title_zh)s, %(title_en)s, %(points)s,
        %(per_citizen)s, %(state)s, %(opens_at)s, %(closes_at)s, %(now)s, %(kind)s, %(unit)s,
        %(mode)s, %(delivery)s, %(category)s, %(district_code)s, %(text_zh)s, %(text_en)s,
        %(picture)s, %(face_value_fen)s, %(rate_version)s, %(usable_until)s, %(coupon_life_s)s,
        %(limits)s, %(audience)s, %(store_ids)s, %(shuffle_s)s, %(draws_at)s)
"""
_STOCK = """
INSERT INTO offer_stock (offer_id, slot, pool, open, remaining, initial)
SELECT %(id)s, slot, pool, true, units, units
  FROM unnest(%(slots)b::smallint[], %(pools)b::text[], %(units)b::int[]) AS t (slot, pool, units)
"""
_FUND = """
INSERT INTO offer_funding (offer_id, kind, thousandths, fen, budget_id)
SELECT %(id)s, source, thousandths, fen, budget_id
  FROM unnest(%(sources)b::smallint[], %(thousandths)b::smallint[], %(fen)b::int[],
              %(budgets)b::uuid[]) AS t (source, thousandths, fen, budget_id)
"""
_SEED = "INSERT INTO offer_seed (offer_id, seed, seed_hash, next_place) VALUES (%s, %s, %s, 1)"
