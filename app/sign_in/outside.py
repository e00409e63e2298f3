"""A question to somebody else's service: few tries, short waits, and no body in any log."""

from collections.abc import Mapping
from typing import Any

import httpx
import stamina
import structlog

from app.sign_in.errors import PlatformUnavailable

log = structlog.get_logger()

WAIT_S = 4
TRIES = 3


class Outside:
    """Asks one service over HTTPS.

    Args:
        name: what the service is called in logs.
        transport: another way out, for tests; None is the network.

    """

    def __init__(self, name: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._name = name
        self._transport = transport

    async def ask(self, method: str, url: str, **what: Any) -> Mapping[str, Any]:
        """The JSON object it answers; what cannot be reached is asked three times.

        Raises:
            PlatformUnavailable: no answer, a failure, or no JSON object.

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
            found = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            log.warning("outside_failed", service=self._name, kind=type(error).__name__)
            raise unavailable(self._name) from error
        if not isinstance(found, dict):
            raise unavailable(self._name)
        return found


def unavailable(name: str) -> PlatformUnavailable:
    """The refusal while a service does not answer."""
    return PlatformUnavailable(
        f"{name} does not answer; try again, or sign in another way.",
        f"{name} 暂时无法应答,请稍后再试或换一种方式登录。",
        platform=name,
    )
