"""The names by which the interface knows kinds, modes and payers."""

from typing import Literal

from app.rewards import funding_split
from app.rewards.tables import Delivery, Mode, OfferKind

Kind = Literal[
    "cash_voucher", "discount", "product", "transit_ticket", "donation", "lottery_ticket"
]
ModeName = Literal["first_come", "queue", "lottery"]
DeliveryName = Literal["coupon", "merchant_code"]
Source = Literal["government", "merchant", "carbon"]

KINDS: dict[OfferKind, Kind] = {
    OfferKind.cash_voucher: "cash_voucher",
    OfferKind.discount: "discount",
    OfferKind.product: "product",
    OfferKind.transit_ticket: "transit_ticket",
    OfferKind.donation: "donation",
    OfferKind.lottery_ticket: "lottery_ticket",
}
MODES: dict[Mode, ModeName] = {
    Mode.first_come: "first_come",
    Mode.queue: "queue",
    Mode.lottery: "lottery",
}
SOURCES: dict[funding_split.Source, Source] = {
    funding_split.Source.government: "government",
    funding_split.Source.merchant: "merchant",
    funding_split.Source.carbon: "carbon",
}
DELIVERIES: dict[Delivery, DeliveryName] = {
    Delivery.coupon: "coupon",
    Delivery.merchant_code: "merchant_code",
}
