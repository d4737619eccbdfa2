"""Document numbers in the database: encrypted, with a keyed hash for look-up.

Encryption is AES-256-GCM; a random 96-bit nonce precedes the ciphertext. The hash is HMAC-SHA-256.
All keys are derived from settings.ID_NUMBER_KEY, each for its own purpose.
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
    """The form that is stored and hashed: no spaces, capital letters (a final x becomes X)."""
    return "".join(number.split()).upper()


def encrypt(number: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _cipher().encrypt(nonce, number.encode(), None)


def decrypt(encrypted: bytes | memoryview) -> str:
    encrypted = bytes(encrypted)
    return _cipher().decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], None).decode()


def digest_bytes(number: str) -> bytes:
    """Keyed hash, 32 bytes, of a number that is normalised already."""
    return hmac.digest(_hash_key(), number.encode(), "sha256")


def digest(number: str) -> str:
    """Keyed hash, 64 hex digits, of a number in any spelling."""
    return digest_bytes(normalise(number)).hex()


def encrypt_file(content: bytes) -> bytes:
    """Encrypt an uploaded roster for the disk, with a key of its own."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _file_cipher().encrypt(nonce, content, None)


def decrypt_file(encrypted: bytes) -> bytes:
    return _file_cipher().decrypt(encrypted[:NONCE_BYTES], encrypted[NONCE_BYTES:], None)
