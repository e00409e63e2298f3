"""What may be said about an offer beyond its price and period, and whether it makes sense."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.ledger.units import ORDINARY
from app.rewards import offers_audience, picture_rules, rules
from app.rewards.errors import OfferUnsound
from app.rewards.funding_split import MERCHANT_ALONE, Share
from app.rewards.tables import Delivery, Mode, OfferKind

TEXT_CHARS_MAX = 2_000
FACE_VALUE_FEN_MAX = 100_000_000
LIFE_S_MAX = 366 * 86_400
SHUFFLE_S_MAX = 3_600
QUOTAS_MAX = 20
STORES_MAX = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """Kind, texts, limits, audience, funding and mode of an offer; the usual ones by default.

    ``quotas`` are units that only citizens of a district may take, beside everybody's stock.
    ``shuffle_s`` belongs to a line: who comes in its first seconds is shuffled. ``draws_at``
    belongs to a draw: registration ends then. ``usable_until`` None: coupons end with the offer.
    ``unit`` is the code of the points that it is priced in.
    """

    kind: OfferKind = OfferKind.product
    mode: Mode = Mode.first_come
    delivery: Delivery = Delivery.coupon
    category: str = ""
    district_code: str = ""
    text_zh: str = ""
    text_en: str = ""
    picture: str = ""
    unit: str = ORDINARY
    face_value_fen: int = 0
    usable_until: datetime | None = None
    coupon_life_s: int = rules.HOLD_S
    limits: Sequence[Mapping[str, Any]] = ()
    audience: Mapping[str, Any] = field(default_factory=dict)
    store_ids: Sequence[UUID] | None = None
    quotas: Mapping[str, int] = field(default_factory=dict)
    funding: Sequence[Share] = MERCHANT_ALONE
    shuffle_s: int = 0
    draws_at: datetime | None = None


USUAL = Terms()


def ensure_sound(
    terms: Terms, *, stock: int, per_citizen: int, opens_at: datetime, closes_at: datetime
) -> None:
    """Refuse terms that could never be kept.

    Raises:
        OfferUnsound: `field` names the first thing that is wrong.

    """
    first_come = terms.mode is Mode.first_come
    draw = terms.mode is Mode.lottery
    usable_until = terms.usable_until or closes_at
    wrong = {
        "category": len(terms.category) > 20,
        "district_code": terms.district_code != "" and not _district(terms.district_code),
        "text_zh": len(terms.text_zh) > TEXT_CHARS_MAX or "\x00" in terms.text_zh,
        "text_en": len(terms.text_en) > TEXT_CHARS_MAX or "\x00" in terms.text_en,
        "picture": terms.picture != "" and picture_rules.digest_in(terms.picture) is None,
        "face_value_fen": not 0 <= terms.face_value_fen <= FACE_VALUE_FEN_MAX,
        "usable_until": not closes_at <= usable_until <= closes_at + timedelta(days=3_650),
        "coupon_life_s": not 60 <= terms.coupon_life_s <= LIFE_S_MAX,
        "store_ids": terms.store_ids is not None and not 1 <= len(terms.store_ids) <= STORES_MAX,
        "quotas": not (
            len(terms.quotas) <= QUOTAS_MAX
            and all(
                _district(code) and 1 <= units <= rules.UNITS_MAX
                for code, units in terms.quotas.items()
            )
            and (first_come or not terms.quotas)
        ),
        "delivery": terms.delivery is Delivery.merchant_code
        and not (first_come and stock == 0 and not terms.quotas),
        "shuffle_s": not (
            0 <= terms.shuffle_s <= SHUFFLE_S_MAX
            and (terms.mode is Mode.queue or terms.shuffle_s == 0)
        ),
        "draws_at": (terms.draws_at is not None) != draw
        or (terms.draws_at is not None and not opens_at < terms.draws_at <= closes_at),
        # A ticket is one unit; a second one of the same citizen would be a second ticket.
        "per_citizen": not first_come and per_citizen != 1,
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise OfferUnsound(f"`{name}` is out of range.", f"{name} 超出允许范围。", field=name)
    offers_audience.ensure_sound(terms.audience, terms.limits)


def _district(code: str) -> bool:
    return len(code) == 6 and code.isascii() and code.isdigit()
