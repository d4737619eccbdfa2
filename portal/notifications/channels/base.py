"""The interface of a channel."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from portal.history import Actor
from portal.notification_kinds import Letter, NotificationKind


class Recipient(Actor, Protocol):
    """A `User` or a `Student`. `language` is the one last chosen; empty means the default."""

    email: str
    phone: str
    language: str


class DeliveryError(Exception):
    """One message was refused. `permanent`: trying again would not help. `is_about_address`: nor would another
    message to the same address.
    """

    def __init__(self, reason: str, *, permanent: bool, is_about_address: bool = False) -> None:
        super().__init__(reason)
        self.permanent, self.is_about_address = permanent, is_about_address


class ChannelDown(Exception):
    """The server does not answer.

    The messages wait; it does not count as a refusal of any of them.
    """


class Unavailable(ChannelDown):
    """For every message alike: the account is refused, or nobody answers. The one that was being sent is not why."""


@dataclass(frozen=True)
class Receipt:
    """What a provider charged for a message, and its number of it."""

    parts: int = 0
    cost_millifen: int = 0
    reference: str = ""


# send(address, letter, link, number): sends one letter. Raises DeliveryError or ChannelDown. `number` is that of
# the delivery: the same once more when nobody knows whether the letter was taken, so that the receiver can tell.
Send = Callable[[str, Letter, str, int], Receipt | None]


class Channel(Protocol):
    """`is_instant`: people read the stored notification itself, so nothing is sent and there are no
    `Delivery` rows. `keeps_quiet_hours`: it waits at night (`portal.notifications.quiet_hours`).
    """

    name: str
    label: Any
    is_instant: bool
    keeps_quiet_hours: bool

    def is_set_up(self) -> bool:
        """Whether the operator has entered what it needs."""
        ...

    def carries(self, kind: NotificationKind) -> bool:
        """Whether notifications of this kind go by it."""
        ...

    def address_of(self, recipient: Recipient) -> str:
        """The address of a recipient that is known without a `Contact`; empty if there is none."""
        ...

    def connect(self) -> AbstractContextManager[Send]:
        """One connection for a batch. Raises ChannelDown."""
        ...
