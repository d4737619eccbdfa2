"""What a channel has to be able to do."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from portal.history import Actor
from portal.notification_kinds import Letter


class Recipient(Actor, Protocol):
    """Who is told: a `User` or a `Student`. `language` is the one last chosen; empty: the product's."""

    email: str
    language: str


class DeliveryError(Exception):
    """One message was refused: for good, or to be tried again later."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class ChannelDown(Exception):
    """Nobody answers: whatever is left waits, and none of it is to blame."""


# Sends one letter to an address, with the page it leads to; raises DeliveryError or ChannelDown.
Send = Callable[[str, Letter, str], None]


class Channel(Protocol):
    """`is_instant`: the stored notification is the delivery; nothing is sent, and there are no `Delivery` rows."""

    name: str
    is_instant: bool

    def address_of(self, recipient: Recipient) -> str:
        """Where the channel reaches somebody; empty when it does not."""
        ...

    def connect(self) -> AbstractContextManager[Send]:
        """One connection for a batch. Raises ChannelDown."""
        ...
