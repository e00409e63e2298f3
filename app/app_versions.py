"""Which versions of the clients are still served: an older one is told to update, with 426.

A client names itself in a header, ``Puhui-App: h5/1.2.3``; one that says nothing is served. Plain
ASGI, and not there at all where nothing is set.

Source: RFC 9110, section 15.5.22 (426).
"""

import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app import problems
from app.problems import DomainError

HEADER = "puhui-app"
_APP = re.compile(r"([a-z][a-z0-9_-]{0,19})/(\d{1,6})\.(\d{1,6})(?:\.(\d{1,6}))?")
Version = tuple[int, int, int]


class AppTooOld(DomainError):
    """This version of the app is not served any more; `store_url` says where a newer one is."""

    status = 426
    title = "Please update the app"
    title_zh = "请更新应用"


def version_of(text: str) -> Version | None:
    """``1.2`` or ``1.2.3`` as numbers; None if it is neither."""
    named = app_of(f"x/{text}")
    return None if named is None else named[1]


def app_of(text: str) -> tuple[str, Version] | None:
    """The app and its version in a header's value; None if it does not say."""
    found = _APP.fullmatch(text.strip())
    if found is None:
        return None
    return found[1], (int(found[2]), int(found[3]), int(found[4] or 0))


class AppVersions:
    """Refuses apps older than the oldest that is served.

    Args:
        app: what comes next.
        oldest: the oldest version served, by app.
        stores: where to get a newer one, by app.

    """

    def __init__(
        self, app: ASGIApp, *, oldest: Mapping[str, str], stores: Mapping[str, str]
    ) -> None:
        self.app = app
        self._stores = stores
        self._oldest: dict[str, Version] = {}
        for name, text in oldest.items():
            version = version_of(text)
            assert version is not None, "the settings have been checked"
            self._oldest[name] = version

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is new enough, or does not say."""
        if scope["type"] == "http":
            named = app_of(Headers(scope=scope).get(HEADER, ""))
            if named is not None and named[1] < self._oldest.get(named[0], (0, 0, 0)):
                await self._refuse(scope, receive, send, named[0])
                return
        await self.app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, name: str) -> None:
        request = Request(scope)
        oldest = ".".join(map(str, self._oldest[name]))
        refusal = AppTooOld(
            f"This version is not served any more; update to {oldest} or newer.",
            f"当前版本已停止服务,请更新至 {oldest} 或更高版本。",
            min_app_version=oldest,
            store_url=self._stores.get(name, ""),
        )
        body = refusal.body(
            request_id=request.state.request_id, english=problems.in_english(request)
        )
        headers = {"Upgrade": f"puhui-{name}/{oldest}"}
        answer = problems.answer(request, body, headers=headers)
        await answer(scope, receive, send)
