"""The outermost layer of the web service: what every answer has, whoever gives it.

A request's id is bound before anything can refuse the request, and a body that is too large is
refused with a problem document like everything else; the framework answers it in plain text.
"""

from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import documentation, problems
from app.logs import RequestId


class Service(FastAPI):
    """FastAPI with the request id outside of everything, and an OpenAPI document that is true."""

    def build_middleware_stack(self) -> ASGIApp:
        """Wrap also the framework's own outermost layers."""
        return RequestId(_TooLarge(super().build_middleware_stack()))

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = documentation.described(super().openapi())
        return self.openapi_schema


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
