"""The feedback form: the portal fills it in, the school stamps it, the center decides."""

import tempfile
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import files, history, notifications
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.pdf.fonts import installed_fonts
from proofing import proofs, scanned_paper
from proofing.feedback_form import FeedbackFormData, write_feedback_form
from proofing.models import Feedback
from schools.models import Action, Enrolment
from students.correcting import corrections
from students.models import Correction

# What the form's second question calls the center: the short name in the notice, or "your center".
CENTER_SHORT, ANY_CENTER = "省招就中心", "贵中心"
PDF, JPEG = "application/pdf", "image/jpeg"
_OPINIONS = list(Feedback.Opinion.values)


def make(
    enrolment: Enrolment,
    *,
    by: User,
    quality: str = "",
    service: str = "",
    remarks: str = "",
    handler_name: str = "",
    handler_phone: str = "",
) -> Feedback:
    """Fill in the form, or fill it in again.

    Raises PortalError when proofreading is not complete.
    """
    fields = {
        "quality": quality,
        "service": service,
        "remarks": remarks,
        "handler_name": handler_name,
        "handler_phone": handler_phone,
    }
    with transaction.atomic():
        count = _require_complete(enrolment)
        feedback = Feedback.objects.select_for_update(no_key=True).filter(enrolment=enrolment).first()
        if feedback is None:
            feedback = Feedback(school_id=enrolment.school_id, season_id=enrolment.season_id, enrolment=enrolment)
        elif feedback.status not in (Feedback.Status.MADE, Feedback.Status.SENT_BACK):
            raise PortalError(_("The form is with the center already."))
        for name, value in {"students": count, **fields}.items():
            setattr(feedback, name, value)
        feedback.save()
        history.record("feedback.made", feedback, by=by, after=feedback.status, facts={"students": count})
    return feedback


def _require_complete(enrolment: Enrolment) -> int:
    """The number of portraits that the form confirms.

    Raises PortalError when proofreading is not complete.
    """
    enrolment.require(Action.FEEDBACK)
    now = proofs.count_students(enrolment)
    if now.is_complete:
        return now.portraits
    left = now.undecided + now.to_confirm
    if left:
        raise PortalError(
            ngettext(
                "%(n)d student is not confirmed yet. Finish the proofreading first.",
                "%(n)d students are not confirmed yet. Finish the proofreading first.",
                left,
            )
            % {"n": left}
        )
    raise PortalError(_("No student has an approved portrait yet, so there is nothing to proofread."))


def send(feedback: Feedback, *, data: bytes, by: User) -> Feedback:
    """The school sends the stamped form. `data` is a PDF or a picture of the sheet."""
    with transaction.atomic():
        _require_complete(_enrolment_of(feedback))  # before the file is opened, and again when it is stored
    if not states.may(feedback, Feedback.Status.SENT):
        raise Conflict
    name, content, kind = stamped_file(data, by=by)
    with files.writing() as write:  # before the lock
        written = write.store(feedback, {"stamped": content}, filename=name)
        _record_sent(feedback, written | {"stamped_type": kind}, by=by)
    return feedback


def _record_sent(feedback: Feedback, written: dict[str, Any], *, by: User) -> None:
    with transaction.atomic():
        enrolment = _enrolment_of(feedback)
        count = _require_complete(enrolment)
        files.delete_after_commit([feedback.stamped.name])
        states.change(
            feedback,
            Feedback.Status.SENT,
            by=by,
            facts={"students": count},
            **written,
            students=count,
            sent_at=timezone.now(),
            reason="",
        )
        states.change(enrolment, Enrolment.Status.FEEDBACK_SENT, by=by, only_from=[Enrolment.Status.PROOFREADING])


def stamped_file(data: bytes, *, by: User) -> tuple[str, bytes, str]:
    """(file name, bytes to store, media type) of an uploaded form, found by its content.

    A PDF becomes a picture of its pages. Raises PortalError for a file that is too large, damaged, or
    neither PDF nor picture.
    """
    return "feedback.jpg", scanned_paper.picture_of(data, purpose="feedback", by=by), JPEG


