"""Waivers: the center asks no fee of a student, with a kind and a reason."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.accounts import ledger
from billing.books import sheets
from billing.models import Order, Waiver
from billing.online import orders
from portal import history, notifications
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from schools.models import Season
from students.models import Student
from students.privacy import erasure

FeeState = Student.FeeState
MAX_EXPORTED = 20_000  # waivers in one file
COLUMNS = (
    *("学校", "学号", "姓名", "减免类别", "减免原因"),
    *("批准人", "批准时间", "撤销人", "撤销时间", "撤销原因"),
)


@dataclass(frozen=True)
class Granted:
    """What became of the students who were picked: how many have the waiver now, had one, have paid already."""

    waived: int
    had: int
    paid: int


@retried
def grant(*, students: Iterable[int], season: Season, kind: str, reason: str, by: User) -> Granted:
    """Waive the fee of the students with these ids. Who has paid is left out: the payment is refunded first.

    Their open orders end, and a photo that waited for the fee is handed in by its sweep. Raises PortalError for nobody, an unknown kind and no reason.
    """
    reason = _checked(reason)
    if kind not in Waiver.Kind.values:
        raise PortalError(_("Please choose why the fee is waived."))
    picked = Student.objects.filter(pk__in=set(students), season=season).select_related("school")
    rows = list(picked.select_for_update(of=("self",), no_key=True).order_by("pk"))
    if not rows:
        raise PortalError(_("Please pick the students first."))
    paid = [student for student in rows if student.fee_state == FeeState.PAID]
    had = [student for student in rows if student.fee_state == FeeState.WAIVED]
    waived = [student for student in rows if student.fee_state not in (FeeState.PAID, FeeState.WAIVED)]
    for student in waived:
        _grant(student, kind, reason, by)
    orders.end_open(Order.objects.filter(student__in=waived))
    return Granted(len(waived), len(had), len(paid))


def _grant(student: Student, kind: str, reason: str, by: User) -> None:
    waiver = Waiver.objects.create(
        school_id=student.school_id,
        season_id=student.season_id,
        student=student,
        kind=kind,
        reason=reason,
        granted_by=by,
    )
    history.record("waiver.granted", waiver, by=by, facts={"kind": kind, "student": student.pk})
    ledger.set_fee_state(student, FeeState.WAIVED, by=by)
    notifications.notify(student, school=student.school, kind="fee.waived", parameters={"waiver": kind})


@retried
def revoke(waiver: Waiver, *, reason: str, by: User) -> Waiver:
    """End a waiver; the fee is due again, unless the student has paid all the same. Conflict for one that has ended."""
    reason = _checked(reason)
    student = Student.objects.select_for_update(no_key=True).get(pk=waiver.student_id)
    changes = {"revoked_at": timezone.now(), "revoked_by": by, "revoked_reason": reason}
    if not Waiver.objects.filter(pk=waiver.pk, revoked_at=None).update(**changes):
        raise Conflict(_("This waiver has been revoked already."))
    waiver.refresh_from_db()
    history.record("waiver.revoked", waiver, by=by, facts={"kind": waiver.kind, "student": student.pk})
    if student.fee_state == FeeState.WAIVED:
        ledger.set_fee_state(student, FeeState.UNPAID, by=by)
        notifications.notify(student, school=student.school, kind="fee.waiver_revoked")
    return waiver


def _checked(reason: str) -> str:
    if not reason.strip():
        raise PortalError(_("Please give the reason."))
    return reason.strip()[:200]


def export(waivers: QuerySet[Waiver], *, of: Model, by: User) -> bytes:
    """The waivers as an .xlsx file. `of`: the object of the event, the season."""
    number = waivers.count()
    if number > MAX_EXPORTED:
        raise PortalError(
            _("A file holds at most %(most)d rows. Choose a kind or a state first.") % {"most": MAX_EXPORTED}
        )
    rows = (_row(waiver) for waiver in waivers.select_related("student", "school", "granted_by", "revoked_by"))
    history.record("waivers.exported", of, by=by, facts={"count": number})
    with sheets.write("减免名单", COLUMNS, rows) as file:
        return file.read()


def _row(waiver: Waiver) -> list[str]:
    return [
        waiver.school.name,
        waiver.student.student_no,
        waiver.student.name,
        str(waiver.get_kind_display()),
        waiver.reason,
        str(waiver.granted_by or ""),
        f"{timezone.localtime(waiver.granted_at):%Y-%m-%d %H:%M}",
        str(waiver.revoked_by or ""),
        f"{timezone.localtime(waiver.revoked_at):%Y-%m-%d %H:%M}" if waiver.revoked_at else "",
        waiver.revoked_reason,
    ]


@erasure.registers_eraser
def _erase_reasons(student: Student, whole: bool) -> None:
    """That the fee was waived stays, as the accounts need it; why is told of nobody any more."""
    Waiver.objects.filter(student=student).update(reason=erasure.ERASED, revoked_reason="")
