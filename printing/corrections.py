"""Corrections (勘误): what a student says is wrong with portrait or data, and what the school decides."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from capture import review
from printing import proofing
from schools import history, messages, states
from schools.errors import PortalError
from schools.models import User
from students import id_numbers, identity
from students.models import Correction, Student

Field = Correction.Field
MAX_OPEN = 5


def ask(student: Student, *, field: str, wanted: str, explanation: str, by: Student) -> Correction:
    """The student asks for one thing to be put right; a confirmation given before is taken back."""
    with transaction.atomic():
        locked, enrolment = proofing.locked_row(student)
        proofing.refuse_closed(enrolment)
        _refuse_senseless(locked, field, wanted)
        correction = Correction(
            school_id=locked.school_id,
            student=locked,
            field=field,
            explanation=explanation.strip(),
            **_wanted(field, wanted),
        )
        correction.save()
        history.record("correction.open", correction, by=by, after=correction.status, facts={"field": field})
        proofing.dispute(locked, by=by)
        messages.tell_school(
            student.school,
            kind="correction.open",
            subject=_("%(name)s asks for a correction") % {"name": locked.name},
            body=_("Asked for: %(field)s.") % {"field": correction.get_field_display()},
            link="/school/corrections/",
        )
    student.stage = locked.stage
    return correction


def _refuse_senseless(student: Student, field: str, wanted: str) -> None:
    open_ones = student.corrections.filter(status=Correction.Status.OPEN)
    if open_ones.filter(field=field).exists():
        raise PortalError(_("You have asked for this already. Please wait for the answer of your school."))
    if open_ones.count() >= MAX_OPEN:
        raise PortalError(_("You have asked for several corrections already. Please wait for the answers."))
    if field == Field.PORTRAIT:
        return
    if not wanted.strip():
        raise PortalError(_("Write down what is right."))
    if field == Field.ID_NUMBER:
        _check_id_number(student, identity.normalise(wanted))
    elif wanted.strip() == _current(student, field):
        raise PortalError(_("This is what the roster says already."))


def _check_id_number(student: Student, number: str) -> None:
    """The same rules as for a roster; the number itself is in no message."""
    if identity.digest(number) == student.id_hash:
        raise PortalError(_("This is what the roster says already."))
    problem = id_numbers.problem_of(number, student.id_type)
    if problem is not None:
        raise PortalError(str(problem))


def _current(student: Student, field: str) -> str:
    return str(getattr(student, field, ""))


def _wanted(field: str, wanted: str) -> dict[str, Any]:
    if field == Field.ID_NUMBER:
        return {"wanted_sealed": identity.encrypt(identity.normalise(wanted))}
    return {"wanted": "" if field == Field.PORTRAIT else wanted.strip()}


def accept(correction: Correction, *, by: User, answer: str = "") -> Correction:
    """The student is right: the roster is changed, or the portrait is taken back to be photographed again."""
    with transaction.atomic():
        _decide(correction, Correction.Status.ACCEPTED, by=by, answer=answer)
        student = Student.objects.select_for_update(of=("self",)).get(pk=correction.student_id)
        if correction.field == Field.PORTRAIT:
            _take_portrait_back(student, correction, by=by)
        else:
            _apply(student, correction, by=by)
        _tell(correction, student, _("Your correction has been made"))
    return correction


def decline(correction: Correction, *, by: User, answer: str) -> Correction:
    """The data are right as they are; the student reads why and confirms then."""
    if not answer.strip():
        raise PortalError(_("Tell the student why nothing is changed."))
    with transaction.atomic():
        _decide(correction, Correction.Status.DECLINED, by=by, answer=answer)
        _tell(correction, correction.student, _("Your request for a correction was declined"))
    return correction


def _decide(correction: Correction, to: str, *, by: User, answer: str) -> None:
    states.change(
        correction, to, by=by, answer=answer.strip(), decided_at=timezone.now(), decided_by_name=by.actor_name
    )


def _apply(student: Student, correction: Correction, *, by: User) -> None:
    before = _current(student, correction.field) if correction.field != Field.ID_NUMBER else ""
    if correction.field == Field.ID_NUMBER:
        student.id_number = _wanted_number(correction)
        changed = ["id_sealed", "id_hash"]
    else:
        setattr(student, correction.field, correction.wanted)
        changed = [correction.field]
    try:
        with transaction.atomic():
            student.save(update_fields=[*changed, "updated_at"])
    except IntegrityError as error:
        raise PortalError(_("Another student of this season has this document number already.")) from error
    facts = {correction.field: [before, correction.wanted] if before else "changed", "correction": correction.pk}
    history.record("student.corrected", student, by=by, facts=facts)


def _take_portrait_back(student: Student, correction: Correction, *, by: User) -> None:
    photo = proofing.current_portrait(student)
    if photo is None:
        return
    reason = correction.answer or correction.explanation or _("The student asks for another photo.")
    review.reset(photo=photo, reason=reason, by=by)


def _tell(correction: Correction, student: Student, subject: str) -> None:
    body = f"{correction.get_field_display()}: {correction.answer or correction.get_status_display()}"
    messages.tell(
        student,
        school=student.school,
        kind=f"correction.{correction.status}",
        subject=subject,
        body=body,
        link="/me/proof/" if correction.field != Field.PORTRAIT else "/me/",
        email=student.email,
    )


def _wanted_number(correction: Correction) -> str:
    return identity.decrypt(bytes(correction.wanted_sealed or b""))


def wanted_value(correction: Correction) -> str:
    """What the student says is right; a document number masked."""
    if correction.field == Field.ID_NUMBER and correction.wanted_sealed:
        return identity.mask(_wanted_number(correction))
    if correction.field == Field.GENDER:
        return str(dict(Student.Gender.choices).get(correction.wanted, correction.wanted))
    return correction.wanted


def current_value(correction: Correction) -> str:
    """What the roster says now; a document number masked."""
    if correction.field == Field.PORTRAIT:
        return ""
    if correction.field == Field.ID_NUMBER:
        return correction.student.masked_id
    if correction.field == Field.GENDER:
        return str(correction.student.get_gender_display())
    return _current(correction.student, correction.field)
