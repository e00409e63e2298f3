"""A morning of a citizen, a provider and a till, told through the generated client alone.

What the service promises is what a type checker holds this file to: a field that is not in
`app/openapi.json` is an error before anything runs.
"""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Protocol, TypeVar

from puhui_client import AuthenticatedClient, Client
from puhui_client.api.me import link_card, read_feed, read_statement, read_wallet
from puhui_client.api.provider import post_batch
from puhui_client.api.rewards import get_redemption, list_offers, redeem_offer, scan_coupon
from puhui_client.api.sign_in import send_code, sign_in
from puhui_client.models.code_in import CodeIn
from puhui_client.models.device_in import DeviceIn
from puhui_client.models.feed_item import FeedItem
from puhui_client.models.line_view import LineView
from puhui_client.models.link_in import LinkIn
from puhui_client.models.outcome_view import OutcomeView
from puhui_client.models.post_batch_batch_in import PostBatchBatchIn
from puhui_client.models.problem import Problem
from puhui_client.models.record_in import RecordIn
from puhui_client.models.record_in_data import RecordInData
from puhui_client.models.redeem_offer import RedeemOffer
from puhui_client.models.redemption_view import RedemptionView
from puhui_client.models.scan_coupon import ScanCoupon
from puhui_client.models.sign_in_in import SignInIn
from puhui_client.models.wallet_view import WalletView

DEVICE = "phone-of-lin-0001"
_T_co = TypeVar("_T_co", covariant=True)
_T = TypeVar("_T")


class Answer(Protocol[_T_co]):
    """What every call of the client answers."""

    @property
    def status_code(self) -> HTTPStatus:
        """How it went."""

    @property
    def parsed(self) -> _T_co:
        """What the service said, typed."""


def granted(answer: Answer[_T | Problem | None]) -> _T:
    """What was asked for; a refusal is told in the service's words."""
    found = answer.parsed
    assert found is not None
    assert not isinstance(found, Problem), f"{found.code}: {found.detail}"
    return found


async def arrive(base_url: str, phone: str, last_code: Callable[[], str]) -> AuthenticatedClient:
    """Sign in by a one-time code; who may ask for more."""
    client = Client(base_url=base_url)
    async with client as door:
        granted(
            await send_code.asyncio_detailed(
                client=door, body=CodeIn(phone=phone, device_id=DEVICE)
            )
        )
        device = DeviceIn(id=DEVICE, name="小林的手机", platform="web")
        body = SignInIn(phone=phone, code=last_code(), device=device)
        session = granted(await sign_in.asyncio_detailed(client=door, body=body))
    return AuthenticatedClient(base_url=base_url, token=session.access_token)


async def link(citizen: AuthenticatedClient, card: str) -> None:
    """Tell which card is one's own, and agree to what its rides may be used for."""
    body = LinkIn(provider="bikes", card=card, scenarios=["bike_ride"])
    links = granted(await link_card.asyncio_detailed(client=citizen, body=body))
    assert [each.provider for each in links.items] == ["bikes"]


async def deliver(
    provider: AuthenticatedClient, ref: str, card: str, began: datetime, ended: datetime
) -> OutcomeView:
    """A provider sends one ride; what became of it."""
    data = RecordInData()
    data["started_at"], data["ended_at"] = began.isoformat(), ended.isoformat()
    data["distance_km"] = "3.7"
    record = RecordIn(ref=ref, subject=card, methodology="bike_ride", data=data)
    body = PostBatchBatchIn(records=[record])
    batch = granted(await post_batch.asyncio_detailed(client=provider, body=body))
    assert batch.records == len(batch.outcomes) == 1
    return batch.outcomes[0]


async def wallet(citizen: AuthenticatedClient) -> WalletView:
    """How many points there are."""
    return granted(await read_wallet.asyncio_detailed(client=citizen))


async def feed(citizen: AuthenticatedClient) -> list[FeedItem]:
    """What happened, newest first."""
    return granted(await read_feed.asyncio_detailed(client=citizen, limit=10)).items


async def statement(citizen: AuthenticatedClient) -> list[LineView]:
    """What was booked, newest first."""
    return granted(await read_statement.asyncio_detailed(client=citizen)).items


async def buy_the_first(citizen: AuthenticatedClient, key: str) -> RedemptionView:
    """Points for the first offer on the list; sent twice, as a phone in a tunnel does."""
    offer = granted(await list_offers.asyncio_detailed(client=citizen)).items[0]
    body = RedeemOffer(offer_id=offer.offer_id)
    first, second = [
        granted(await redeem_offer.asyncio_detailed(client=citizen, body=body, idempotency_key=key))
        for _ in range(2)
    ]
    assert first == second
    return granted(await get_redemption.asyncio_detailed(first.redemption_id, client=citizen))


async def take(till: AuthenticatedClient, coupon: str, order_no: str) -> int:
    """A till takes a coupon; how many points it was."""
    body = ScanCoupon(coupon=coupon, order_no=order_no)
    return granted(await scan_coupon.asyncio_detailed(client=till, body=body)).points


async def refused(citizen: AuthenticatedClient) -> Problem:
    """A batch from somebody who is no provider: what a refusal looks like."""
    answer = await post_batch.asyncio_detailed(client=citizen, body=PostBatchBatchIn(records=[]))
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert isinstance(answer.parsed, Problem)
    return answer.parsed
