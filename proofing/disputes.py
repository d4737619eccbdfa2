"""Corrections, and their effect on proof and portrait.

`students.correcting.corrections` changes the data. A portrait with a wrong frame is framed anew
(`capture.portraits.remake`); for any other justified complaint about it a new photo is taken.
"""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from capture.portraits import remake
from capture.review import decisions
from portal import files
from portal.changes.transactions import retried
from portal.errors import PortalError
from portal.models import User
from proofing import proofs
from schools.models import Action, Enrolment
from students import records
from students.correcting import correction_evidence, corrections
from students.models import Correction, Student
from students.roster.staging import FIXED_STAGES

Field = Correction.Field


def fields_open(enrolment: Enrolment) -> list[str]:
    """What may be corrected now: the portrait only until the form is accepted; without a list, not what the registry says."""
    closed = {Field.PORTRAIT, *(() if enrolment.hands_over_list else corrections.SAID_BY_REGISTRY)}
    data = [field for field in Field.values if field not in closed] if enrolment.allows(Action.CORRECT_DATA) else []
    return [*data, *([Field.PORTRAIT.value] if enrolment.allows(Action.CORRECT) else [])]


def ask(
    student: Student,
    *,
    field: str,
    wanted: str,
    explanation: str,
    by: Student | User,
    wanted_type: str = "",
    evidence: bytes = b"",
) -> Correction:
    """Open a correction. An earlier confirmation is withdrawn, but not that of a student who is printed already.

    `field` is one of Correction.Field; `wanted` is the right value, empty for the portrait; `evidence` a JPEG.
    """
    asked = {"field": field, "wanted": wanted, "wanted_type": wanted_type, "explanation": explanation}
    with files.writing() as write:  # before the lock
        written = correction_evidence.written(student, field, evidence, write=write) if evidence else None
        return _ask(student, written, asked, by=by)


@retried
def _ask(student: Student, written: Correction | None, asked: dict[str, str], *, by: Student | User) -> Correction:
    field = asked["field"]
    with transaction.atomic():
        locked, enrolment = proofs.lock_student(student)
        if field == Field.PORTRAIT:
            enrolment.require(Action.CORRECT)
        else:
            enrolment.require(Action.CORRECT_DATA)
        correction = corrections.request_correction(student=locked, by=by, **asked)
        if written:
            correction = correction_evidence.attach_written(written, correction, by=by)
        if locked.stage not in FIXED_STAGES:
            proofs.withdraw_confirmation(locked, by=by)
    student.stage = locked.stage
    return correction


@retried
def accept(correction: Correction, *, by: User, answer: str = "") -> Correction:
    """Accept the correction: change the data, or reset the photo so that a new one is taken."""
    decided = corrections.accept_correction(correction=correction, by=by, answer=answer)
    if decided.field == Field.PORTRAIT:
        _reset_portrait(decided, by=by)
    return decided


def accept_reframed(correction: Correction, *, by: User, answer: str = "") -> Correction:
    """Accept a complaint about a portrait that has been framed anew since. No new photo is needed.

    Raises PortalError when the portrait has not been framed since the student asked.
    """
    if not is_reframed(correction):
        raise PortalError(_("The portrait has not been reframed since the student asked. Adjust the frame first."))
    answer = answer or _("Your portrait has been reframed. Please look at it.")
    return corrections.accept_correction(correction=correction, by=by, answer=answer)


def is_reframed(correction: Correction) -> bool:
    return correction.pk in reframed_ids([correction])


def reframed_ids(rows: Iterable[Correction]) -> set[int]:
    """The ids of those corrections whose portrait has been framed anew since.

    Two queries for any number.
    """
    asked = [row for row in rows if row.field == Field.PORTRAIT]
    photo_of = dict(proofs.portraits_of([row.student for row in asked]).values_list("student_id", "pk"))
    framed = remake.framed_at(photo_of.values())
    moments = {student_id: framed[photo_id] for student_id, photo_id in photo_of.items() if photo_id in framed}
    return {row.pk for row in asked if row.student_id in moments and moments[row.student_id] > row.created_at}


def _reset_portrait(correction: Correction, *, by: User) -> None:
    photo = proofs.current_portrait(correction.student)
    if photo is not None:
        reason = correction.answer or correction.explanation or _("The student asks for another photo.")
        decisions.reset(photo=photo, reason=reason, by=by)


def decline(correction: Correction, *, by: User, answer: str) -> Correction:
    """Decline the correction with an answer that the student reads."""
    return corrections.decline_correction(correction=correction, by=by, answer=answer)


def reveal(correction: Correction, *, by: User) -> tuple[str, str]:
    """(in the roster, asked for) in clear. That a document number is shown is recorded in the history."""
    if correction.field != Field.ID_NUMBER:
        return present_shown(correction), corrections.masked_wanted_value(correction)
    kind = f"{correction.get_wanted_type_display()} " if correction.wanted_type else ""
    present = records.reveal_id_number(student=correction.student, by=by)
    return present, kind + corrections.wanted_value(correction)


def present_shown(correction: Correction) -> str:
    """The present value of the field for display. A document number is masked."""
    student = correction.student
    if correction.field == Field.ID_NUMBER:
        return student.masked_id
    if correction.field == Field.GENDER:
        return str(student.get_gender_display())
    return corrections.current_value(student, correction.field)
