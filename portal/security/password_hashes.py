"""Hashes of the staff's passwords as they stand in the database: PBKDF2, sealed with a key that the database does not have.

Every scope reads the table of accounts. Whoever sends SQL there, or has a copy of the database, has nothing to try passwords on.
"""

import base64
import hmac

from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils.crypto import pbkdf2

from portal.security import encryption
from portal.security.encryption import Place


class SealedPBKDF2(PBKDF2PasswordHasher):
    """`sealed$rounds$salt$digest`: the digest as `portal.security.encryption` writes it, bound to its salt."""

    algorithm = "sealed"

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        self._check_encode_args(password, salt)  # type: ignore[attr-defined]
        iterations = iterations or self.iterations
        digest = pbkdf2(password, salt, iterations, digest=self.digest)
        return _joined(iterations, salt, digest)

    def verify(self, password: str, encoded: str) -> bool:
        rounds, salt, _sealed = _parts(encoded)
        digest = pbkdf2(password, salt, rounds, digest=self.digest)
        return hmac.compare_digest(digest, _opened(encoded))

    def must_update(self, encoded: str) -> bool:
        return super().must_update(encoded) or version_of(encoded) != encryption.current_version()


BEGINNING = f"{SealedPBKDF2.algorithm}$"  # of a hash


def version_of(encoded: str) -> int:
    """The version of the key that has sealed it."""
    return encryption.version_of(encryption.raw_bytes(_parts(encoded)[2]))


def sealed_anew(encoded: str) -> str:
    """The same hash under the newest key. Raises Unreadable."""
    rounds, salt, _sealed = _parts(encoded)
    return _joined(rounds, salt, _opened(encoded))


def _joined(rounds: int, salt: str, digest: bytes) -> str:
    sealed = base64.b64encode(encryption.encrypt_bytes(digest, _place(salt))).decode()
    return f"{BEGINNING}{rounds}${salt}${sealed}"


def _parts(encoded: str) -> tuple[int, str, str]:
    _algorithm, rounds, salt, sealed = encoded.split("$")
    return int(rounds), salt, sealed


def _opened(encoded: str) -> bytes:
    _rounds, salt, sealed = _parts(encoded)
    return encryption.decrypt_bytes(encryption.raw_bytes(sealed), _place(salt))


def _place(salt: str) -> Place:
    return Place("user.password", salt)
