"""The port through which a code reaches a phone.

`ConsoleSms` keeps the last messages in the process for the development inbox. `GatewaySms` hands
them to the city's own message gateway as ``POST {"phone", "code", "valid_minutes"}``. Production
without a gateway sends nothing and says so.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.settings import Settings
from app.sign_in.outside import Outside, unavailable

KEPT = 50


@dataclass(frozen=True, slots=True)
class Message:
    """A code on its way."""

    phone: str
    code: str
    at: datetime


class Sms(Protocol):
    """Sends a code."""

    def ensure_set_up(self) -> None:
        """Refuse before anything is counted.

        Raises:
            PlatformUnavailable: nothing can be sent here.

        """
        ...

    async def send(self, message: Message) -> None:
        """Hand the message over.

        Raises:
            PlatformUnavailable: nobody took it.

        """
        ...


class ConsoleSms:
    """Keeps the last fifty messages in memory, newest first, for ``/dev/inbox``."""

    def __init__(self) -> None:
        self.inbox: deque[Message] = deque(maxlen=KEPT)

    def ensure_set_up(self) -> None:
        """There is nothing to set up."""

    async def send(self, message: Message) -> None:
        """Keep it."""
        self.inbox.appendleft(message)


class NoSms:
    """Production without a gateway."""

    def ensure_set_up(self) -> None:
        """Refuse."""
        raise unavailable("SMS")

    async def send(self, message: Message) -> None:  # noqa: ARG002 -- the port's shape
        """Refuse; nobody comes here."""
        raise unavailable("SMS")


class GatewaySms:
    """Hands messages to a gateway.

    Args:
        outside: the way there.
        url: its address.
        secret: its bearer token, or nothing.

    """

    def __init__(self, outside: Outside, url: str, secret: str) -> None:
        self._outside = outside
        self._url = url
        self._headers = {"Authorization": f"Bearer {secret}"} if secret else {}

    def ensure_set_up(self) -> None:
        """It is."""

    async def send(self, message: Message) -> None:
        """One message, handed over."""
        body = {"phone": message.phone, "code": message.code, "valid_minutes": 5}
        await self._outside.ask("POST", self._url, json=body, headers=self._headers)


def sms_for(settings: Settings) -> Sms:
    """What the settings ask for."""
    sizes = settings.sign_in
    if sizes.sms_url is not None:
        secret = sizes.sms_secret.get_secret_value() if sizes.sms_secret is not None else ""
        return GatewaySms(Outside("SMS"), str(sizes.sms_url), secret)
    return NoSms() if settings.environment == "production" else ConsoleSms()
