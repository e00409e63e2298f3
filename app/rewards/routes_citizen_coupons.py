"""A citizen's coupon as a picture, and its live codes for the next minutes.

The code is worked out each time it is asked for, so a coupon that was lost is shown again.
"""

import hashlib
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from app.clock import Now
from app.database import Tx
from app.pages import knows
from app.people.errors import NotSignedIn, WrongAudience
from app.people.guards import Citizen, CitizenTx, CurrentCitizen, Documented
from app.problems import document
from app.rewards import claims, coupons, coupons_rules, rotating, rules
from app.rewards.claims import Claim
from app.rewards.errors import CouponNotOpen, MerchantCodeInstead, RedemptionNotFound

router = APIRouter(prefix="/me/redemptions", tags=["rewards"], dependencies=[Documented])

_SIGN_IN = (NotSignedIn, WrongAudience)
_REFUSALS = document(*_SIGN_IN, RedemptionNotFound, CouponNotOpen, MerchantCodeInstead)
_UNCHANGED = {304: {"description": "Unchanged since the ETag you sent."}}


class LiveCode(BaseModel):
    """What to show during one half minute."""

    begins_at: datetime = Field(
        description="From when to show it (UTC).", examples=["2026-03-01T04:00:00Z"]
    )
    coupon: str = Field(
        description="What the QR code carries.",
        examples=["c1.0N7ZK3V9QX2M4T8B5C6D1F0GHJ.7Q2M4T8B"],
    )


class LiveCodes(BaseModel):
    """What to show in the next minutes, also without network."""

    step_s: int = Field(description="For how many seconds each is shown.", examples=[30])
    codes: list[LiveCode] = Field(description="One after the other, from now.")


@router.get(
    "/{redemption_id}/qr.svg",
    response_class=Response,
    responses=_REFUSALS
    | _UNCHANGED
    | {200: {"content": {"image/svg+xml": {}}, "description": "The coupon as a QR code."}},
)
async def draw_coupon(
    request: Request, redemption_id: UUID, citizen: CurrentCitizen, tx: CitizenTx, now: Now
) -> Response:
    """The coupon as a picture for the till's scanner, while it can be used."""
    code = await _code(request, tx, citizen, redemption_id, now)
    return _picture(request, coupons.qr_svg(code), "image/svg+xml")


@router.get(
    "/{redemption_id}/qr.png",
    response_class=Response,
    responses=_REFUSALS
    | _UNCHANGED
    | {200: {"content": {"image/png": {}}, "description": "The coupon as a QR code."}},
)
async def draw_coupon_as_png(
    request: Request, redemption_id: UUID, citizen: CurrentCitizen, tx: CitizenTx, now: Now
) -> Response:
    """The same for programs that cannot draw SVG."""
    code = await _code(request, tx, citizen, redemption_id, now)
    return _picture(request, coupons.qr_png(code), "image/png")


@router.get("/{redemption_id}/live-codes", responses=_REFUSALS)
async def list_live_codes(
    *,
    request: Request,
    response: Response,
    redemption_id: UUID,
    citizen: CurrentCitizen,
    tx: CitizenTx,
    now: Now,
) -> LiveCodes:
    """The codes of the next ten minutes; none if the coupon's code does not change."""
    claim = await _usable(tx, citizen, redemption_id, now)
    first, key = rotating.step_of(now), request.app.state.keys.coupon
    steps = range(first, first + rotating.AHEAD_MINUTES * 60 // rotating.STEP_S)
    response.headers["Cache-Control"] = "no-store"
    return LiveCodes(
        step_s=rotating.STEP_S,
        codes=[
            LiveCode(
                begins_at=rotating.begins_at(step),
                coupon=rotating.live_code(
                    key, bucket=claim.bucket, redemption_id=claim.id, step=step
                ),
            )
            for step in steps
            if claim.rotating
        ],
    )


async def _usable(tx: Tx, citizen: Citizen, redemption_id: UUID, now: datetime) -> Claim:
    claim = await claims.claim(
        tx, account_id=citizen.account_id, redemption_id=redemption_id, now=now
    )
    coupons_rules.ensure_coupon(merchant_code=claim.merchant_code)
    rules.ensure_usable(claim.state, claim.held_until, now)
    return claim


async def _code(
    request: Request, tx: Tx, citizen: Citizen, redemption_id: UUID, now: datetime
) -> str:
    """What the picture carries at this moment."""
    claim = await _usable(tx, citizen, redemption_id, now)
    key = request.app.state.keys.coupon
    if not claim.rotating:
        return coupons.code_of(key, bucket=claim.bucket, redemption_id=claim.id)
    step = rotating.step_of(now)
    return rotating.live_code(key, bucket=claim.bucket, redemption_id=claim.id, step=step)


def _picture(request: Request, picture: bytes, kind: str) -> Response:
    """A picture that nobody on the way keeps; a phone that has it is told so."""
    etag = f'"{hashlib.blake2b(picture, digest_size=16).hexdigest()}"'
    headers = {"ETag": etag, "Cache-Control": "no-store"}
    if knows(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type=kind, headers=headers)
