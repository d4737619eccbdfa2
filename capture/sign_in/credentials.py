"""The sign-in of students: name, document number and student number are compared with the season's
roster.

An unknown number, a wrong name and a wrong student number give the same answer after the same work.
The pace of attempts is that of portal.security.attempts: by address and document number, and by
address with name and student number, so that nobody guesses what the mask hides. All students of a
campus may share an address: what one of them mistypes delays nobody else.
"""

import hmac
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from portal import history, notifications
from portal.accounts import attacks
from portal.errors import PortalError
from portal.security import attempts
from portal.tenancy import across_schools, school_scope
from schools.models import Season
from students.identity import id_encryption
from students.models import Student

DOTS = str.maketrans(dict.fromkeys("•‧・∙⋅．.", "·"))


class NotRecognised(PortalError):
    status = 403


class WhichSeason(PortalError):
    """The student is in several seasons with the same student number. `years`: of these seasons, the newest first."""

    status = 409

    def __init__(self, years: list[int]) -> None:
        super().__init__(_("You are in the rosters of several years. Choose the year that you mean."))
        self.years = years


@dataclass(frozen=True)
class Visitor:
    """Somebody who is not signed in. `actor_name`: the network address."""

    actor_name: str
    actor_key: str = "visitor"


def sign_in(
    *, season: Season, name: str, id_number: str, student_no: str, address: str, year: int | None = None
) -> Student:
    """The student with this name and these numbers, in any season but a draft. `season`: where a failure is recorded.

    Raises NotRecognised, Delayed or Unavailable; WhichSeason where they are right in several seasons and no `year` is given.
    """
    digest = id_encryption.digest(id_number)
    person = address, comparable(name), comparable(student_no)
    free = attempts.free_at(address)
    attempts.begin("number", address, digest, free=free)
    attempts.begin("student", *person, free=free)
    with across_schools():  # the roster says which school
        rows = Student.objects.select_related("school", "season").filter(id_hash__in=id_encryption.digests(id_number))
        rows = (
            rows.exclude(season__status=Season.Status.DRAFT).exclude(stage=Student.Stage.LEFT).order_by("-season__year")
        )
        tried: list[Student | None] = [*rows] or [None]
        found = [row for row in tried if _is_known(row, name, student_no) and row and year in (None, row.season.year)]
        if not found:
            _failed(season, name, student_no, address)
            raise NotRecognised(
                _("We do not find you in the roster with these details. Look for typing errors; else ask your school.")
            )
        if len(found) > 1:
            raise WhichSeason([row.season.year for row in found])
        (student,) = found
        history.record("student.signed_in", student, by=student, facts={"address": address})
    attempts.succeeded("number", address, digest)
    attempts.succeeded("student", *person)
    attempts.entered_at(address, student.actor_key)
    return student


def _failed(season: Season, name: str, student_no: str, address: str) -> None:
    """Record the failure with the students who are named, and tell people of many: the center about the
    address, the school about its student.

    The document number has no part in it: who may read the history would see by a guess whose it is.
    """
    attacks.failed_at_address(address)
    numbered = Student.objects.select_related("school").filter(season=season, student_no__iexact=student_no.strip())
    named = [student for student in numbered if _is_same(name, student.name)]
    if not named:
        history.record("student.sign_in_failed", season, by=Visitor(address))
    for tried in named:
        history.record("student.sign_in_failed", tried, by=Visitor(address))
        if attempts.reached("tried", str(tried.pk), most=attacks.FAILURES_AN_IDENTITY):
            parameters = {"name": tried.name, "number": attacks.FAILURES_AN_IDENTITY}
            with school_scope(tried.school):
                notifications.notify_school(
                    tried.school, kind="attack.student", season=season, parameters=parameters, student=tried
                )


def _is_known(row: Student | None, name: str, student_no: str) -> bool:
    """Whether both are those of the row and its school is active. The same work without a row."""
    is_named = _is_same(name, row.name if row else "") & _is_same(student_no, row.student_no if row else "")
    return is_named & (row is not None and row.school.is_active)


def _is_same(given: str, known: str) -> bool:
    """Compare in constant time; False for an empty `known`."""
    same = hmac.compare_digest(comparable(given).encode(), comparable(known).encode())
    return same & bool(known)


def comparable(text: str) -> str:
    """The text without differences of typing: spaces, full width, case, the dot in names of ethnic
    minorities."""
    return "".join(unicodedata.normalize("NFKC", text).translate(DOTS).split()).casefold()
