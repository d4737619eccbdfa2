"""Telling people what somebody else did to their account."""

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import translation

from portal import notification_kinds, notifications
from portal.models import Membership, User
from portal.notifications import texts
from portal.tenancy import school_scope

log = logging.getLogger(__name__)


def tell(member: Membership, kind: str, parameters: dict[str, Any]) -> None:
    """Notify the owner of an account, at the address that it has now: call it before the address is changed.

    People of a school have an inbox; people of the center get a mail after the commit.
    """
    if member.school:
        with school_scope(member.school):
            notifications.notify(member.user, school=member.school, kind=kind, parameters=parameters)
        return
    mail(member.user, kind, parameters)


def tell_owner(user: User, kind: str, parameters: dict[str, Any]) -> None:
    """Notify the owner of an account, whether a person of the staff or an operator."""
    member = Membership.objects.select_related("user", "school").filter(user=user).first()
    if member:
        tell(member, kind, parameters)
    else:
        mail(user, kind, parameters)


def mail(user: User, kind: str, parameters: dict[str, Any]) -> None:
    """Tell the owner of an account that has no inbox, after the commit."""
    with translation.override(user.language or settings.LANGUAGE_CODE):
        letter = notification_kinds.render(kind, parameters, texts.load())
    mail_letter(user, letter)


def mail_letter(user: User, letter: notification_kinds.Letter) -> bool:
    """Mail a text that is written already, after the commit. Returns whether the account has an address."""
    address = user.email
    if address:
        transaction.on_commit(lambda: _send(EmailMessage(letter.subject, letter.body, to=[address])))
    return bool(address)


def _send(mail: EmailMessage) -> None:
    """What was done stays done when the mail server does not answer; the history says it too."""
    try:
        mail.send()
    except (OSError, smtplib.SMTPException) as error:
        log.warning("Nobody was told of “%s”: %s", mail.subject, error)
