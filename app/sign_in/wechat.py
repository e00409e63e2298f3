"""WeChat's mini-programs: ``code2session`` and ``getuserphonenumber``.

The session key that WeChat answers never leaves this file. The application's own access token is
WeChat's "stable" one, which several processes may fetch without ending each other's.

Source: developers.weixin.qq.com, "code2Session", "getPhoneNumber", "getStableAccessToken".
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from app.sign_in.errors import PlatformRefused
from app.sign_in.outside import Outside, unavailable

BASE = "https://api.weixin.qq.com"
REFUSALS = frozenset({40029, 40163, 40226, 40013})
"""Malformed or used code, a code used twice, a user WeChat holds for risky, another app."""
TOKEN_DEAD = frozenset({40001, 40014, 42001})
_EARLY = timedelta(minutes=5)


class Wechat:
    """One mini-program.

    Args:
        outside: the way there.
        app_id: the mini-program's.
        secret: the mini-program's.

    """

    def __init__(self, outside: Outside, *, app_id: str, secret: str) -> None:
        self._outside = outside
        self._app_id = app_id
        self._secret = secret
        self._token: tuple[str, datetime] | None = None

    async def id_of(self, code: str, *, now: datetime) -> str:  # noqa: ARG002 -- the port's shape
        """The openid behind a login code."""
        asked = {
            "appid": self._app_id,
            "secret": self._secret,
            "js_code": code,
            "grant_type": "authorization_code",
        }
        url = f"{BASE}/sns/jscode2session"
        return self._text(self._sound(await self._outside.ask("GET", url, params=asked)), "openid")

    async def phone_of(self, code: str, *, now: datetime) -> str:
        """The number behind a phone code, which is another one than the login code."""
        answer = await self._ask_phone(code, now=now)
        if answer.get("errcode") in TOKEN_DEAD:
            self._token = None
            answer = await self._ask_phone(code, now=now)
        info = self._sound(answer).get("phone_info")
        if not isinstance(info, dict) or info.get("watermark", {}).get("appid") != self._app_id:
            raise unavailable(self._outside.name)
        return f"+{self._text(info, 'countryCode')}{self._text(info, 'purePhoneNumber')}"

    async def _ask_phone(self, code: str, *, now: datetime) -> Mapping[str, Any]:
        url = f"{BASE}/wxa/business/getuserphonenumber"
        token = {"access_token": await self._access_token(now)}
        return await self._outside.ask("POST", url, params=token, json={"code": code})

    async def _access_token(self, now: datetime) -> str:
        if self._token is not None and self._token[1] > now:
            return self._token[0]
        asked = {
            "grant_type": "client_credential",
            "appid": self._app_id,
            "secret": self._secret,
        }
        answer = self._sound(
            await self._outside.ask("POST", f"{BASE}/cgi-bin/stable_token", json=asked)
        )
        life = timedelta(seconds=int(answer.get("expires_in", 0)))
        token = self._text(answer, "access_token")
        self._token = (token, now + life - _EARLY)
        return token

    def _sound(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer, unless it is a refusal or WeChat cannot answer now."""
        code = answer.get("errcode", 0)
        if code in REFUSALS:
            raise PlatformRefused(
                "WeChat does not accept this code; get a new one.",
                "微信授权码无效,请重新授权。",
            )
        if code != 0:
            raise unavailable(self._outside.name)
        return answer

    def _text(self, answer: Mapping[str, Any], name: str) -> str:
        found = answer.get(name)
        if not isinstance(found, str) or not found:
            raise unavailable(self._outside.name)
        return found
