"""The sign-in of students: name, document number and student number are compared with the season's
roster.

An unknown number, a wrong name and a wrong student number give the same answer after the same work.
Redis counts the attempts by document number, and the failures by address (failures only: all
students of a campus may share an address), and by address with name and student number.
"""

import hmac
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from capture.sign_in import rate_limits
from portal import history
from portal.errors import PortalError
from portal.tenancy import across_schools
from schools.models import Season
from students.identity import id_encryption
from students.models import Student

ATTEMPTS_AN_IDENTITY = "10/15m"
FAILURES_AN_ADDRESS = "60/10m"
# Numbers that one address may try for one name and student number: nobody guesses what the mask hides.
GUESSES_A_PERSON = "20/d"
DOTS = str.maketrans(dict.fromkeys("•‧・∙⋅．.", "·"))


class NotRecognised(PortalError):
    status = 403


@dataclass(frozen=True)
class Visitor:
    """Somebody who is not signed in. `actor_name`: the network address."""

    actor_name: str
    actor_key: str = "visitor"


def sign_in(*, season: Season, name: str, id_number: str, student_no: str, address: str) -> Student:
    """The student with this name and these numbers. Raises NotRecognised, RateLimited or Unavailable."""
    digest = id_encryption.digest(id_number)
    rate_limits.refuse_too_many("signin-address", address, FAILURES_AN_ADDRESS, increment=False)
    rate_limits.refuse_too_many("signin-identity", digest, ATTEMPTS_AN_IDENTITY)
    person = id_encryption.digest(f"{address} {comparable(name)} {comparable(student_no)}")
    rate_limits.refuse_too_many("signin-person", person, GUESSES_A_PERSON, increment=False)
    with across_schools():  # the roster says which school
        student = (
            Student.objects.select_related("school", "season")
            .filter(season=season, id_hash__in=id_encryption.digests(id_number))
            .first()
        )
        known = student is not None and student.school.is_active
        if not (
            _is_same(name, student.name if student else "")
            & _is_same(student_no, student.student_no if student else "")
            & known
        ):
            rate_limits.count("signin-address", address, FAILURES_AN_ADDRESS)
            rate_limits.count("signin-person", person, GUESSES_A_PERSON)
            history.record("student.sign_in_failed", student or season, by=Visitor(address))
            raise NotRecognised(
                _("We do not find you in the roster with these details. Look for typing errors; else ask your school.")
            )
        assert student is not None
        history.record("student.signed_in", student, by=student, facts={"address": address})
    return student


def _is_same(given: str, known: str) -> bool:
    """Compare in constant time; False for an empty `known`."""
    same = hmac.compare_digest(comparable(given).encode(), comparable(known).encode())
    return same & bool(known)


def comparable(text: str) -> str:
    """The text without differences of typing: spaces, full width, case, the dot in names of ethnic
    minorities."""
    return "".join(unicodedata.normalize("NFKC", text).translate(DOTS).split()).casefold()
