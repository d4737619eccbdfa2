"""A decoder for the demo and for tests. It knows its own codes only, and its pages say that it is one."""

import datetime as dt
from typing import Any

from django.core import signing
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.formatting import mask
from students.models import Student

SALT = "capture.simulated_decoder"
KEPT_DAYS = 30


def code_of(student: Student, *, expires: dt.datetime | None = None) -> str:
    """The text of a student's capture code, as the registry would give it."""
    number = salted_hmac(SALT, student.id_hash, algorithm="sha256").hexdigest()[:20].upper()
    until = expires or timezone.now() + dt.timedelta(days=KEPT_DAYS)
    said = {
        "number": number,
        "name": mask(student.name),
        "document": mask(student.id_number),
        "expires": until.isoformat(),
    }
    return "TUCAI-DEMO:" + signing.dumps(said, salt=SALT, compress=True)


def answer(text: str) -> tuple[int, Any]:
    """Status and content of the answer, as those of a decoder."""
    try:
        return 200, signing.loads(text.removeprefix("TUCAI-DEMO:"), salt=SALT)
    except signing.BadSignature:
        return 422, {"refused": "unknown"}
