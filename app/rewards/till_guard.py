"""What every till's endpoint needs: the limit of calls, and who stands at the counter."""

from fastapi import Depends, Request

from app.people.errors import NotSignedIn, WrongAudience, WrongRole
from app.people.guards import CurrentMerchant, Merchant
from app.rewards.coupons_rules import Desk

SIGN_IN = (NotSignedIn, WrongAudience, WrongRole)


async def _within_limit(request: Request, merchant: CurrentMerchant) -> None:
    """Counted before a connection is taken; it also bounds how many codes can be guessed at."""
    per_minute = request.app.state.settings.limits.merchant_scans_per_minute
    await request.app.state.cache.allow(f"merchant:{merchant.id}", per_minute=per_minute)


WithinLimit = Depends(_within_limit)


def desk_of(merchant: Merchant) -> Desk:
    """The place at the counter that a merchant's token names."""
    return Desk(merchant.actor, merchant.seat.store_id)
