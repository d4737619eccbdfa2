"""Notifications as their readers see them."""

from portal import notification_kinds
from portal.models import Notification
from portal.notification_kinds import Letter, NotificationKind

# Says what the test likes.
PLAIN = NotificationKind("plain", "%(subject)s", "%(body)s")


def plain(subject: str, body: str = "") -> dict:
    """What `notify` takes for a plain notification."""
    return {"kind": PLAIN.name, "parameters": {"subject": subject, "body": body}}


def letter(row: Notification) -> Letter:
    return notification_kinds.render(row.kind, row.parameters)
