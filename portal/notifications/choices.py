"""What a person is told by which channel, as the person chooses it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from portal.history import Actor
from portal.notification_kinds import FIXED, GROUPS
from portal.notifications import contacts
from portal.notifications.channels import all_channels
from portal.notifications.channels.base import Channel
from portal.tenancy import Tenant


@dataclass(frozen=True)
class Way:
    """A channel and how it reaches the person: by a linked address, by `address`, or not at all; `refusal` why no longer."""

    channel: Channel
    is_linked: bool
    address: str
    refusal: str


@dataclass(frozen=True)
class Cell:
    value: str  # group:channel
    label: Any
    is_wanted: bool
    is_fixed: bool


@dataclass(frozen=True)
class Choices:
    ways: list[Way]
    rows: list[tuple[Any, list[Cell]]]  # (label of the group, a cell for each way)


def offered() -> list[Channel]:
    """The channels that the operator has set up, beside the inbox."""
    return [channel for channel in all_channels().values() if not channel.is_instant and channel.is_set_up()]


def of(person: Any) -> Choices:
    known = contacts.of([person])
    ways, found = [], {}
    for channel in offered():
        contact = found[channel.name] = known.get((person.actor_key, channel.name))
        address = channel.address_of(person)
        refusal = gettext(contact.refusal) if contact and contacts.is_refused(address, contact) else ""
        ways.append(Way(channel, bool(contact and contact.linked_hash), address, refusal))
    rows = []
    for group, label in GROUPS.items():
        cells = []
        for way in ways:
            contact = found[way.channel.name]
            is_wanted = group in FIXED or not (contact and group in contact.muted)
            cells.append(Cell(f"{group}:{way.channel.name}", way.channel.label, is_wanted, group in FIXED))
        rows.append((label, cells))
    return Choices(ways, rows)


def save(person: Actor, *, school: Tenant | None, values: list[str]) -> None:
    """`values`: those of the cells that are wanted."""
    wanted = {(group, channel) for group, _colon, channel in (value.partition(":") for value in values)}
    contacts.choose(person, school=school, wanted=wanted, channels=[channel.name for channel in offered()])
