"""The outermost layer of the web service: what every answer has, whoever gives it.

A request's id is bound before anything can refuse the request, and a body that is too large is
refused with a problem document like everything else; the framework answers it in plain text.

Where a request comes from is the peer's address. Only when the peer is a proxy named in the
settings is its ``X-Forwarded-For`` read, from the right, past every trusted proxy: what a caller
writes into the header himself stands to the left of that and is never looked at.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from fastapi import FastAPI, Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import documentation, problems
from app.logs import RequestId
from app.plain import Shortcut

Address = IPv4Address | IPv6Address
NOWHERE: Address = IPv4Address("0.0.0.0")  # noqa: S104 -- nobody listens here
"""The address of a peer that has none, such as a socket in the file system."""

PERSONAL = ("/v1/me/", "/v1/merchant/", "/v1/admin/", "/v1/provider/")
"""Where what is answered is somebody's own."""
_NO_STORE = (b"cache-control", b"no-store")


class Service(FastAPI):
    """FastAPI with the request id outside of everything, and an OpenAPI document that is true.

    Middleware that was added lies outside of the framework's own layers, and so of the shortcut
    past them: it meets every request.
    """

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap also the framework's own outermost layers."""
        added, self.user_middleware = self.user_middleware, []
        app: ASGIApp = _Private(Shortcut(_TooLarge(super().build_middleware_stack())))
        self.user_middleware = added
        for kind, args, kwargs in reversed(added):
            app = kind(app, *args, **kwargs)
        return RequestId(app)

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = documentation.described(super().openapi())
        return self.openapi_schema


class _Private:
    """Nobody on the way keeps a personal answer, unless its endpoint says what may be done.

    Source: OWASP ASVS 5.0, 14.2.2; RFC 9111, section 5.2.2.5.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what is somebody's own is marked as that."""
        if scope["type"] != "http" or not scope["path"].startswith(PERSONAL):
            await self.app(scope, receive, send)
            return

        async def send_private(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append(_NO_STORE)
            await send(message)

        await self.app(scope, receive, send_private)


class _TooLarge:
    """Turns the framework's plain 413 into a problem document."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and replace that one answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        replaced = False

        async def send_problem(message: Message) -> None:
            nonlocal replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                kind = Headers(raw=message["headers"]).get("content-type", "")
                replaced = kind.startswith("text/plain")
                if replaced:
                    answer = problems.too_large(scope)
                    await answer(scope, receive, send)
            if not replaced:
                await send(message)

        await self.app(scope, receive, send_problem)


def address_of(request: Request, *, trusted: Sequence[IPv4Network | IPv6Network]) -> Address:
    """The nearest address on a request's way that is not one of our own proxies."""
    peer = _parsed(request.client.host) if request.client is not None else None
    found = peer or NOWHERE
    hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    for hop in reversed(hops):
        if not any(found in network for network in trusted):
            break
        before = _parsed(hop.strip())
        if before is None:  # a trusted proxy wrote nonsense, or nothing: it is the last we know
            break
        found = before
    return found


def _parsed(text: str) -> Address | None:
    """An address; an IPv4 address dressed as IPv6 is the IPv4 address. None for anything else."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
