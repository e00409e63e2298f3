"""Messages as pushes to apps, over httpx, through the city's push gateway.

The gateway speaks to the makers of phones. It is sent ``POST {"pushes": [{"id", "to", "title",
"text", "page"}]}`` with a bearer token, and answers 2xx when it has taken all of them; the id is
the same each time, so what it was sent twice it shows once.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

import httpx
import structlog

from app.notices.deliver import ChannelDownError, Message
from app.notices.texts import template_of
from app.sign_in.addresses import PushAddress

log = structlog.get_logger()


class PushAddresses(Protocol):
    """Where citizens' apps are; the identity vault knows."""

    async def push_addresses(
        self, account_ids: Sequence[int]
    ) -> Mapping[int, Sequence[PushAddress]]:
        """The addresses of each account whose app has given one and is still signed in."""
        ...


class PushChannel:
    """Sends to every phone of whoever is told; who has none is done with.

    Args:
        http: a client with a time-out.
        url: the gateway's.
        secret: its bearer token.
        addresses: who is where.

    """

    def __init__(
        self, http: httpx.AsyncClient, *, url: str, secret: str, addresses: PushAddresses
    ) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._addresses = addresses

    async def send(self, messages: list[Message]) -> Collection[UUID] | None:
        """Hand all of them over at once.

        Raises:
            ChannelDownError: the gateway did not take them; all of them wait.

        """
        found = await self._addresses.push_addresses([each.account_id for each in messages])
        pushes = [
            _push(message, address)
            for message in messages
            for address in found.get(message.account_id, ())
        ]
        if pushes:
            try:
                answer = await self._http.post(
                    self._url, json={"pushes": pushes}, headers=self._headers
                )
                answer.raise_for_status()
            except httpx.HTTPError as error:
                # Not the error itself: its text holds the gateway's address.
                kind = type(error).__name__
                raise ChannelDownError(f"The push gateway does not take it: {kind}") from None
        log.info("messages_pushed", messages=len(messages), pushes=len(pushes))
        return None


def _push(message: Message, address: PushAddress) -> dict[str, str]:
    template = template_of(message.template)
    title, text = template.said(message.facts, english=address.english)
    return {
        "id": str(message.id),
        "to": address.to,
        "title": title,
        "text": text,
        "page": template.page_of(message.facts),
    }
