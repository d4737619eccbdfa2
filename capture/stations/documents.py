"""A helper at a station has seen a student's document. The student gets six digits, good once, to sign in with on the own phone.

The digits stand in Redis for ten minutes, the look at the document in the history, for good.
"""

import hashlib
import secrets
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from capture.models import StationSession
from portal import history
from portal.errors import NotAllowed, PortalError
from portal.models import User
from portal.security import rate_limits
from students.models import Student

SECONDS = 600
GIVEN = "60/h"  # of one helper at a station, who manages about 30: a lost device opens no more accounts
MOST_WRONG = 100  # digits for one student, from all addresses together; then the right ones are worth nothing either


@dataclass(frozen=True)
class Seen:
    """Whose document was seen, by whom and where."""

    student: int
    helper: str
    station: str


def confirm(*, session: StationSession, student: Student) -> str:
    """Record that the helper of the device has seen the student's document. The digits that sign the student in."""
    helper = _helper_of(session)
    if student.is_locked:
        raise NotAllowed(_("Your account is locked. A school administrator has to unlock it."))
    rate_limits.refuse_too_many("station-digits", f"{session.station_id}:{helper.pk}", GIVEN)
    digits = f"{secrets.randbelow(10**6):06d}"
    seen = Seen(student.pk, helper.actor_name, session.station.name)
    try:
        cache.set(_key(student.student_no, digits), seen, SECONDS)
        cache.delete(_key(student.student_no, WRONG))
    except RedisError as error:
        raise PortalError(_("Signing in is not possible for the moment. Please try again in a minute.")) from error
    history.record("student.document_seen", student, by=helper, facts={"station": session.station.name})
    return digits


def _helper_of(session: StationSession) -> User:
    assert session.helper
    return session.helper


def take(student_no: str, digits: str) -> Seen | None:
    """What these digits stand for. They are worth nothing afterwards.

    Attempts are slowed down by address; this is for whoever has a thousand addresses and guesses within ten minutes.
    """
    key, wrong = _key(student_no, digits), _key(student_no, WRONG)
    try:
        cache.add(wrong, 0, SECONDS)
        if cache.incr(wrong) > MOST_WRONG:
            return None
        seen: Seen | None = cache.get(key)
        return seen if seen and cache.delete(key) else None
    except (RedisError, ValueError):  # ValueError: the ten minutes have just ended
        return None


WRONG = "wrong"  # in place of digits


def _key(student_no: str, digits: str) -> str:
    """Neither stands in Redis."""
    given = f"{''.join(student_no.split()).upper()}:{digits.strip()}"
    return f"document-seen:{hashlib.sha256(given.encode()).hexdigest()}"
