"""Telling people: a message in the portal, and an e-mail where there is an address."""

import datetime as dt
import logging
import smtplib
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from portal import history, queue
from portal.models import Membership, Message
from portal.tenancy import Tenant, system_scope

log = logging.getLogger(__name__)


def tell(
    recipient: history.Actor,
    *,
    school: Tenant,
    kind: str,
    subject: object,
    body: object,
    link: str = "",
    email: str = "",
) -> Message:
    """Leave a message for one person; the e-mail follows in the background."""
    message = Message.objects.create(
        school=school,
        recipient_key=recipient.actor_key,
        kind=kind,
        subject=str(subject),
        body=str(body),
        link=link,
        email=email,
    )
    if email:
        transaction.on_commit(lambda: queue_email(message.pk))
    return message


def tell_school(school: Tenant, *, kind: str, subject: object, body: object, link: str = "") -> list[Message]:
    """Leave the same message for every person of the school."""
    people = Membership.objects.filter(school=school, user__is_active=True).select_related("user")
    return [
        tell(person.user, school=school, kind=kind, subject=subject, body=body, link=link, email=person.user.email)
        for person in people
    ]


def tell_many(
    recipients: Iterable[tuple[history.Actor, str]],
    *,
    school: Tenant,
    kind: str,
    subject: object,
    body: object,
    link: str = "",
) -> int:
    """Leave the same message for many (person, e-mail address): one INSERT; the sweep sends the e-mails bit by bit."""
    words = {"school": school, "kind": kind, "subject": str(subject), "body": str(body), "link": link}
    rows = [Message(recipient_key=person.actor_key, email=email, **words) for person, email in recipients]
    return len(Message.objects.bulk_create(rows, batch_size=2000))


def queue_email(message_id: int) -> None:
    queue.send("portal.tasks.send_email", message_id)


def send_email(message_id: int) -> bool:
    """Send the e-mail of a message once; a mail server that is away leaves it to the sweep."""
    with system_scope(), transaction.atomic():
        message = Message.objects.select_for_update(skip_locked=True).filter(pk=message_id, emailed_at=None).first()
        if message is None or not message.email:
            return False
        mail = EmailMessage(message.subject, _mail_body(message), to=[message.email])
        try:
            mail.send()
        except (OSError, smtplib.SMTPException) as error:
            log.warning("Message %s was not sent: %s", message_id, error)
            return False
        Message.objects.filter(pk=message_id).update(emailed_at=timezone.now())
    return True


def _mail_body(message: Message) -> str:
    return f"{message.body}\n\n{settings.SITE_URL}{message.link}" if message.link else message.body


def sweep() -> int:
    """Send what was not sent: mail of the last two days older than a claim."""
    now = timezone.now()
    with system_scope():
        waiting = list(
            Message.objects.filter(
                emailed_at=None,
                created_at__lt=now - dt.timedelta(seconds=settings.CLAIM_SECONDS),
                created_at__gt=now - dt.timedelta(days=2),
            )
            .exclude(email="")
            .values_list("pk", flat=True)[:200]
        )
    return sum(send_email(pk) for pk in waiting)


def inbox(recipient: history.Actor) -> Iterable[Message]:
    return Message.objects.filter(recipient_key=recipient.actor_key)


def mark_read(recipient: history.Actor, *, only: Message | None = None) -> None:
    """Mark one message, or all, as read."""
    unread = Message.objects.filter(recipient_key=recipient.actor_key, read_at=None)
    (unread.filter(pk=only.pk) if only else unread).update(read_at=timezone.now())
