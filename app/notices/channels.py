"""Which channels the settings name; one that cannot work is refused when the worker starts."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

import httpx

from app.notices.deliver import Channel, ChannelDownError, ConsoleChannel, Message
from app.notices.push import PushAddresses, PushChannel
from app.notices.wechat import Addresses, WechatChannel
from app.settings import NoticeSettings


class AddressBook(Addresses, PushAddresses, Protocol):
    """Who citizens are at each of the channels'."""


class Several:
    """Sends through each channel; what one could not take waits, and is sent through all again."""

    def __init__(self, channels: Sequence[Channel]) -> None:
        self._channels = channels

    async def send(self, messages: list[Message]) -> Collection[UUID]:
        """Hand the messages over; those that some channel could not take are returned."""
        kept: set[UUID] = set()
        for channel in self._channels:
            try:
                kept.update(await channel.send(messages) or ())
            except ChannelDownError:
                kept.update(each.id for each in messages)
        return kept


def channel_for(settings: NoticeSettings, *, addresses: AddressBook | None) -> Channel:
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
        raise ValueError(f"PUHUI_NOTICES__CHANNEL={settings.channel} needs an address book")
    channels: list[Channel] = []
    http = httpx.AsyncClient(timeout=settings.timeout_s, follow_redirects=False)
    if settings.speaks_wechat:
        channels.append(
            WechatChannel(
                http,
                app_id=settings.wechat_app_id,
                secret=settings.wechat_secret.get_secret_value(),
                templates=settings.wechat_templates,
                addresses=addresses,
                page=settings.wechat_page,
            )
        )
    if settings.speaks_push:
        secret = settings.push_secret.get_secret_value()
        channels.append(
            PushChannel(http, url=str(settings.push_url), secret=secret, addresses=addresses)
        )
    return channels[0] if len(channels) == 1 else Several(channels)
