"""How people are reached: addresses of channels that account and roster do not know, those that were refused, and
what a person does not want by a channel.
"""

from collections.abc import Iterable

from portal.history import Actor
from portal.models import Contact, Delivery
from portal.notification_kinds import FIXED, GROUPS
from portal.tenancy import Tenant

Contacts = dict[tuple[str, str], Contact]  # by person and channel


def of(people: Iterable[Actor]) -> Contacts:
    """The contacts of these people, in one query."""
    rows = Contact.objects.filter(recipient_key__in=[person.actor_key for person in people])
    return {(row.recipient_key, row.channel): row for row in rows}


def address(known: str, contact: Contact | None, group: str) -> str:
    """Where to send something of this group; empty if nowhere. `known`: the address of account or roster."""
    if contact is None:
        return known
    where = contact.address or known
    is_unwanted = group in contact.muted and group not in FIXED
    return "" if is_unwanted or (where and where == contact.refused_address) else where


def bind(person: Actor, *, school: Tenant | None, channel: str, address: str) -> None:
    """The person's address of this channel from now on; whoever had it before has it no longer."""
    Contact.objects.filter(channel=channel, address=address).exclude(recipient_key=person.actor_key).update(address="")
    values = {"school": school, "address": address, "refused_address": "", "refusal": ""}
    Contact.objects.update_or_create(recipient_key=person.actor_key, channel=channel, defaults=values)


def mark_refused(row: Delivery, reason: str) -> None:
    """Send nothing more to the address of this delivery."""
    values = {"school_id": row.school_id, "refused_address": row.address, "refusal": reason[:300]}
    key = row.notification.recipient_key
    Contact.objects.update_or_create(recipient_key=key, channel=row.channel, defaults=values)


def choose(person: Actor, *, school: Tenant | None, wanted: set[tuple[str, str]], channels: Iterable[str]) -> None:
    """Keep a person's choice: `wanted` has (group, channel) for each that is to be sent. An address that was refused
    is tried again.
    """
    for channel in channels:
        muted = [group for group in GROUPS if group not in FIXED and (group, channel) not in wanted]
        values = {"school": school, "muted": muted, "refused_address": "", "refusal": ""}
        Contact.objects.update_or_create(recipient_key=person.actor_key, channel=channel, defaults=values)
