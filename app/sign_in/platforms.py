"""The port to WeChat and Alipay: a code that their app gave becomes an id, or a phone number.

The console's variants need no network and always give the same answer: the code ``console-lin``
is the id ``console:lin``, and the phone code ``console-13800138000`` that number; any other code
is refused. Production without an application's id refuses before anything is asked.
"""

from datetime import datetime
from typing import Protocol

from app.settings import Settings
from app.sign_in.alipay import Alipay
from app.sign_in.errors import PlatformRefused
from app.sign_in.outside import Outside, unavailable
from app.sign_in.wechat import Wechat

CONSOLE = "console-"
STAND_IN = "console:"
"""How ids begin that no platform gave."""


class Platform(Protocol):
    """Says who somebody is."""

    async def id_of(self, code: str, *, now: datetime) -> str:
        """The id of whoever got this code from the platform's app.

        Raises:
            PlatformRefused: used, too old, or of another app.
            PlatformUnavailable: no answer.

        """
        ...

    async def phone_of(self, code: str, *, now: datetime) -> str:
        """The number that somebody agreed to show.

        Raises:
            PlatformRefused: used, too old, or of another app.
            PlatformUnavailable: no answer.

        """
        ...


class ConsolePlatform:
    """Answers from the code alone; for development and tests."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def id_of(self, code: str, *, now: datetime) -> str:  # noqa: ARG002 -- the port's shape
        """``console-lin`` -> ``console:lin``."""
        return f"{STAND_IN}{self._rest(code)}"

    async def phone_of(self, code: str, *, now: datetime) -> str:  # noqa: ARG002 -- the same
        """``console-13800138000`` -> ``13800138000``."""
        return self._rest(code)

    def _rest(self, code: str) -> str:
        if not code.startswith(CONSOLE) or code == CONSOLE:
            raise PlatformRefused(
                f"Here {self._name} is a stand-in: send {CONSOLE} and a name.",
                f"此环境使用 {self._name} 模拟登录,请发送 {CONSOLE} 加名称。",
            )
        return code.removeprefix(CONSOLE)


class NoPlatform:
    """Production without the application's id."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def id_of(self, code: str, *, now: datetime) -> str:  # noqa: ARG002 -- the port's shape
        """Refuse."""
        raise unavailable(self._name)

    async def phone_of(self, code: str, *, now: datetime) -> str:  # noqa: ARG002 -- the same
        """Refuse."""
        raise unavailable(self._name)


def wechat_for(settings: Settings) -> Platform:
    """What the settings ask for."""
    app_id, secret = settings.sign_in.wechat_app_id, settings.sign_in.wechat_secret
    if app_id is not None and secret is not None:
        return Wechat(Outside("WeChat"), app_id=app_id, secret=secret.get_secret_value())
    return _without("WeChat", settings)


def alipay_for(settings: Settings) -> Platform:
    """What the settings ask for."""
    given = settings.sign_in
    if given.alipay_app_id is None or given.alipay_key is None or given.alipay_public_key is None:
        return _without("Alipay", settings)
    return Alipay(
        Outside("Alipay"),
        app_id=given.alipay_app_id,
        key_pem=given.alipay_key.get_secret_value(),
        public_pem=given.alipay_public_key,
    )


def _without(name: str, settings: Settings) -> Platform:
    return NoPlatform(name) if settings.environment == "production" else ConsolePlatform(name)
