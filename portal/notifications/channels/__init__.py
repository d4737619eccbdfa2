"""The channels that carry notifications. Each module of this package has one, named `CHANNEL`."""

import pkgutil
from functools import cache
from importlib import import_module

from portal.notifications.channels.base import Channel


@cache
def all_channels() -> dict[str, Channel]:
    """{name: channel} of every module of this package."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name != "base")
    found = [import_module(f"{__name__}.{name}").CHANNEL for name in names]
    return {channel.name: channel for channel in found}
