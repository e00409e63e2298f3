"""A route for what everybody's phone asks all day: the endpoint, its guard, nothing between.

The framework reads such a route's signature for the API's documentation, and stays out of the
call: solving dependencies and keeping two stacks of exits costs as much as the read itself.
"""

from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


class PlainRoute(APIRoute):
    """A route whose endpoint takes the request and one guard, and makes its answer itself.

    The guard takes the request alone. A refusal that is raised reaches the application's handlers
    as from any route; the request id, metrics and limits lie outside of routes.
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

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask the guard, then the endpoint; anything but the route's own method goes the long way.

        Args:
            scope: what was asked.
            receive: the body, which nobody reads.
            send: the way back.

        """
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive, send)
        caller = await self._guard(request=request)
        answer = await self.endpoint(request=request, **{self._name: caller})
        await answer(scope, receive, send)
