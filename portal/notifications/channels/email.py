"""E-mail, by the mail server of the settings."""

import logging
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext_lazy

from portal.notification_kinds import EMAIL, Letter, NotificationKind
from portal.notifications import returned_mail
from portal.notifications.channels.base import ChannelDown, DeliveryError, Recipient, Send

log = logging.getLogger(__name__)


class Email:
    name, is_instant, keeps_quiet_hours = EMAIL, False, False
    label = gettext_lazy("By e-mail")

    def is_set_up(self) -> bool:
        return True

    def carries(self, kind: NotificationKind) -> bool:
        return EMAIL in kind.channels

    def address_of(self, recipient: Recipient) -> str:
        return recipient.email

    @contextmanager
    def connect(self) -> Iterator[Send]:
        connection = get_connection()
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise ChannelDown(str(error)) from error

        def send(address: str, letter: Letter, link: str, number: int) -> None:
            headers = {"Message-ID": returned_mail.message_id(number)}
            subject = " ".join(
                letter.subject.split()
            )  # what a person wrote may hold a line break, which no header takes
            mail = EmailMessage(subject, _body(letter, link), to=[address], connection=connection, headers=headers)
            try:
                mail.send()
            except smtplib.SMTPServerDisconnected as error:
                raise ChannelDown(str(error)) from error
            except smtplib.SMTPException as error:
                permanent = _is_permanent(error)
                bounced = permanent and isinstance(error, smtplib.SMTPRecipientsRefused)
                raise DeliveryError(_reason(error), permanent=permanent, is_about_address=bounced) from error
            except ValueError as error:  # the address or the subject can stand in no letter
                raise DeliveryError(str(error), permanent=True) from error
            except OSError as error:
                raise ChannelDown(str(error)) from error

        try:
            yield send
        finally:
            _close(connection)


def _close(connection: Any) -> None:
    """An error while closing does not matter: the server has taken the letters already."""
    try:
        connection.close()
    except (OSError, smtplib.SMTPException) as error:
        log.info("The mail server did not end the connection well: %s", error)


def _body(letter: Letter, link: str) -> str:
    return f"{letter.body}\n\n{settings.SITE_URL}{link}".lstrip() if link else letter.body


def _codes(error: smtplib.SMTPException) -> list[int]:
    """The reply codes of the server."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _text in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _is_permanent(error: smtplib.SMTPException) -> bool:
    """5xx about the recipient or the text. 5xx about the sender is not permanent: the operator can
    correct our address.
    """
    if isinstance(error, smtplib.SMTPNotSupportedError):  # an address that the server cannot take
        return True
    codes = _codes(error)
    return bool(codes) and all(code >= 500 for code in codes) and not isinstance(error, smtplib.SMTPSenderRefused)


def _reason(error: smtplib.SMTPException) -> str:
    texts: list[tuple[int, bytes | str]] = (
        list(error.recipients.values()) if isinstance(error, smtplib.SMTPRecipientsRefused) else []
    )
    if isinstance(error, smtplib.SMTPResponseException):
        texts = [(error.smtp_code, error.smtp_error)]
    replies = [f"{code} {text.decode(errors='replace') if isinstance(text, bytes) else text}" for code, text in texts]
    return "; ".join(replies) or str(error)


CHANNEL = Email()
