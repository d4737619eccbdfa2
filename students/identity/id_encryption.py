"""Document numbers in the database: encrypted, with a keyed hash for look-up.

Encryption is AES-256-GCM. A ciphertext begins with the version of its key (1 byte) and a random
96-bit nonce, and is bound to its place (`Place`): moved to another row, it cannot be read. The hash is
HMAC-SHA-256, "<version>:<64 hex digits>".

settings.ID_NUMBER_KEYS is {version: key}; the highest version writes, the others are read until
`manage.py rotate_keys` has rewritten what they wrote. The keys in use are derived from these, each for
its own purpose.
"""

import hmac
import os
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


def student_place(*, season_id: int, school_id: int, student_no: str) -> Place:
    """Of the document number of a student; these three are unique."""
    return Place("student.id_sealed", f"{season_id}/{school_id}/{student_no}")


def correction_place(student_id: int | None) -> Place:
    """Of the document number that a student asks for in a correction."""
    return Place("correction.wanted_sealed", str(student_id))


def roster_place(*, season_id: int, school_id: int) -> Place:
    """Of an uploaded roster on the disk."""
    return Place("rosterimport.file", f"{season_id}/{school_id}")


def current_version() -> int:
    return max(settings.ID_NUMBER_KEYS)


def version_of(encrypted: bytes | memoryview) -> int:
    return bytes(encrypted[:1])[0]


@cache
def _derived(key: str, purpose: bytes) -> bytes:
    return hmac.digest(key.encode(), purpose, "sha256")


@cache
def _cipher(key: str) -> AESGCM:
    return AESGCM(_derived(key, b"encrypt"))


def normalise(number: str) -> str:
    """The form that is stored and hashed: no spaces, capital letters (a final x becomes X)."""
    return "".join(number.split()).upper()


def encrypt(content: str, place: Place) -> bytes:
    return encrypt_bytes(content.encode(), place)


def decrypt(encrypted: bytes | memoryview, place: Place) -> str:
    """The content. Raises Unreadable."""
    return decrypt_bytes(bytes(encrypted), place).decode()


def encrypt_bytes(content: bytes, place: Place) -> bytes:
    version = current_version()
    header = bytes([version]) + os.urandom(NONCE_BYTES)
    cipher = _cipher(settings.ID_NUMBER_KEYS[version])
    return header + cipher.encrypt(header[1:], content, _bound_to(header[:1], place))


def decrypt_bytes(encrypted: bytes, place: Place) -> bytes:
    """The content. Raises Unreadable."""
    version = encrypted[0] if encrypted else 0
    key = settings.ID_NUMBER_KEYS.get(version)
    if key is None:
        raise Unreadable(
            _("A document number is encrypted with key %(version)d, which is not set. Tell the operator.")
            % {"version": version}
        )
    nonce, content = encrypted[1:HEADER_BYTES], encrypted[HEADER_BYTES:]
    try:
        return _cipher(key).decrypt(nonce, content, _bound_to(encrypted[:1], place))
    except (InvalidTag, ValueError) as error:
        raise Unreadable(
            _("A document number in the database is damaged, or it belongs to another student. Tell the operator.")
        ) from error


def _bound_to(version: bytes, place: Place) -> bytes:
    return b"\0".join((version, place.column.encode(), place.row.encode()))


def digest_bytes(number: str, version: int | None = None) -> bytes:
    """Keyed hash, 32 bytes, of a number that is normalised already; by default with the current key."""
    key = settings.ID_NUMBER_KEYS[version or current_version()]
    return hmac.digest(_derived(key, b"look-up"), number.encode(), "sha256")


def stored_digest(digest: bytes, version: int | None = None) -> str:
    """A keyed hash as the database has it."""
    return f"{version or current_version()}:{digest.hex()}"


def digest(number: str) -> str:
    """Keyed hash of a number in any spelling, with the current key."""
    return stored_digest(digest_bytes(normalise(number)))


def digests(number: str) -> list[str]:
    """The hashes under which a number may be stored: one for each key, the current one first.

    Look for it by `id_hash__in`.
    """
    number = normalise(number)
    versions = sorted(settings.ID_NUMBER_KEYS, reverse=True)
    return [stored_digest(digest_bytes(number, version), version) for version in versions]
