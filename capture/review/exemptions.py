"""Exemptions: a student declares what a photo rule must not be asked of, the school confirms it.

Each change judges the student's undecided photo again (`rejudge.follow_exemption`). Events and
notifications never say of which kind an exemption is: the history is kept longer than it.
"""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.judging import rejudge
from capture.models import Exemption, Photo
from capture.review import decisions
from capture.review.student_words import clean_words
from capture.upload import intake
from portal import history, notifications
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.security import rate_limits
from schools.models import School, Season
from students.models import Student

Status = Exemption.Status
WORDS_LENGTH, ANSWER_LENGTH = 200, 300
DECLARATIONS = "6/h"
OPEN_STAGES = {
    Student.Stage.WAITING,
    Student.Stage.CHECKING,
    Student.Stage.RETAKE,
    Student.Stage.READY,
    Student.Stage.REVIEW,
}


def of_student(student: Student) -> Exemption | None:
    return Exemption.objects.filter(student=student).first()


def declared(season: Season | None, school: School) -> QuerySet[Exemption]:
    """Exemptions that wait for the school."""
    return Exemption.objects.filter(school=school, season=season, status=Status.DECLARED)


def declare(*, student: Student, kind: str, words: str = "", by: history.Actor) -> Exemption:
    """Declare an exemption, or declare another in its place. The school is told.

    Raises a PortalError when the account is locked, the photo approved, or the declaration is not
    complete.
    """
    require_open(student)
    rate_limits.refuse_too_many("exemption", by.actor_key, DECLARATIONS)
    values: dict[str, Any] = {"kind": _clean_kind(kind), "words": clean_words(words, WORDS_LENGTH)}
    if kind == Exemption.Kind.OTHER and not values["words"]:
        raise PortalError(_("Please say in a sentence what it is."))
    return _declare(student, values, by)


def require_open(student: Student) -> None:
    """Raise a PortalError that says why the student cannot declare anything now."""
    intake.require_unlocked(student)
    if student.stage not in OPEN_STAGES:
        raise Conflict(_("Your photo has been approved already; nothing needs to be declared any more."))


@retried
def _declare(student: Student, values: dict[str, Any], by: history.Actor) -> Exemption:
    _lock(student)
    row = of_student(student)
    is_same = row is not None and all(getattr(row, name) == value for name, value in values.items())
    if row is not None and is_same and row.status != Status.REFUSED:  # the form was sent twice
        return row
    again: dict[str, Any] = {"declared_at": timezone.now(), "decided_at": None, "decided_by_name": "", "answer": ""}
    if row is None:
        row = Exemption.objects.create(
            school_id=student.school_id, season_id=student.season_id, student=student, **values
        )
        history.record("exemption.declared", row, by=by, after=row.status, facts={"student": student.pk})
    else:
        Exemption.objects.filter(pk=row.pk).update(**values)
        if row.status == Status.DECLARED:
            history.record("exemption.changed", row, by=by, facts={"student": student.pk})
        else:
            states.change(row, Status.DECLARED, by=by, facts={"student": student.pk}, **again)
    rejudge.follow_exemption(student, by=by)
    about = {"student": student.name}
    notifications.notify_school(
        student.school, season=student.season, kind="exemption.declared", parameters=about, student=student
    )
    row.refresh_from_db()
    return row


@retried
def take_back(*, student: Student, by: history.Actor) -> None:
    """Delete the student's exemption, at the student's wish.

    Raises Conflict when there is none.
    """
    _lock(student)
    row = of_student(student)
    if row is None:
        raise Conflict
    history.record("exemption.taken_back", student, by=by)
    row.delete()
    rejudge.follow_exemption(student, by=by)


@retried
def confirm(*, exemption: Exemption, kind: str, by: User) -> Exemption:
    """Confirm that the student is as declared: the rules of this kind say nothing any more.

    `kind`: what the page of the confirming person showed. Raises Conflict when the student has declared another since, or
    taken it back.
    """
    _lock(exemption.student)
    if not Exemption.objects.filter(pk=exemption.pk, kind=kind).exists():
        raise Conflict
    return _decide(exemption, Status.CONFIRMED, by=by, answer="")


def refuse(*, exemption: Exemption, by: User, answer: str) -> Exemption:
    """Do not confirm it, or not any more. `answer`: a sentence that the student reads."""
    answer = clean_words(answer, ANSWER_LENGTH)
    if not answer:
        raise PortalError(_("Tell the student why."))
    return _decide(exemption, Status.REFUSED, by=by, answer=answer)


@retried
def _decide(exemption: Exemption, to: Exemption.Status, *, by: User, answer: str) -> Exemption:
    student = _lock(exemption.student)
    states.change(
        exemption,
        to,
        by=by,
        facts={"student": student.pk},
        answer=answer,
        decided_at=timezone.now(),
        decided_by_name=by.actor_name,
    )
    rejudge.follow_exemption(student, by=by)
    parameters = {"answer": answer} if answer else {}
    notifications.notify(student, school=student.school, kind=f"exemption.{to}", parameters=parameters)
    return exemption


@retried
def approve(*, photo: Photo, by: User, kind: str = "") -> Photo:
    """Approve a photo in review, and with it what its student has declared: `kind`, as in `confirm`."""
    _lock(photo.student)
    row = of_student(photo.student)
    if row is not None and row.status == Status.DECLARED:
        confirm(exemption=row, kind=kind, by=by)
    return decisions.approve(photo=photo, by=by)


def _lock(student: Student) -> Student:
    students = Student.objects.select_for_update(of=("self",), no_key=True).select_related("school", "season")
    return students.get(pk=student.pk)


def _clean_kind(kind: str) -> str:
    if kind not in Exemption.Kind.values:
        raise PortalError(_("Please choose what it is."))
    return kind


def erase(season: Season) -> int:
    """Delete the exemptions of a season, with its originals. Returns how many there were."""
    return Exemption.objects.filter(season=season).delete()[0]
