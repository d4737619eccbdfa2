"""Corrections of a student's data: requested by the student, accepted or declined by the school."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history, notifications
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.formatting import mask
from portal.models import User
from portal.security import encryption
from students import records
from students.identity import id_encryption
from students.models import Correction, Student

Status = Correction.Status
Field = Correction.Field


def request_correction(
    *, student: Student, field: str, by: history.Actor, wanted: str = "", explanation: str = ""
) -> Correction:
    """Ask the school to correct one field, or to check the portrait.

    `wanted` is the right value. For the portrait it is empty, and `explanation` is required.
    Document numbers are stored encrypted. Raises PortalError for a missing or impossible value,
    and Conflict when a request for the same field is still open.
    """
    records.check_changeable(student)
    wanted, explanation = _clean_request(student, field, wanted.strip(), explanation.strip())
    with transaction.atomic():
        Student.objects.select_for_update(of=("self",), no_key=True).get(pk=student.pk)
        if Correction.objects.filter(student=student, field=field, status=Status.OPEN).exists():
            raise Conflict(_("You have asked for this correction already. Your school will answer."))
        correction = _create(student, field, wanted, explanation)
        history.record("correction.asked", correction, by=by, after=Status.OPEN, facts={"field": field})
        history.record("student.correction_asked", student, by=by, facts={"field": field})
    notifications.notify_school(
        student.school,
        season=student.season,
        kind="correction.asked",
        parameters={"student": student.name, "field": field, "explanation": explanation},
        student=student,
    )
    return correction


def _clean_request(student: Student, field: str, wanted: str, explanation: str) -> tuple[str, str]:
    """(clean value, explanation). Raises PortalError for a value that could never be accepted."""
    if field not in Field.values:
        raise PortalError(_("Choose what is wrong."))
    if field == Field.PORTRAIT:
        if not explanation:
            raise PortalError(_("Say what is wrong with the portrait."))
        return "", explanation
    if not wanted:
        raise PortalError(_("Give the right value."))
    wanted = records.check_value(student=student, field=field, value=wanted)
    if wanted == current_value(student, field):
        raise PortalError(_("This is what is recorded already."))
    return wanted, explanation


def current_value(student: Student, field: str) -> str:
    return "" if field == Field.PORTRAIT else getattr(student, field)


def _create(student: Student, field: str, wanted: str, explanation: str) -> Correction:
    is_secret = field == Field.ID_NUMBER
    return Correction.objects.create(
        school=student.school,
        student=student,
        field=field,
        wanted="" if is_secret else wanted,
        wanted_sealed=encryption.encrypt(wanted, id_encryption.correction_place(student.pk)) if is_secret else None,
        explanation=explanation[:300],
    )


def wanted_value(correction: Correction) -> str:
    """The value that the student asks for, in clear."""
    if not correction.wanted_sealed:
        return correction.wanted
    return encryption.decrypt(correction.wanted_sealed, id_encryption.correction_place(correction.student_id))


def masked_wanted_value(correction: Correction) -> str:
    """The value that the student asks for, as lists show it: a document number is masked."""
    if correction.wanted_sealed:
        return mask(wanted_value(correction))
    if correction.field == Field.GENDER and correction.wanted in Student.Gender.values:
        return str(Student.Gender(correction.wanted).label)
    return correction.wanted


def accept_correction(*, correction: Correction, by: User, answer: str = "") -> Correction:
    """Accept a correction and change the student in the same transaction.

    The value is checked as in a roster (a document number by GB 11643). Raises WrongData for a
    value that cannot be right, and Conflict when the correction is decided already. For the
    portrait nothing changes here: the caller resets the photo.
    """
    try:
        with transaction.atomic():
            _decide(correction, Status.ACCEPTED, by=by, answer=answer)
            if correction.field != Field.PORTRAIT:
                student = Student.objects.select_related("school", "season").get(pk=correction.student_id)
                wanted = {correction.field: wanted_value(correction)}
                correction.student = records.change_student(
                    student=student, by=by, facts={"correction": correction.pk}, **wanted
                )
    except records.WrongData as wrong:
        if wrong.taken:
            wrong.taken.record(by)
        raise
    _notify(correction)
    return correction


def decline_correction(*, correction: Correction, by: User, answer: str) -> Correction:
    """Decline a correction. `answer` is required: it tells the student why."""
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
