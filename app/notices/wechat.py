"""Messages as WeChat mini-program subscribe messages, over httpx.

A citizen gets one only after agreeing to its template in the mini-program, each time; who did not
is simply not reached here: the inbox has every message. WeChat does not know our ids, so what was
handed over and whose answer was lost may arrive twice.

Source: WeChat server API, `cgi-bin/stable_token` and `cgi-bin/message/subscribe/send`. The stable
token is the same for all who ask within its life, so processes need not share it.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote
from uuid import UUID

import httpx
import structlog

from app.notices.deliver import ChannelDownError, Message
from app.notices.texts import template_of

log = structlog.get_logger()

HOST = "https://api.weixin.qq.com"
EARLY_S = 300
"""A token is not used in the last minutes of its life."""
TITLE_CHARS_MAX = 20
_TOKEN_DEAD = frozenset({40001, 40014, 42001})
_NOT_REACHED = frozenset({40003, 40037, 43101, 43107, 47003})
"""Unknown person, wrong template, not subscribed, closed, wrong data: no retry helps."""


class Addresses(Protocol):
    """Who a citizen is at WeChat; the identity vault knows."""

    async def openids(self, account_ids: Sequence[int]) -> Mapping[int, str]:
        """The mini-program's openid of each account that has one."""
        ...


class WechatChannel:
    """Sends what has a template and an address; everything else is done with.

    Args:
        http: a client with a time-out.
        app_id: of the mini-program.
        secret: its key.
        templates: WeChat's template id for each of our templates.
        addresses: who is who.
        page: of the mini-program; it is told the screen as ``to``.
        clock_s: seconds that only grow; tests own it.

    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        app_id: str,
        secret: str,
        templates: Mapping[str, str],
        addresses: Addresses,
        page: str,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._who = {"appid": app_id, "secret": secret, "grant_type": "client_credential"}
        self._templates = templates
        self._addresses = addresses
        self._page = page
        self._clock_s = clock_s
        self._token = ""
        self._token_ends_s = clock_s()

    async def send(self, messages: list[Message]) -> Collection[UUID]:
        """Hand the messages over; those that WeChat could not take now are returned.

        Raises:
            ChannelDownError: WeChat does not answer, so nothing was sent.

        """
        wanted = [each for each in messages if each.template in self._templates]
        openids = await self._addresses.openids([each.account_id for each in wanted])
        kept: set[UUID] = set()
        for message in wanted:
            openid = openids.get(message.account_id)
            if openid is not None and not await self._sent(message, openid):
                kept.add(message.id)
        return kept

    async def _sent(self, message: Message, openid: str) -> bool:
        """Whether a message is done with: taken, or never to be taken."""
        template = template_of(message.template)
        title, text = template.said(message.facts, english=False)
        screen = quote(template.page_of(message.facts), safe="")
        body = {
            "touser": openid,
            "template_id": self._templates[message.template],
            "page": f"{self._page}?to={screen}",
            "data": {
                "thing1": {"value": title[:TITLE_CHARS_MAX]},
                "thing2": {"value": text[:TITLE_CHARS_MAX]},
            },
        }
        code = 0
        for renew in (False, True):
            token = await self._access_token(renew=renew)
            path = f"{HOST}/cgi-bin/message/subscribe/send?access_token={token}"
            try:
                code = int((await self._answer(path, body)).get("errcode", 0))
            except ChannelDownError:
                return False
            if code not in _TOKEN_DEAD:
                break
        if code and code not in _NOT_REACHED:
            log.warning("wechat_refused", code=code, template=message.template)
        return code == 0 or code in _NOT_REACHED

    async def _access_token(self, *, renew: bool) -> str:
        if renew or self._clock_s() >= self._token_ends_s:
            asked = {**self._who, "force_refresh": renew}
            told = await self._answer(f"{HOST}/cgi-bin/stable_token", asked)
            if "access_token" not in told:
                raise ChannelDownError(f"WeChat gives no token: {told.get('errcode')}")
            self._token = str(told["access_token"])
            life_s = int(told.get("expires_in", 0)) - EARLY_S
            self._token_ends_s = self._clock_s() + max(0, life_s)
        return self._token

    async def _answer(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._http.post(path, json=body)
            answer.raise_for_status()
            told = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            # Not the error itself: its text holds the address, and the address the token.
            raise ChannelDownError(f"WeChat does not answer: {type(error).__name__}") from None
        return told if isinstance(told, dict) else {}
