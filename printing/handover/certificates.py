"""The OpenPGP certificate of whoever opens the hand-over packages: read, checked, entered."""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass

import pysequoia
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from pysequoia.packet import PacketPile, Tag

from portal import history
from portal.errors import PortalError
from portal.models import User
from printing.models import Receiver

MOST_CHARACTERS = 60_000
_PRIVATE = "PRIVATE KEY"  # in the first line of an armoured private key
_SECRET = (Tag.SecretKey, Tag.SecretSubkey)


@dataclass(frozen=True)
class Certificate:
    """A certificate that something can be encrypted for."""

    text: str  # armoured
    fingerprint: str
    expires_at: dt.datetime | None
    user_ids: tuple[str, ...]


class PrivateKey(PortalError):
    """A private key came instead of a certificate; no page shows it again."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This is a private key. It was not stored; tell the registry that it has left its hands, and ask for the public certificate."
            )
        )


def read(text: str) -> Certificate:
    """The certificate in an armoured text. Raises PortalError for any that nothing can be encrypted for now."""
    if _PRIVATE in text:
        raise PrivateKey
    found, is_revoked, ends = _parsed(text)
    if is_revoked:
        raise PortalError(_("This certificate has been revoked. Ask the registry for the one in force."))
    if ends is not None and ends <= timezone.now():
        raise PortalError(
            _("This certificate ended on %(day)s. Ask the registry for the one in force.")
            % {"day": timezone.localdate(ends)}
        )
    try:
        pysequoia.encrypt(b"", recipients=[found])
    except Exception as error:  # the library raises RuntimeError with a trace of its own
        raise PortalError(
            _(
                "Nothing can be encrypted for this certificate: it has no valid key for encryption, or one that is too weak. Ask the registry for another one."
            )
        ) from error
    return Certificate(str(found), found.fingerprint, ends, tuple(str(user) for user in found.user_ids))


def _parsed(text: str) -> tuple[pysequoia.Cert, bool, dt.datetime | None]:
    """The certificate, whether it is revoked, and when it ends."""
    try:
        found = [(each, each.is_revoked, each.expiration) for each in pysequoia.Cert.split_bytes(text.encode())]
        is_private = _has_secret(PacketPile.from_bytes(text.encode()))
    except Exception as error:  # as below
        raise PortalError(_no_certificate()) from error
    if is_private:  # under the heading of a public one
        raise PrivateKey
    if len(found) != 1:
        raise PortalError(_no_certificate())
    return found[0]


def _has_secret(packets: PacketPile) -> bool:
    for packet in packets:
        with suppress(RuntimeError):  # it is of a kind that the library does not name
            if packet.tag in _SECRET:
                return True
    return False


def _no_certificate() -> str:
    return _(
        "This is not one OpenPGP certificate. Paste the whole text, from “BEGIN PGP PUBLIC KEY BLOCK” to “END PGP PUBLIC KEY BLOCK”."
    )


def enter(*, name: str, text: str, told_fingerprint: str, by: User) -> Receiver:
    """Packages are encrypted for this certificate from now on.

    `told_fingerprint` is what the registry has told by another way. Raises PortalError when it is another one.
    """
    found = read(text)
    if "".join(told_fingerprint.split()).lower() != found.fingerprint.lower():
        raise PortalError(
            _(
                "The certificate has another fingerprint than the one you were told. Do not use it: ask the registry, by phone, whose it is."
            )
        )
    with transaction.atomic():
        before = current()
        row = Receiver.objects.create(
            name=name.strip(),
            certificate=found.text,
            fingerprint=found.fingerprint,
            expires_at=found.expires_at,
            entered_by_name=by.actor_name,
        )
        facts = {"receiver": row.name, "fingerprint": row.fingerprint}
        if before:
            facts["fingerprint_before"] = before.fingerprint
        history.record("receiver.entered", row, by=by, facts=facts)
    return row


def current() -> Receiver | None:
    """The certificate in force."""
    return Receiver.objects.first()


def in_fours(fingerprint: str) -> str:
    """As people read it to each other."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4)).upper()
