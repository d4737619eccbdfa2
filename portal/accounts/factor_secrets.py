"""Secrets of the second factor in the database: encrypted, and bound to the row of their person.

allauth's hooks (`SecondFactorAdapter`) get a text without its row. So a text knows where it belongs: a
`Clear` one is encrypted when it is put into a row, a `Sealed` one has got its place from its row.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models.signals import post_init
from django.dispatch import receiver

from portal.security import encryption
from portal.security.encryption import Place

# The key of `Authenticator.data` that holds the secret. A passkey has none: its row holds a public key.
SECRETS = {Authenticator.Type.TOTP.value: "secret", Authenticator.Type.RECOVERY_CODES.value: "seed"}


class Clear(str):
    """A secret on its way into a row."""


class Sealed(str):
    """A secret as a row has it, in base64."""

    place: Place

    def read(self) -> str:
        """Raises Unreadable."""
        return encryption.decrypt_text(self, self.place)


def seal(secret: str, place: Place) -> Sealed:
    return _placed(encryption.encrypt_text(secret, place), place)


def _placed(text: str, place: Place) -> Sealed:
    sealed = Sealed(text)
    sealed.place = place
    return sealed


@receiver(post_init, sender=Authenticator)
def bind(instance: Authenticator, **_signal: Any) -> None:
    """Give the secret of a row its place: a person has one row at most of each of these types."""
    loaded = instance.__dict__
    key, data = SECRETS.get(loaded.get("type", "")), loaded.get("data") or {}
    if key in data:
        place = Place("mfa_authenticator.data", f"{loaded['user_id']}/{loaded['type']}")
        is_clear = isinstance(data[key], Clear)
        data[key] = seal(data[key], place) if is_clear else _placed(data[key], place)


def count_by_version() -> dict[int, int]:
    """{version of the key: rows}. Rows that hold no ciphertext count as version 0."""
    found: dict[int, int] = {}
    for row in Authenticator.objects.filter(type__in=SECRETS):
        version = _version_of(row.data[SECRETS[row.type]])
        found[version] = found.get(version, 0) + 1
    return dict(sorted(found.items()))


def _version_of(sealed: Sealed) -> int:
    try:
        return encryption.version_of(encryption.raw_bytes(sealed))
    except encryption.Unreadable:
        return 0


def rewrite() -> list[int]:
    """Encrypt with the newest key what older ones have written; the ids of rows that cannot be read."""
    damaged = []
    for pk in Authenticator.objects.filter(type__in=SECRETS).values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update(no_key=True).filter(pk=pk).first()
            if row is None or _version_of(sealed := row.data[SECRETS[row.type]]) == encryption.current_version():
                continue
            try:
                row.data[SECRETS[row.type]] = seal(sealed.read(), sealed.place)
            except encryption.Unreadable:
                damaged.append(pk)
            else:
                row.save(update_fields=["data"])
    return damaged
