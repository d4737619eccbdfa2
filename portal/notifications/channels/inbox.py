"""The inbox in the portal. It shows the stored notifications themselves."""

import datetime as dt
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from portal import history, notification_kinds
from portal.models import Notification
from portal.notification_kinds import INBOX, NotificationKind
from portal.notifications import texts
from portal.notifications.channels.base import Recipient, Send


class Inbox:
    name, is_instant, keeps_quiet_hours = INBOX, True, False
    label = gettext_lazy("Here in the portal")

    def is_set_up(self) -> bool:
        return True

    def carries(self, kind: NotificationKind) -> bool:
        return INBOX in kind.channels

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
    written = texts.load()
    return [_entry(row, written) for row in rows]


def _entry(row: Notification, written: notification_kinds.Texts) -> Entry:
    letter = notification_kinds.render(row.kind, row.parameters, written)
    return Entry(row.pk, row.kind, letter.subject, letter.body, row.link, row.created_at, row.read_at)


def unread(recipient: history.Actor) -> QuerySet[Notification]:
    return notifications_of(recipient).filter(read_at=None)


def mark_read(recipient: history.Actor, **only: Any) -> None:
    """Mark all unread notifications as read, or those that match the look-ups `only`."""
    unread(recipient).filter(**only).update(read_at=timezone.now())


CHANNEL = Inbox()
