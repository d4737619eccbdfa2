"""The interface of a channel."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from portal.history import Actor
from portal.notification_kinds import Letter


class Recipient(Actor, Protocol):
    """A `User` or a `Student`. `language` is the one last chosen; empty means the default."""

    email: str
    language: str


class DeliveryError(Exception):
    """One message was refused. `permanent`: trying again would not help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class ChannelDown(Exception):
    """The server does not answer.

    The messages wait; it does not count as a refusal of any of them.
    """


# send(address, letter, link, number): sends one letter. Raises DeliveryError or ChannelDown. `number` is that of
# the delivery: the same once more when nobody knows whether the letter was taken, so that the receiver can tell.
Send = Callable[[str, Letter, str, int], None]


class Channel(Protocol):
    """`is_instant`: people read the stored notification itself, so nothing is sent and there are no
    `Delivery` rows.
    """

    name: str
    is_instant: bool

    def address_of(self, recipient: Recipient) -> str:
        """The address of a recipient on this channel; empty if there is none."""
        ...

    def connect(self) -> AbstractContextManager[Send]:
        """One connection for a batch. Raises ChannelDown."""
        ...
