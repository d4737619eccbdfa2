"""ID numbers at rest: encrypted, found by a keyed hash, shown masked.

AES-256-GCM with a random 96-bit nonce before the ciphertext; HMAC-SHA-256 for look-up and uniqueness. Both keys are
derived from settings.ID_NUMBER_KEY, so that neither can stand in for the other.
"""

import hmac
import os
from functools import cache

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE_BYTES = 12


def _derived(purpose: bytes) -> bytes:
    return hmac.digest(settings.ID_NUMBER_KEY.encode(), purpose, "sha256")


@cache
def _cipher() -> AESGCM:
    return AESGCM(_derived(b"encrypt"))


@cache
def _file_cipher() -> AESGCM:
    return AESGCM(_derived(b"roster file"))


@cache
def _hash_key() -> bytes:
    return _derived(b"look-up")


def normalise(number: str) -> str:
    """As stored and hashed: no spaces, capital letters (a final x of GB 11643 is an X)."""
    return "".join(number.split()).upper()


def encrypt(number: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, number.encode(), None)


def decrypt(sealed: bytes | memoryview) -> str:
    sealed = bytes(sealed)
    return _cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()


def digest_bytes(number: str) -> bytes:
    """The digest of a number that is normalised already, as 32 bytes."""
    return hmac.digest(_hash_key(), number.encode(), "sha256")


def digest(number: str) -> str:
    """64 hex digits; the same number gives the same digest, and only with our key."""
    return digest_bytes(normalise(number)).hex()


def seal_file(content: bytes) -> bytes:
    """An uploaded roster as it lies on the disk: encrypted like the numbers in it."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _file_cipher().encrypt(nonce, content, None)


def open_file(sealed: bytes) -> bytes:
    return _file_cipher().decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)


def mask(number: str) -> str:
    """320102********1234: enough to recognise one's own, not enough to use."""
    if len(number) < 8:
        return number[:1] + "*" * max(0, len(number) - 2) + number[-1:]
    head = 6 if len(number) >= 15 else 2
    return number[:head] + "*" * (len(number) - head - 4) + number[-4:]
