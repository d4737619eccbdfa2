"""The channels that carry notifications. Each module of this package has one, named `CHANNEL`."""

import pkgutil
from functools import cache
from importlib import import_module

from portal.notification_kinds import NotificationKind
from portal.notifications.channels.base import Channel

PARTS = ("base", "templates", "wechat_api")  # what channels share


@cache
def all_channels() -> dict[str, Channel]:
    """{name: channel} of every module of this package."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in PARTS)
    found = [import_module(f"{__name__}.{name}").CHANNEL for name in names]
    return {channel.name: channel for channel in found}


def channels_for(kind: NotificationKind) -> list[Channel]:
    """The channels that send notifications of this kind, as the operator has set them up."""
    found = all_channels().values()
    return [channel for channel in found if not channel.is_instant and channel.is_set_up() and channel.carries(kind)]
