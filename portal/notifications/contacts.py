"""How people are reached: addresses of channels that account and roster do not know, those that were refused, and
what a person does not want by a channel.

A linked address (an openid) is encrypted and bound to its row; a keyed hash finds it. A delivery does not hold it.
"""

from collections.abc import Iterable

from django.db import connection, transaction
from django.db.models import F

from portal.history import Actor
from portal.models import Contact, Delivery
from portal.notification_kinds import FIXED, GROUPS
from portal.security import encryption
from portal.security.encryption import Place
from portal.tenancy import Tenant

Contacts = dict[tuple[str, str], Contact]  # by person and channel


def of(people: Iterable[Actor]) -> Contacts:
    """The contacts of these people, in one query."""
    rows = Contact.objects.filter(recipient_key__in=[person.actor_key for person in people])
    return {(row.recipient_key, row.channel): row for row in rows}


def address(known: str, contact: Contact | None, group: str) -> str | None:
    """Where to send something of this group; empty: the linked address, None: nowhere. `known`: the address of account
    or roster.
    """
    if contact is None:
        return known or None
    if is_refused(known, contact) or (group in contact.muted and group not in FIXED):
        return None
    return "" if contact.linked_hash else known or None


def is_refused(known: str, contact: Contact) -> bool:
    """Whether the address in use, the linked or the known one, is refused for good."""
    return bool(contact.refused_address) and contact.refused_address == (contact.linked_hash or known)


def linked_address(contact: Contact) -> str:
    """The linked address in clear; empty if there is none. Raises Unreadable."""
    return encryption.decrypt(contact.linked_sealed, _place(contact)) if contact.linked_hash else ""


def linked(rows: Iterable[Delivery]) -> Contacts:
    """The contacts with a linked address of those to whom deliveries without an address go, in one query."""
    keys = {row.notification.recipient_key for row in rows if not row.address}
    found = Contact.objects.filter(recipient_key__in=keys).exclude(linked_hash="") if keys else ()
    return {(row.recipient_key, row.channel): row for row in found}


def bind(person: Actor, *, school: Tenant | None, channel: str, address: str) -> None:
    """The person's address of this channel from now on; whoever had it before in the school has it no longer."""
    hashes = _hashes(address, school.pk if school else None)
    row = Contact(recipient_key=person.actor_key, channel=channel)
    values = {"school": school, "linked_sealed": encryption.encrypt(address, _place(row)), "linked_hash": hashes[0]}
    with transaction.atomic():
        _lock_links()
        others = Contact.objects.filter(channel=channel, linked_hash__in=hashes).exclude(
            recipient_key=row.recipient_key
        )
        others.update(linked_sealed=b"", linked_hash="")
        Contact.objects.update_or_create(
            recipient_key=row.recipient_key, channel=channel, defaults=values | {"refused_address": "", "refusal": ""}
        )


def unbind(person: Actor, *, channels: Iterable[str]) -> None:
    """No linked address any more; what the person wants by the channel is kept."""
    rows = Contact.objects.filter(recipient_key=person.actor_key, channel__in=channels)
    rows.update(linked_sealed=b"", linked_hash="", refused_address="", refusal="")


def mark_refused(row: Delivery, contact: Contact | None, reason: str) -> None:
    """Send nothing more to the address of this delivery. `contact`: whose linked address it went to."""
    if contact:
        same = Contact.objects.filter(pk=contact.pk, linked_hash=contact.linked_hash)
        same.update(refused_address=F("linked_hash"), refusal=reason[:300])
        return
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


def count_by_version() -> dict[int, int]:
    """{version of the key: linked addresses}."""
    found: dict[int, int] = {}
    for (sealed,) in Contact.objects.exclude(linked_hash="").values_list("linked_sealed").iterator():
        version = encryption.version_of(sealed)
        found[version] = found.get(version, 0) + 1
    return dict(sorted(found.items()))


def rewrite() -> list[int]:
    """Encrypt with the newest key what older ones have written; the ids of rows that cannot be read."""
    damaged, current = [], encryption.current_version()
    for pk, sealed in Contact.objects.exclude(linked_hash="").values_list("pk", "linked_sealed"):
        if encryption.version_of(sealed) == current:
            continue
        with transaction.atomic():
            _lock_links()
            row = Contact.objects.exclude(linked_hash="").filter(pk=pk).first()
            try:
                linked = linked_address(row) if row else ""
            except encryption.Unreadable:
                damaged.append(pk)
                continue
            if row and linked:
                was_refused = row.refused_address == row.linked_hash
                row.linked_sealed = encryption.encrypt(linked, _place(row))
                row.linked_hash = _hashes(linked, row.school_id)[0]
                row.refused_address = row.linked_hash if was_refused else row.refused_address
                row.save(update_fields=["linked_sealed", "linked_hash", "refused_address"])
    return damaged


def _place(contact: Contact) -> Place:
    return Place("contact.linked_sealed", f"{contact.recipient_key}/{contact.channel}")


def _hashes(address: str, school_id: int | None) -> list[str]:
    return encryption.keyed_hashes(f"{school_id}/{address}", b"linked address")


def _lock_links() -> None:
    """Until the end of the transaction nobody else links an address or rewrites one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('linked addresses'))")
