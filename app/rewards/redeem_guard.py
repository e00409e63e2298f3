"""Dependencies of the endpoints that citizens claim with: limits first, then admission."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Request

from app.clock import Now
from app.idempotency import IdempotencyKey
from app.people.guards import CurrentCitizen
from app.rewards.redeem import Standing
from app.rewards.redeem_admission import Admission, Asking
from app.rewards.schemas import RedeemOffer


async def count_request(request: Request, citizen: CurrentCitizen) -> None:
    """Count a citizen's write before a connection is taken, so a flood holds none."""
    per_minute = request.app.state.settings.limits.citizen_writes_per_minute
    await request.app.state.cache.allow(f"citizen:{citizen.account_id}", per_minute=per_minute)


WithinLimit = Depends(count_request)
DeviceId = Annotated[
    str | None,
    Header(description="Names the device, where an offer counts devices; 8 to 128 characters."),
]


async def _admitted(
    *,
    request: Request,
    body: RedeemOffer,
    citizen: CurrentCitizen,
    key: IdempotencyKey,
    now: Now,
    device_id: DeviceId = None,
) -> AsyncIterator[Standing]:
    """Who need not try is told so before a connection that writes is taken."""
    admission: Admission = request.app.state.admission
    asking = Asking(body.offer_id, citizen.account_id, key, device_id, now)
    async with admission.admit(request.app.state.database, asking) as standing:
        yield standing


# Released when the transaction has ended, and asked before it begins: it stands before `tx`.
Admitted = Annotated[Standing, Depends(_admitted, scope="function")]
