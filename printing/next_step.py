"""What a school has to do next, from the roster to the parcel. Each state has its function.

It stands in printing, the last room that a school's season passes, since it reads all of them.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from capture.models import Slot, Station
from portal.models import Membership, Role
from printing.models import Shipment
from proofing import proofs
from proofing.models import Feedback
from schools.days import opening_hours
from schools.models import Action, Enrolment
from schools.notices import reading
from students.models import Correction, Student

Status = Enrolment.Status
Stage = Student.Stage


@dataclass(frozen=True)
class Step:
    """A step with a link.

    `tone`: "act" (the school must act), "look" (it should check) or "ok" (it waits).
    """

    text: str
    detail: str = ""
    action: str = ""
    url: str = ""
    tone: str = "act"


def find_next_step(enrolment: Enrolment) -> Step:
    return _STEPS[Status(enrolment.status)](enrolment)


def _preparing(enrolment: Enrolment) -> Step:
    if not proofs.students_of(enrolment).exists():
        return Step(
            _("Import the roster of your graduates."),
            _("Download the template, fill it in, upload it: wrong cells are shown before anything is written."),
            _("Import the roster"),
            reverse("students:roster"),
        )
    return Step(
        _("Name your stations and write a notice to the students before the first day."),
        _("Capture begins with the first photo on your area's days."),
        _("Stations and notice"),
        reverse("capture:stations"),
        "look",
    )


def _capturing(enrolment: Enrolment) -> Step:
    review = proofs.students_of(enrolment).filter(stage=Stage.REVIEW).count()
    if review:
        text = ngettext("%(n)s photo waits for your review.", "%(n)s photos wait for your review.", review)
        return Step(
            text % {"n": f"{review:,}"},
            _("Return what does not pass on the same day, so that the student can come again."),
            _("Review"),
            reverse("capture:review"),
        )
    asked = _corrections(enrolment)
    if asked:
        return asked
    missing = proofs.students_of(enrolment).filter(stage__in=(Stage.WAITING, Stage.RETAKE)).count()
    if missing:
        text = ngettext(
            "%(n)s student has not been photographed yet.", "%(n)s students have not been photographed yet.", missing
        )
        return Step(
            text % {"n": f"{missing:,}"},
            _("Look which classes are behind and remind them."),
            _("Roster"),
            f"{reverse('students:roster')}?stage=waiting",
            "look",
        )
    return Step(
        _("Everybody has been photographed. Open the proofreading."),
        _("From then on the working days for the feedback form count."),
        _("Proofreading"),
        reverse("proofing:proofs"),
    )


def _corrections(enrolment: Enrolment) -> Step | None:
    """What is to be checked; else what waits for a second person."""
    rows = Correction.objects.filter(student__school=enrolment.school_id, student__season=enrolment.season_id)
    counts = dict(rows.filter(status__in=Correction.UNDECIDED).order_by().values_list("status").annotate(n=Count("*")))
    url = reverse("proofing:corrections")
    if asked := counts.get(Correction.Status.OPEN):
        text = ngettext("%(n)s correction is asked for.", "%(n)s corrections are asked for.", asked)
        detail = _("Compare each with its evidence or your register; the student is told.")
        return Step(text % {"n": f"{asked:,}"}, detail, _("Corrections"), url)
    if checked := counts.get(Correction.Status.CHECKED):
        text = ngettext(
            "%(n)s correction waits for a second person.", "%(n)s corrections wait for a second person.", checked
        )
        detail = _("Whoever has not checked it accepts; where there is nobody else, the center does.")
        return Step(text % {"n": f"{checked:,}"}, detail, _("Corrections"), f"{url}?status=checked")
    return None


def _proofreading(enrolment: Enrolment) -> Step:
    asked = _corrections(enrolment)
    if asked:
        return asked
    counts = proofs.count_students(enrolment)
    due = _("The feedback form is due on %(day)s.") % {"day": enrolment.proof_due_on} if enrolment.proof_due_on else ""
    if counts.undecided:
        text = ngettext("%(n)s photo waits for your review.", "%(n)s photos wait for your review.", counts.undecided)
        return Step(text % {"n": f"{counts.undecided:,}"}, due, _("Review"), reverse("capture:review"))
    if counts.to_confirm:
        text = ngettext(
            "%(n)s student has not proofread yet.", "%(n)s students have not proofread yet.", counts.to_confirm
        )
        return Step(text % {"n": f"{counts.to_confirm:,}"}, due, _("Proofreading"), reverse("proofing:proofs"), "look")
    return _form(enrolment, due)


def _form(enrolment: Enrolment, due: str) -> Step:
    made = Feedback.objects.filter(enrolment=enrolment).first()
    if made is None:
        text = _("Everybody has been confirmed. Make the feedback form.")
    elif made.status == Feedback.Status.SENT_BACK:
        text, due = _("The center has sent the feedback form back."), made.reason
    else:
        text = _("Have the feedback form stamped and send it here.")
    return Step(text, due, _("Feedback form"), reverse("proofing:feedback"))


def _waiting(enrolment: Enrolment) -> Step:
    """The school waits for the center, unless students must proofread again."""
    pending = _corrections(enrolment) or _reopened(enrolment)
    if pending:
        return pending
    text, detail = _waiting_texts(Status(enrolment.status))
    return Step(text, detail, _("Prints"), reverse("printing:prints"), "ok")


def _waiting_texts(status: Status) -> tuple[str, str]:
    """(text, detail) of a state in which the school waits."""
    portraits = _("The electronic portraits can be downloaded now.")
    texts = {
        Status.FEEDBACK_SENT: (
            _("The feedback form is with the center."),
            _("You are told when it has been looked at."),
        ),
        Status.FEEDBACK_ACCEPTED: (_("The form has been accepted. The center prints your photos."), portraits),
        Status.PRINTING: (_("The center is printing your photos."), portraits),
        Status.RECEIVED: (_("All done: the photos have arrived. Hand them out by class."), ""),
    }
    return texts[status]


def _reopened(enrolment: Enrolment) -> Step | None:
    """The step for students who must proofread again: their data changed after the form."""
    count = proofs.awaiting_confirmation(enrolment).count() if enrolment.allows(Action.CONFIRM) else 0
    if not count:
        return None
    text = ngettext("%(n)s student has not proofread yet.", "%(n)s students have not proofread yet.", count)
    return Step(
        text % {"n": f"{count:,}"},
        _("Their data have changed since. They are printed once they are proofread again."),
        _("Proofreading"),
        reverse("proofing:proofs"),
    )


def _shipped(enrolment: Enrolment) -> Step:
    parcel = Shipment.objects.filter(run__enrolment=enrolment, status=Shipment.Status.SHIPPED).first()
    detail = f"{parcel.carrier} {parcel.tracking_no}" if parcel else ""
    return Step(
        _("The photos are on their way. Confirm once the parcel has arrived."),
        detail,
        _("Confirm receipt"),
        reverse("printing:prints"),
    )


@dataclass(frozen=True)
class Point:
    """Something that keeps the school from its next step, or a line of the list for the first day."""

    text: str
    url: str
    is_done: bool = False


def by_when(enrolment: Enrolment, today: dt.date) -> dt.date | None:
    """The day by which the step should be done: the first or last day of the capture, or the form's day."""
    if enrolment.status == Status.PROOFREADING:
        return enrolment.proof_due_on
    periods = opening_hours.periods_of(school=enrolment.school, season=enrolment.season)
    if enrolment.status == Status.PREPARING:
        return min((period.starts_on for period in periods if period.ends_on >= today), default=None)
    return opening_hours.last_regular_day(periods) if enrolment.status == Status.CAPTURING else None


