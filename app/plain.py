"""Routes for what everybody's phone asks all day: the endpoint, its guard, nothing between.

The framework reads such a route's signature for the API's documentation, and stays out of the
call: solving dependencies and keeping two stacks of exits costs as much as the work itself. The
`Shortcut` leads past its layers too, while all is in order; whatever is not goes through all of
them, as any other request does.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BRIEF_BYTES = 4_096
"""A longer body goes the framework's way, with all its limits."""
_BODY = "puhui.body"
_RAISED = "puhui.raised"


class HotRoute(APIRoute, ABC):
    """A route that the `Shortcut` asks for an answer before the framework is troubled."""

    @abstractmethod
    async def answer(self, request: Request) -> Response | None:
        """The answer; None: let the framework make it."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell a refusal that was raised on the shortcut, or do what it left to be done.

        Args:
            scope: what was asked.
            receive: the body.
            send: the way back.

        """
        raised: Exception | None = scope.pop(_RAISED, None)
        if raised is not None:
            raise raised
        await super().handle(scope, receive, send)


class Shortcut:
    """Leads a request for a hot route straight to it, past layers that have nothing to do for it.

    What is raised there goes through all of them, so it is told as from any route. It lies inside
    of what every answer has (the request's id, its place in the numbers, the oldest app served).

    Args:
        app: everything, with all its layers.

    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._hot: dict[tuple[str, str], HotRoute] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the hot route, if it is one; the long way otherwise."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if self._hot is None:
            self._hot = _hot_routes(scope["app"])
        route = self._hot.get((scope["method"], scope["path"]))
        if route is None or scope.get("root_path") or "fastapi.telemetry" in scope:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        answer = None
        try:
            answer = await route.answer(Request(scope, receive, send))
        except Exception as error:  # noqa: BLE001 -- raised again where every route's are told
            scope[_RAISED] = error
        if answer is not None:
            await answer(scope, receive, send)
            return
        text: bytes | None = scope.pop(_BODY, None)
        again = receive if text is None else _once_more(text, receive)
        await self.app(scope, again, send)


def _hot_routes(app: FastAPI) -> dict[tuple[str, str], HotRoute]:
    """The application's hot routes, by method and whole path."""
    return {
        (method, str(each.path)): each.original_route
        for each in iter_route_contexts(app.routes)
        if isinstance(each.original_route, HotRoute)
        for method in each.original_route.methods or ()
    }


class PlainRoute(HotRoute):
    """A route whose endpoint takes the request and one guard, and makes its answer itself.

    The guard takes the request alone. A refusal that is raised reaches the application's handlers
    as from any route.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        super().__init__(path, endpoint, **given)
        asked = self.dependant
        guards = [each for each in asked.dependencies if each.name is not None]
        assert len(guards) == 1, "a plain route has one guard"
        guard = guards[0]
        for each in (asked, guard):
            values = each.path_params, each.query_params, each.header_params, each.body_params
            assert each.request_param_name == "request", "a plain route is handed the request"
            assert not any((*values, each.cookie_params)), "a plain route reads the request itself"
        assert not guard.dependencies, "a plain route's guard needs the request alone"
        self._guard: Callable[..., Any] = guard.call  # type: ignore[assignment]
        self._name: str = guard.name  # type: ignore[assignment]

    async def answer(self, request: Request) -> Response | None:
        """Ask the guard, then the endpoint; None for who sends a body, which nobody reads.

        Args:
            request: what was asked.

        """
        if "content-length" in request.headers or "transfer-encoding" in request.headers:
            return None
        caller = await self._guard(request=request)
        answer: Response = await self.endpoint(request=request, **{self._name: caller})
        return answer


class BriefRoute(HotRoute):
    """A route for a small JSON body: read here while all is in order, by the framework otherwise.

    The endpoint takes the request, one body, dependencies that need the request or headers alone,
    and optional headers. What the schema refuses is handed to the framework, which says so in its
    own words; it also takes over whatever is long or of another media type.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **given: Any) -> None:
        super().__init__(path, endpoint, **given)
        asked = self.dependant
        assert asked.request_param_name == "request", "a brief route is handed the request"
        assert len(asked.body_params) == 1, "a brief route has one body"
        assert not any((asked.path_params, asked.query_params, asked.cookie_params)), (
            "a brief route asks for headers and a body"
        )
        body = asked.body_params[0]
        self._body = body.name
        self._schema = TypeAdapter[Any](body.field_info.annotation or object)
        self._optional = _headers(asked)
        self._asked = [_given(each) for each in asked.dependencies if each.name is not None]

    async def answer(self, request: Request) -> Response | None:
        """Read what is asked, guards first; None where the framework has to say what is wrong.

        Args:
            request: what was asked.

        """
        headers = request.headers
        if "transfer-encoding" in headers or not _is_brief(
            headers.get("content-type", ""), headers.get("content-length", "")
        ):
            return None
        values: dict[str, Any] = {"request": request}
        for name, ask in self._asked:
            values[name] = await ask(request)
        text = await request.body()
        try:
            values[self._body] = self._schema.validate_json(text)
        except ValidationError:
            request.scope[_BODY] = text
            return None
        for name, header in self._optional.items():
            values[name] = headers.get(header)
        answer: Response = await self.endpoint(**values)
        return answer


def _is_brief(kind: str, length: str) -> bool:
    media_type = kind.partition(";")[0].strip().lower()
    return media_type == "application/json" and length.isdecimal() and int(length) <= BRIEF_BYTES


def _once_more(text: bytes, receive: Receive) -> Receive:
    """A body that was read, for whoever reads it again."""
    left: list[Message] = [{"type": "http.request", "body": text, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


def _headers(asked: Any) -> dict[str, str]:
    """Parameters that are optional headers, and what those are called on the wire."""
    assert all(not each.field_info.is_required() for each in asked.header_params), (
        "a header may be missing"
    )
    return {each.name: each.alias.lower() for each in asked.header_params}


def _given(asked: Any) -> tuple[str, Callable[[Request], Awaitable[Any]]]:
    """How a dependency is asked that needs the request alone, or headers alone."""
    assert not any(
        (asked.dependencies, asked.body_params, asked.path_params, asked.query_params)
    ), "a brief route's dependency needs the request or headers"
    call, wire = asked.call, _headers(asked)
    if asked.request_param_name is None:

        async def by_headers(request: Request) -> Any:
            return await call(**{name: request.headers.get(h) for name, h in wire.items()})

        return asked.name, by_headers
    assert not wire, "it needs the one or the other"

    async def by_request(request: Request) -> Any:
        return await call(request=request)

    return asked.name, by_request
