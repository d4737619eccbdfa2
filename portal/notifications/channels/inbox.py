"""The inbox in the portal. It shows the stored notifications themselves."""

import datetime as dt
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from portal import history, notification_kinds
from portal.models import Notification
from portal.notification_kinds import INBOX
from portal.notifications.channels.base import Recipient, Send


class Inbox:
    name, is_instant = INBOX, True

    def address_of(self, recipient: Recipient) -> str:
        return recipient.actor_key

    def connect(self) -> AbstractContextManager[Send]:
        raise NotImplementedError("The stored notification is the delivery.")


@dataclass(frozen=True)
class Entry:
    """A notification with its text in the reader's language."""

    pk: int
    kind: str
    subject: str
    body: str
    link: str
    created_at: dt.datetime
    read_at: dt.datetime | None


def notifications_of(recipient: history.Actor) -> QuerySet[Notification]:
    """The notifications in a person's inbox, newest first."""
    elsewhere = [kind.name for kind in notification_kinds.KINDS.values() if INBOX not in kind.channels]
    rows = Notification.objects.filter(recipient_key=recipient.actor_key)
    return rows.exclude(kind__in=elsewhere) if elsewhere else rows


def entries(rows: Iterable[Notification]) -> list[Entry]:
    """The rows with their text, in the active language."""
    return [_entry(row) for row in rows]


def _entry(row: Notification) -> Entry:
    letter = notification_kinds.render(row.kind, row.parameters)
    return Entry(row.pk, row.kind, letter.subject, letter.body, row.link, row.created_at, row.read_at)


def count_unread(recipient: history.Actor) -> int:
    return notifications_of(recipient).filter(read_at=None).count()


def mark_read(recipient: history.Actor, **only: Any) -> None:
    """Mark all unread notifications as read, or those that match the look-ups `only`."""
    notifications_of(recipient).filter(read_at=None, **only).update(read_at=timezone.now())


CHANNEL = Inbox()