def accept(feedback: Feedback, *, by: User) -> Feedback:
    """The center accepts the form.

    The portraits are fixed from then on, and sheets may be printed.
    """
    with transaction.atomic():
        enrolment = _enrolment_of(feedback)
        _refuse_changed(feedback, enrolment)
        states.change(feedback, Feedback.Status.ACCEPTED, by=by, decided_at=timezone.now())
        states.change(enrolment, Enrolment.Status.FEEDBACK_ACCEPTED, by=by)
        _notify(feedback, n=feedback.students)
    return feedback


def _refuse_changed(feedback: Feedback, enrolment: Enrolment) -> None:
    now = proofs.count_students(enrolment)
    if not now.is_complete or now.portraits != feedback.students:
        raise PortalError(
            _(
                "Something has changed since the form was sent: it confirms %(then)d students, %(now)d are confirmed now. Send it back to the school."
            )
            % {"then": feedback.students, "now": now.proofed}
        )


def send_back(feedback: Feedback, *, reason: str, by: User) -> Feedback:
    """The center sends the form back with a reason. The school corrects it and sends it again."""
    if not reason.strip():
        raise PortalError(_("Tell the school what is wrong with the form."))
    with transaction.atomic():
        enrolment = _enrolment_of(feedback)
        states.change(
            feedback,
            Feedback.Status.SENT_BACK,
            by=by,
            facts={"reason": reason.strip()},
            reason=reason.strip(),
            decided_at=timezone.now(),
        )
        states.change(enrolment, Enrolment.Status.PROOFREADING, by=by, only_from=[Enrolment.Status.FEEDBACK_SENT])
        _notify(feedback, reason=reason.strip())
    return feedback


def _enrolment_of(feedback: Feedback) -> Enrolment:
    return (
        Enrolment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("season", "school")
        .get(pk=feedback.enrolment_id)
    )


def _notify(feedback: Feedback, **parameters: object) -> None:
    notifications.notify_school(
        feedback.school, season=feedback.season, kind=f"feedback.{feedback.status}", parameters=parameters
    )


def corrected_since(feedback: Feedback | None) -> list[Correction]:
    """What was corrected after the center accepted the form, which confirmed the data before."""
    if feedback is None or feedback.status != Feedback.Status.ACCEPTED or feedback.decided_at is None:
        return []
    return list(corrections.accepted_since(feedback.decided_at, school=feedback.school, season=feedback.season))


def form_data(enrolment: Enrolment, feedback: Feedback | None) -> FeedbackFormData:
    """The values of the form. Without `feedback` the answers are left blank."""
    season = enrolment.season
    data: dict[str, Any] = {
        "center": season.center_name,
        "center_short": CENTER_SHORT if "招生就业" in season.center_name else ANY_CENTER,
        "school": enrolment.school.name,
        "class_year": season.graduating_class,
        "season_year": season.year,
        "number": f"{season.year}-{enrolment.school.code}",
    }
    if feedback is not None:
        data |= {
            "count": feedback.students,
            "received_on": enrolment.capture_ended_on,
            "portraits_quality": _choice(feedback.quality),
            "service_quality": _choice(feedback.service),
            "remarks": feedback.remarks,
            "handler": feedback.handler_name,
            "phone": feedback.handler_phone,
            "corrected": tuple(dict.fromkeys(row.student.student_no for row in corrected_since(feedback))),
        }
    return FeedbackFormData(**data)


def _choice(opinion: str) -> int | None:
    return _OPINIONS.index(opinion) if opinion else None


def form_pdf(enrolment: Enrolment, feedback: Feedback | None) -> bytes:
    """The form as a PDF of one page."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_feedback_form(
            form_data(enrolment, feedback), Path(folder) / "form.pdf", fonts=installed_fonts("serif")
        )
        return path.read_bytes()
