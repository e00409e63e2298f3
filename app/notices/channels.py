"""Which channel the settings name; one that cannot work is refused when the worker starts."""

import httpx

from app.notices.deliver import Channel, ConsoleChannel
from app.notices.wechat import Addresses, WechatChannel
from app.settings import NoticeSettings


def channel_for(settings: NoticeSettings, *, addresses: Addresses | None) -> Channel:
    """The channel that messages are pushed through.

    Args:
        settings: what was chosen.
        addresses: who citizens are at the channel's; needed by all but the console.

    Raises:
        ValueError: the channel needs addresses, and there are none.

    """
    if settings.channel == "console":
        return ConsoleChannel()
    if addresses is None:
        raise ValueError("PUHUI_NOTICES__CHANNEL=wechat needs an address book of openids")
    return WechatChannel(
        httpx.AsyncClient(timeout=settings.timeout_s, follow_redirects=False),
        app_id=settings.wechat_app_id,
        secret=settings.wechat_secret.get_secret_value(),
        templates=settings.wechat_templates,
        addresses=addresses,
        page=settings.wechat_page,
    )
