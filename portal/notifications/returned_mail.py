"""Letters that a mail server took and sent back later: "no such person here".

They arrive in the mailbox of RETURNED_MAIL, read by POP3. Only a report that holds the Message-ID of a letter of
ours, which nobody can guess, is believed and then deleted; whatever else lies there, answers of people too, stays.
"""

import logging
import poplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from email.parser import BytesParser
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_noop
from flufl.bounce import all_failures

from portal.models import Delivery
from portal.notification_kinds import EMAIL
from portal.notifications import contacts

log = logging.getLogger(__name__)
SECONDS = 20  # for each answer of the server
MOST = 500  # letters a look
LARGEST = 1024 * 1024  # bytes; what is returned are texts
READ_DAYS = 60  # for so long a letter that stays is not read again
MESSAGE_ID = re.compile(rb"<delivery-([0-9]{1,18})\.([0-9a-f]{16})@")
# RFC 3463: nobody has the address, or its mailbox is closed. A full one, or a text that is not liked, says nothing of the next letter.
NOBODY = re.compile(r"5\.(1\.\d{1,3}|2\.1)")
RETURNED = gettext_noop("The letter came back: the receiver's server did not take it.")


def message_id(number: int) -> str:
    """The Message-ID of a delivery, always the same."""
    return f"<delivery-{number}.{_seal(number)}@{urlsplit(settings.SITE_URL).hostname}>"


def _seal(number: int) -> str:
    return salted_hmac("portal.notifications.returned_mail", str(number), algorithm="sha256").hexdigest()[:16]


def read() -> int:
    """Look through the mailbox. Returns how many deliveries turned out to have failed."""
    if not settings.RETURNED_MAIL:
        return 0
    found = 0
    try:
        with _mailbox() as mailbox:
            for number, name in _new_letters(mailbox):
                # Before it is read: one that breaks the connection is not tried for ever.
                cache.set(_key(name), 1, READ_DAYS * 86_400)
                returned = _returned(b"\r\n".join(mailbox.retr(number)[1]))
                if returned:
                    found += sum(_note(*one) for one in returned)
                    mailbox.dele(number)
    except (OSError, poplib.error_proto) as error:
        log.error("The mailbox of returned letters cannot be read: %s", error)
    return found


@contextmanager
def _mailbox() -> Iterator[poplib.POP3]:
    """Signed in. What was deleted is gone when it ends well."""
    parts = urlsplit(settings.RETURNED_MAIL)
    host = parts.hostname or ""
    mailbox: poplib.POP3
    if parts.scheme == "pop3s":
        context = ssl.create_default_context()
        mailbox = poplib.POP3_SSL(host, parts.port or poplib.POP3_SSL_PORT, timeout=SECONDS, context=context)
    else:
        mailbox = poplib.POP3(host, parts.port or poplib.POP3_PORT, timeout=SECONDS)
    try:
        mailbox.user(unquote(parts.username or ""))
        mailbox.pass_(unquote(parts.password or ""))
        yield mailbox
        mailbox.quit()
    finally:
        mailbox.close()


def _new_letters(mailbox: poplib.POP3) -> list[tuple[int, str]]:
    """(number, lasting name) of those that were not read yet, the oldest first."""
    sizes = {int(number): int(size) for number, size in map(bytes.split, mailbox.list()[1])}
    names = {int(number): name.decode("ascii", "replace") for number, name in map(bytes.split, mailbox.uidl()[1])}
    read = cache.get_many([_key(name) for name in names.values()])
    new = [(number, name) for number, name in sorted(names.items()) if _key(name) not in read]
    return [(number, name) for number, name in new if sizes.get(number, 0) <= LARGEST][:MOST]


def _key(name: str) -> str:
    """Of a letter in this mailbox; another one may give the same names."""
    parts = urlsplit(settings.RETURNED_MAIL)
    return f"returned-mail:{salted_hmac(f'{parts.username}@{parts.hostname}:{parts.port}', name).hexdigest()}"


def _returned(letter: bytes) -> list[tuple[int, set[str], str, str]]:
    """What a letter says of deliveries of ours: (delivery, addresses that got nothing for good, status code, the server's words)."""
    parsed = BytesParser().parsebytes(letter)
    found = _message_ids(letter, parsed)
    numbers = {int(number) for number, seal in found if constant_time_compare(_seal(int(number)), seal)}
    if not numbers:
        return []
    temporary, permanent = all_failures(parsed)
    if not temporary and not permanent:
        return []  # somebody answers a letter
    addresses = {address.decode("ascii", "replace").lower() for address in permanent}
    status, words = _report(parsed)
    return [(number, addresses, status, words) for number in sorted(numbers)]


def _message_ids(letter: bytes, parsed: Message) -> set[tuple[str, str]]:
    """Also where the letter that comes back is encoded as a whole."""
    parts = [part.get_payload(decode=True) for part in parsed.walk() if not part.is_multipart()]
    texts = [letter, *(part for part in parts if isinstance(part, bytes))]
    return {(number.decode(), seal.decode()) for text in texts for number, seal in MESSAGE_ID.findall(text)}


def _report(letter: Message) -> tuple[str, str]:
    """Status and words of the first failure in a report of RFC 3464; empty where there is none."""
    for part in letter.walk():
        if str(part.get("Action", "")).strip().lower() == "failed":
            return str(part.get("Status", "")).strip(), " ".join(str(part.get("Diagnostic-Code", "")).split())
    return "", ""


@transaction.atomic
def _note(number: int, addresses: set[str], status: str, words: str) -> bool:
    sent = Delivery.objects.filter(pk=number, channel=EMAIL, status=Delivery.Status.SENT)
    row = sent.select_related("notification").first()
    if row is None or row.address.lower() not in addresses:
        return False
    reason = (words or RETURNED)[:300]
    if not sent.update(status=Delivery.Status.FAILED, error=reason):
        return False  # another machine was first
    if NOBODY.fullmatch(status):
        contacts.mark_refused(row, None, reason)
    return True
