"""Encryption of single values in the database and of files on the disk.

AES-256-GCM. A ciphertext begins with the version of its key (1 byte) and a random 96-bit nonce, and is
bound to its place (`Place`): moved to another row, it cannot be read.

settings.ID_NUMBER_KEYS is {version: key}; the highest version writes, the others are read until
`manage.py rotate_keys` has rewritten what they wrote. The keys in use are derived from these, each for
its own purpose.
"""

import base64
import hmac
import os
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils.translation import gettext as _

from portal.errors import PortalError

NONCE_BYTES = 12
HEADER_BYTES = 1 + NONCE_BYTES


class Place(NamedTuple):
    """Where a ciphertext belongs: a column, and what identifies its row before the row is written."""

    column: str
    row: str


class Unreadable(PortalError):
    """A ciphertext that is damaged, or stands in the row of somebody else, or whose key is missing."""

    status = 409


def current_version() -> int:
    return max(settings.ID_NUMBER_KEYS)


def version_of(encrypted: bytes | memoryview) -> int:
    """0: nothing is there, which no key can have written."""
    return encrypted[0] if encrypted else 0


@cache
def derived_key(key: str, purpose: bytes) -> bytes:
    return hmac.digest(key.encode(), purpose, "sha256")


@cache
def _cipher(key: str) -> AESGCM:
    return AESGCM(derived_key(key, b"encrypt"))


def keyed_hashes(content: str, purpose: bytes) -> list[str]:
    """The hashes under which `content` may be stored, one for each key, the current one first: HMAC-SHA-256 as
    "<version>:<64 hex digits>". Each purpose has a key of its own.
    """
    versions = sorted(settings.ID_NUMBER_KEYS, reverse=True)
    keys = [(version, derived_key(settings.ID_NUMBER_KEYS[version], purpose)) for version in versions]
    return [f"{version}:{hmac.digest(key, content.encode(), 'sha256').hex()}" for version, key in keys]


def can_be_found(keyed_hash: str) -> bool:
    """Whether the key that made it is still there, so that `keyed_hashes` of the same text has it."""
    return any(keyed_hash.startswith(made.partition(":")[0] + ":") for made in keyed_hashes("", b""))


def encrypt(content: str, place: Place) -> bytes:
    return encrypt_bytes(content.encode(), place)


def decrypt(encrypted: bytes | memoryview, place: Place) -> str:
    """The content. Raises Unreadable."""
    return decrypt_bytes(bytes(encrypted), place).decode()


def encrypt_text(content: str, place: Place) -> str:
    """As `encrypt`, in base64: for columns of text."""
    return base64.b64encode(encrypt(content, place)).decode()


def decrypt_text(encrypted: str, place: Place) -> str:
    """The content. Raises Unreadable."""
    return decrypt(raw_bytes(encrypted), place)


def raw_bytes(encrypted: str) -> bytes:
    """The ciphertext of a column of text. Raises Unreadable."""
    try:
        return base64.b64decode(encrypted, validate=True)
    except ValueError as error:
        raise _damaged() from error


def encrypt_bytes(content: bytes, place: Place) -> bytes:
    version = current_version()
    header = bytes([version]) + os.urandom(NONCE_BYTES)
    cipher = _cipher(settings.ID_NUMBER_KEYS[version])
    return header + cipher.encrypt(header[1:], content, _bound_to(header[:1], place))


def encryptor(column: str) -> Callable[[str, str], bytes]:
    """(content, row) -> what `encrypt` gives, with the current key: for many values of a column."""
    version = current_version()
    first, encrypt_with = bytes([version]), _cipher(settings.ID_NUMBER_KEYS[version]).encrypt
    bound_to = _bound_to(first, Place(column, ""))

    def encrypted(content: str, row: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        return first + nonce + encrypt_with(nonce, content.encode(), bound_to + row.encode())

    return encrypted


def decrypt_bytes(encrypted: bytes, place: Place) -> bytes:
    """The content. Raises Unreadable."""
    version = encrypted[0] if encrypted else 0
    key = settings.ID_NUMBER_KEYS.get(version)
    if key is None:
        raise Unreadable(
            _("Something in the database is encrypted with key %(version)d, which is not set. Tell the operator.")
            % {"version": version}
        )
    nonce, content = encrypted[1:HEADER_BYTES], encrypted[HEADER_BYTES:]
    try:
        return _cipher(key).decrypt(nonce, content, _bound_to(encrypted[:1], place))
    except (InvalidTag, ValueError) as error:
        raise _damaged() from error


def _damaged() -> Unreadable:
    return Unreadable(
        _("Something encrypted in the database is damaged, or it belongs to another person. Tell the operator.")
    )


def _bound_to(version: bytes, place: Place) -> bytes:
    return b"\0".join((version, place.column.encode(), place.row.encode()))
