"""Corrections while proofreading: what `students.corrections` decides about data, and what follows for the portrait.

A portrait that is cut wrongly is framed by hand (`capture.portraits.remake`) and the complaint accepted; any other complaint that is
right means another photo.
"""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from capture.portraits import remake
from capture.review import decisions
from portal.errors import PortalError
from portal.models import User
from portal.transactions import retried
from proofing import proofs
from schools.models import Action
from students import corrections, unmasking
from students.models import Correction, Student

Field = Correction.Field


@retried
def ask(student: Student, *, field: str, wanted: str, explanation: str, by: Student) -> Correction:
    """The student asks for one thing to be put right; a confirmation given before is taken back."""
    locked, enrolment = proofs.locked_row(student)
    enrolment.require(Action.CORRECT)
    correction = corrections.ask(student=locked, field=field, wanted=wanted, explanation=explanation, by=by)
    proofs.dispute(locked, by=by)
    student.stage = locked.stage
    return correction


@retried
def accept(correction: Correction, *, by: User, answer: str = "") -> Correction:
    """The student is right: the roster is changed, or the portrait is taken back to be photographed again."""
    decided = corrections.accept(correction=correction, by=by, answer=answer)
    if decided.field == Field.PORTRAIT:
        _take_portrait_back(decided, by=by)
    return decided


def accept_framed(correction: Correction, *, by: User, answer: str = "") -> Correction:
    """The student is right, and the portrait has been framed anew since: it is read once more, no photo is taken."""
    if not is_framed_since(correction):
        raise PortalError(_("The portrait has not been framed anew since the student asked. Adjust the frame first."))
    answer = answer or _("Your portrait has been framed anew. Please look at it.")
    return corrections.accept(correction=correction, by=by, answer=answer)


def is_framed_since(correction: Correction) -> bool:
    return correction.pk in framed_since([correction])


def framed_since(rows: Iterable[Correction]) -> set[int]:
    """Which of these are about a portrait that has been framed anew since: two queries, however many they are."""
    asked = [row for row in rows if row.field == Field.PORTRAIT]
    photo_of = dict(proofs.portraits_of([row.student for row in asked]).values_list("student_id", "pk"))
    framed = remake.framed_at(photo_of.values())
    moments = {student_id: framed[photo_id] for student_id, photo_id in photo_of.items() if photo_id in framed}
    return {row.pk for row in asked if row.student_id in moments and moments[row.student_id] > row.created_at}


def _take_portrait_back(correction: Correction, *, by: User) -> None:
    photo = proofs.current_portrait(correction.student)
    if photo is not None:
        reason = correction.answer or correction.explanation or _("The student asks for another photo.")
        decisions.reset(photo=photo, reason=reason, by=by)


def decline(correction: Correction, *, by: User, answer: str) -> Correction:
    """Portrait and data are right as they are; the student reads why and confirms then."""
    return corrections.decline(correction=correction, by=by, answer=answer)


def reveal(correction: Correction, *, by: User) -> tuple[str, str]:
    """(in the roster, asked for): both document numbers in clear, since nobody can decide by their masks; recorded."""
    return unmasking.reveal(student=correction.student, by=by), corrections.wanted_value(correction)


def present_shown(correction: Correction) -> str:
    """What the roster says now, a document number masked."""
    student = correction.student
    if correction.field == Field.ID_NUMBER:
        return student.masked_id
    if correction.field == Field.GENDER:
        return str(student.get_gender_display())
    return corrections.present(student, correction.field)