def obstacles(enrolment: Enrolment) -> list[Point]:
    """What blocks students while the school photographs and proofreads."""
    if not enrolment.allows(Action.DAILY_CHECK):
        return []
    students, roster = proofs.students_of(enrolment), reverse("students:roster")
    found = []
    if locked := students.filter(locked_at__isnull=False).count():
        text = ngettext("%(n)s account is locked.", "%(n)s accounts are locked.", locked) % {"n": f"{locked:,}"}
        found.append(Point(text, f"{roster}?locked=yes"))
    if enrolment.payment_mode == Enrolment.PaymentMode.STUDENT:
        unpaid = students.filter(stage=Stage.READY, fee_state=Student.FeeState.UNPAID).count()
        if unpaid:
            text = ngettext(
                "%(n)s portrait is ready and waits for the fee.",
                "%(n)s portraits are ready and wait for the fee.",
                unpaid,
            )
            found.append(Point(text % {"n": f"{unpaid:,}"}, f"{roster}?stage=ready&fee_state=unpaid"))
    return found


def first_day(enrolment: Enrolment) -> list[Point]:
    """What a school does before it photographs, while it prepares; empty afterwards."""
    if enrolment.status != Status.PREPARING:
        return []
    school, season = enrolment.school, enrolment.season
    admins = Membership.objects.filter(school=school, roles__contains=[Role.SCHOOL_ADMIN], user__is_active=True)
    unconfirmed = reading.received(school, season).filter(notice__asks_confirmation=True, is_confirmed=False)
    return [
        Point(
            _("Name the person responsible for the capture"),
            reverse("portal:school_people"),
            Membership.objects.filter(school=school, is_contact=True).exists(),
        ),
        Point(
            _("Make an account for a second administrator"),
            reverse("portal:school_people"),
            admins.count() >= 2,
        ),
        Point(_("Import the roster"), reverse("students:roster"), proofs.students_of(enrolment).exists()),
        Point(
            _("Name the stations"),
            reverse("capture:stations"),
            Station.objects.filter(school=school, season=season).exists(),
        ),
        Point(
            _("Plan when each class comes"),
            reverse("capture:plan"),
            Slot.objects.filter(school=school, season=season).exists(),
        ),
        Point(_("Read and confirm the notices of the center"), reverse("schools:notices"), not unconfirmed.exists()),
        Point(_("Write the notice to the students"), reverse("capture:stations"), bool(enrolment.student_notice)),
    ]


_STEPS: dict[Status, Callable[[Enrolment], Step]] = {
    Status.PREPARING: _preparing,
    Status.CAPTURING: _capturing,
    Status.PROOFREADING: _proofreading,
    Status.FEEDBACK_SENT: _waiting,
    Status.FEEDBACK_ACCEPTED: _waiting,
    Status.PRINTING: _waiting,
    Status.SHIPPED: _shipped,
    Status.RECEIVED: _waiting,
}
