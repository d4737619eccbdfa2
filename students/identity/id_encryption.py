"""Document numbers in the database: where their ciphertexts belong, and a keyed hash for look-up.

How they are encrypted: `portal.security.encryption`. The hash is HMAC-SHA-256 with a key derived from the
same keys, "<version>:<64 hex digits>". The last four characters have a bucket of their own (`tail_bucket`).
"""

import hmac
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings

from portal.security.encryption import Place, current_version, derived_key


def student_place(*, season_id: int, school_id: int, student_no: str) -> Place:
    """Of the document number of a student; these three are unique."""
    return Place("student.id_sealed", f"{season_id}/{school_id}/{student_no}")


def correction_place(student_id: int | None) -> Place:
    """Of the document number that a student asks for in a correction."""
    return Place("correction.wanted_sealed", str(student_id))


def evidence_place(*, student_id: int | None, field: str) -> Place:
    """Of the picture of a document that goes with a correction, on the disk."""
    return Place("correction.evidence", f"{student_id}/{field}")


def roster_place(*, season_id: int, school_id: int) -> Place:
    """Of an uploaded roster on the disk."""
    return Place("rosterimport.file", f"{season_id}/{school_id}")


def bundle_place(*, season_id: int) -> Place:
    """Of an uploaded roster of several schools on the disk."""
    return Place("rosterbundle.file", str(season_id))


def excerpt_place(import_id: int) -> Place:
    """Of what is kept of an uploaded roster for its pages."""
    return Place("rosterimport.excerpt", str(import_id))


def changes_place(import_id: int) -> Place:
    """Of what a roster changes, student by student."""
    return Place("rosterimport.changes", str(import_id))


def checked_place(import_id: int) -> Place:
    """Of the checked rows of an uploaded roster."""
    return Place("rosterimport.checked", str(import_id))


def normalise(number: str) -> str:
    """The form that is stored and hashed: no spaces, capital letters (a final x becomes X)."""
    return "".join(number.split()).upper()


def digest_bytes(number: str, version: int | None = None) -> bytes:
    """Keyed hash, 32 bytes, of a number that is normalised already; by default with the current key."""
    key = settings.ID_NUMBER_KEYS[version or current_version()]
    return hmac.digest(derived_key(key, b"look-up"), number.encode(), "sha256")


def digester() -> Callable[[str], bytes]:
    """`digest_bytes` with the current key: for many numbers."""
    key = derived_key(settings.ID_NUMBER_KEYS[current_version()], b"look-up")
    return lambda number: hmac.digest(key, number.encode(), "sha256")


def stored_digest(digest: bytes, version: int | None = None) -> str:
    """A keyed hash as the database has it."""
    return f"{version or current_version()}:{digest.hex()}"


def digest(number: str) -> str:
    """Keyed hash of a number in any spelling, with the current key."""
    return stored_digest(digest_bytes(normalise(number)))


def tail_bucket(number: str, *, season_id: int, version: int | None = None) -> int:
    """One of 4,096 buckets for the last four characters of a normalised number, keyed, another in each season.

    So coarse that it tells nearly nothing: whoever looks a number up compares the students of the bucket.
    """
    return _tail_bucket(number[-4:], season_id, version or current_version())


def tail_buckets(number: str, *, season_id: int) -> list[int]:
    """The buckets in which the number may be, one for each key."""
    return [tail_bucket(number, season_id=season_id, version=version) for version in settings.ID_NUMBER_KEYS]


@lru_cache(maxsize=50_000)
def _tail_bucket(tail: str, season_id: int, version: int) -> int:
    key = derived_key(settings.ID_NUMBER_KEYS[version], b"last four")
    return int.from_bytes(hmac.digest(key, f"{season_id}/{tail}".encode(), "sha256")[:2], "big") % 4096


def digests(number: str) -> list[str]:
    """The hashes under which a number may be stored: one for each key, the current one first.

    Look for it by `id_hash__in`.
    """
    number = normalise(number)
    versions = sorted(settings.ID_NUMBER_KEYS, reverse=True)
    return [stored_digest(digest_bytes(number, version), version) for version in versions]
