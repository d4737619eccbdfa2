"""Corrections: the student says what is wrong, the school decides, the data change with the decision."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history, notifications, states
from portal.errors import Conflict, PortalError
from portal.models import User
from students import id_encryption, records
from students.models import Correction, Student

Status = Correction.Status
Field = Correction.Field


def ask(*, student: Student, field: str, by: history.Actor, wanted: str = "", explanation: str = "") -> Correction:
    """Ask the school to correct one field, or to look at the portrait. One open question a field.

    `wanted` is the right value (of a document number: the number, kept sealed); empty for the portrait, which needs an
    explanation instead. Raises PortalError with what is missing.
    """
    records.check_changeable(student)
    wanted, explanation = _checked(student, field, wanted.strip(), explanation.strip())
    with transaction.atomic():
        Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
        if Correction.objects.filter(student=student, field=field, status=Status.OPEN).exists():
            raise Conflict(_("You have asked for this correction already. Your school will answer."))
        correction = _new(student, field, wanted, explanation)
        history.record("correction.asked", correction, by=by, after=Status.OPEN, facts={"field": field})
        history.record("student.correction_asked", student, by=by, facts={"field": field})
    notifications.notify_school(
        student.school,
        kind="correction.asked",
        parameters={"student": student.name, "field": field, "explanation": explanation},
    )
    return correction


def _checked(student: Student, field: str, wanted: str, explanation: str) -> tuple[str, str]:
    """Value, as the roster would hold it, and explanation; a value that could never be accepted is refused at once."""
    if field not in Field.values:
        raise PortalError(_("Choose what is wrong."))
    if field == Field.PORTRAIT:
        if not explanation:
            raise PortalError(_("Say what is wrong with the portrait."))
        return "", explanation
    if not wanted:
        raise PortalError(_("Give the right value."))
    wanted = records.check_value(student=student, field=field, value=wanted)
    if wanted == present(student, field):
        raise PortalError(_("This is what is recorded already."))
    return wanted, explanation


def present(student: Student, field: str) -> str:
    return "" if field == Field.PORTRAIT else getattr(student, field)


def _new(student: Student, field: str, wanted: str, explanation: str) -> Correction:
    secret = field == Field.ID_NUMBER
    return Correction.objects.create(
        school=student.school,
        student=student,
        field=field,
        wanted="" if secret else wanted,
        wanted_sealed=id_encryption.encrypt(wanted) if secret else None,
        explanation=explanation[:300],
    )


def wanted_value(correction: Correction) -> str:
    """The right value in clear, as the student gave it."""
    return id_encryption.decrypt(correction.wanted_sealed) if correction.wanted_sealed else correction.wanted


def wanted_shown(correction: Correction) -> str:
    """The right value as lists show it: a document number masked."""
    if correction.wanted_sealed:
        return id_encryption.mask(wanted_value(correction))
    if correction.field == Field.GENDER and correction.wanted in Student.Gender.values:
        return str(Student.Gender(correction.wanted).label)
    return correction.wanted


def accept(*, correction: Correction, by: User, answer: str = "") -> Correction:
    """The student is right: the data change in the same transaction, checked like a roster (a document number by GB 11643).

    Raises WrongData when the wanted value cannot be right, Conflict when it was decided already. For the portrait nothing
    changes here: the school resets the photo.
    """
    with transaction.atomic():
        _decide(correction, Status.ACCEPTED, by=by, answer=answer)
        if correction.field != Field.PORTRAIT:
            student = Student.objects.select_related("school", "season").get(pk=correction.student_id)
            wanted = {correction.field: wanted_value(correction)}
            correction.student = records.change(student=student, by=by, facts={"correction": correction.pk}, **wanted)
    _notify(correction)
    return correction


def decline(*, correction: Correction, by: User, answer: str) -> Correction:
    """The data are right as they are; the answer tells the student why."""
    if not answer.strip():
        raise PortalError(_("Tell the student why."))
    with transaction.atomic():
        _decide(correction, Status.DECLINED, by=by, answer=answer)
    _notify(correction)
    return correction


def _decide(correction: Correction, to: str, *, by: User, answer: str) -> None:
    states.change(
        correction,
        to,
        by=by,
        facts={"field": correction.field},
        answer=answer.strip()[:300],
        decided_at=timezone.now(),
        decided_by_name=by.actor_name,
    )
    history.record(f"student.correction_{to}", correction.student, by=by, facts={"field": correction.field})


def _notify(correction: Correction) -> None:
    notifications.notify(
        correction.student,
        school=correction.school,
        kind=f"correction.{correction.status}",
        parameters={"field": correction.field, "answer": correction.answer},
    )
