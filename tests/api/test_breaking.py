"""A client of the last release goes on working: nothing it relies on is taken away."""

import copy
import json

import pytest

from tests.api.breaking import breaks
from tests.house.sources import ROOT

RELEASED = ROOT / "app" / "openapi.released.json"
CURRENT = ROOT / "app" / "openapi.json"

_CODE = "every other door says a unit by its code; a number could not be looked up anywhere"
_KEY = "no request without one was ever served; only the document said that it might be left out"
_KEYED = ("appeals", "claims", "donations", "redemptions", "tickets")
MEANT: dict[str, str] = {
    "GET /v1/pools 200.items[].unit: type integer became string": _CODE,
    "GET /v1/me/changes 200.items[].unit: type integer became string": _CODE,
    "GET /v1/admin/ledger/trial-balance 200.units[].unit: type integer became string": _CODE,
    "GET /v1/admin/ledger/liability 200.units[].unit: type integer became string": _CODE,
    "GET /v1/admin/ledger/liability 200.quarters[].unit: type integer became string": _CODE,
}
MEANT |= {f"POST /v1/me/{each}: parameter idempotency-key required": _KEY for each in _KEYED}
MEANT |= {
    f"POST /v1/me/{each} parameter idempotency-key: {end}Length narrowed": _KEY
    for each in _KEYED
    for end in ("min", "max")
}
"""A break that is meant: its line as `breaks` says it, and why callers were given no choice."""


@pytest.fixture(scope="module")
def released():
    """What the last release promised."""
    return json.loads(RELEASED.read_text())


def test_nothing_that_was_released_is_taken_away(released):
    """Every break is listed with its reason, and nothing is listed that is no break any more."""
    assert set(breaks(released, json.loads(CURRENT.read_text()))) == set(MEANT)


def change(document, *path, value=None):
    """Set or remove something deep in a document."""
    *way, last = path
    part = document
    for key in way:
        part = part[key]
    if value is None:
        del part[last]
    else:
        part[last] = value


def schema(name):
    """The way to a named schema."""
    return ("components", "schemas", name)


WALLET = ("components", "schemas", "WalletView")
LINK = ("components", "schemas", "LinkIn")
OFFER = ("components", "schemas", "OfferView")


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("paths", "/v1/me/wallet"), None, "GET /v1/me/wallet: removed"),
        ((*WALLET, "properties", "held"), None, "GET /v1/me/wallet 200.held: removed"),
        (
            (*WALLET, "properties", "held", "type"),
            "string",
            "GET /v1/me/wallet 200.held: type integer became string",
        ),
        (
            (*OFFER, "properties", "mode", "enum"),
            ["queue", "lottery"],
            "GET /v1/offers/{offer_id} 200.mode: value first_come removed",
        ),
        (
            (*LINK, "required"),
            ["provider", "card", "scenarios", "proof"],
            "POST /v1/me/links body.proof: required",
        ),
        ((*LINK, "properties", "card"), None, "POST /v1/me/links body.card: removed"),
        (
            ("paths", "/v1/me/statement", "get", "parameters"),
            [],
            "GET /v1/me/statement: parameter cursor removed",
        ),
        (
            (*schema("MakeProposal"), "properties", "kind", "enum"),
            ["ledger.adjust"],
            "POST /v1/admin/proposals body.kind: only some values left",
        ),
        (
            (*schema("DraftOffer"), "properties", "mode", "enum"),
            ["queue"],
            "POST /v1/admin/offers body.mode: value first_come removed",
        ),
        (
            (*schema("Order"), "enum"),
            ["newest"],
            "GET /v1/offers parameter order: value cheapest removed",
        ),
        (
            (*LINK, "properties", "card", "maxLength"),
            4,
            "POST /v1/me/links body.card: maxLength narrowed",
        ),
        (
            (*schema("ScanCoupon"), "properties", "order_no", "type"),
            "integer",
            "POST /v1/merchant/coupons/redeem-all body.sales[].order_no: type string became integer",
        ),
        (
            (*WALLET, "required"),
            ["available", "consumed"],
            "GET /v1/me/wallet 200.held: no longer always there",
        ),
        (
            (*schema("LotView"), "properties", "points"),
            None,
            "GET /v1/me/wallet 200.expires_next.points: removed",
        ),
    ],
)
def test_each_kind_of_break_is_found(released, path, value, said):
    """The comparison bites: one planted change, one sentence about it."""
    document = copy.deepcopy(released)
    change(document, *path, value=value)
    assert said in breaks(released, document)
    assert breaks(released, released) == []


def test_what_is_added_breaks_nobody(released):
    """A new path, a new optional input and a new field of an answer are free."""
    document = copy.deepcopy(released)
    change(document, "paths", "/v1/me/news", value=document["paths"]["/v1/me/wallet"])
    change(document, *WALLET, "properties", "mood", value={"type": "string"})
    change(document, *LINK, "properties", "proof", value={"type": "string"})
    assert breaks(released, document) == []
