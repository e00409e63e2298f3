"""A question to somebody else's service: few tries, short waits, and no address in any log."""

import json
import logging
from collections.abc import Mapping
from typing import Any

import httpx
import stamina
import structlog

from app.sign_in.errors import PlatformUnavailable

log = structlog.get_logger()
# It tells addresses, and in WeChat's the application's secret stands.
logging.getLogger("httpx").setLevel(logging.WARNING)

WAIT_S = 4
TRIES = 3


class Outside:
    """Asks one service over HTTPS.

    Args:
        name: what the service is called in logs.
        transport: another way out, for tests; None is the network.

    """

    def __init__(self, name: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self.name = name
        self._transport = transport

    async def ask(self, method: str, url: str, **what: Any) -> Mapping[str, Any]:
        """The JSON object it answers.

        Raises:
            PlatformUnavailable: no answer, a failure, or no JSON object.

        """
        text = await self.text(method, url, **what)
        try:
            found = json.loads(text)
        except ValueError as error:
            raise unavailable(self.name) from error
        if not isinstance(found, dict):
            raise unavailable(self.name)
        return found

    async def text(self, method: str, url: str, **what: Any) -> str:
        """What it answers; asked again only if it was not reached: codes work once.

        Raises:
            PlatformUnavailable: no answer, or a failure.

        """
        try:
            async for attempt in stamina.retry_context(
                on=httpx.ConnectError, attempts=TRIES, timeout=WAIT_S * TRIES
            ):
                with attempt:
                    async with httpx.AsyncClient(
                        transport=self._transport, timeout=WAIT_S, follow_redirects=False
                    ) as client:
                        answer = await client.request(method, url, **what)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            log.warning("outside_failed", service=self.name, kind=type(error).__name__)
            # Not `from error`, whose words hold the address and what stands in it.
            raise unavailable(self.name) from None
        return answer.text


def unavailable(name: str) -> PlatformUnavailable:
    """The refusal while a service does not answer."""
    return PlatformUnavailable(
        f"{name} does not answer; try again, or sign in another way.",
        f"{name} 暂时无法应答,请稍后再试或换一种方式登录。",
        platform=name,
    )
