"""A decoder for the demo and for tests. It knows its own codes only, and its pages say that it is one."""

import datetime as dt
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.formatting import mask
from students.identity import id_encryption
from students.models import Student

SALT = "capture.simulated_decoder"
KEPT_DAYS = 30


def code_of(student: Student, *, expires: dt.datetime | None = None) -> str:
    """The text of a student's capture code, as the registry would give it."""
    if student.appeared_by_code:
        return _code(student.id_number, student.name, student.id_masked, expires)
    return _code(_number(student.id_hash), mask(student.name), mask(student.id_number), expires)


def code_for(name: str, document: str) -> str:
    """The code of somebody who is on no list."""
    return _code(_number(id_encryption.digest(document)), mask(name), mask(id_encryption.normalise(document)), None)


def _number(digest: str) -> str:
    return salted_hmac(SALT, digest, algorithm="sha256").hexdigest()[:20].upper()


def _code(number: str, name: str, document: str, expires: dt.datetime | None) -> str:
    until = expires or timezone.now() + dt.timedelta(days=KEPT_DAYS)
    said = {"number": number, "name": name, "document": document, "expires": until.isoformat()}
    return "TUCAI-DEMO:" + signing.dumps(said, salt=SALT, compress=True)


def answer(text: str) -> tuple[int, Any]:
    """Status and content of the answer, as those of a decoder."""
    try:
        return 200, signing.loads(text.removeprefix("TUCAI-DEMO:"), salt=SALT)
    except signing.BadSignature:
        return 422, {"refused": "unknown"}
