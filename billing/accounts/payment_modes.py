"""The center changes who pays, the school or its students, also after the first payment.

Students who have paid stay paid, and the school does not pay for them; a school that has paid for all has overpaid when
its students pay, and is refunded. Nobody pays twice without a person who sees it.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing.accounts import fee_accounts
from billing.models import Order
from billing.online import orders, providers
from portal import history, notifications
from portal.errors import Conflict, PortalError
from portal.models import User
from schools.models import Enrolment
from students.models import Student

Mode = Enrolment.PaymentMode


def other(mode: str) -> Enrolment.PaymentMode:
    return Mode.STUDENT if mode == Mode.SCHOOL else Mode.SCHOOL


def switch(enrolment: Enrolment, *, mode: str, reason: str, by: User) -> Enrolment:
    """Let the other side pay from now on, with a reason. The students whom it concerns and the school are told.

    To the school: open orders end (the settling task closes them at the provider), and photos that waited for the fee
    are handed in by their sweep. Raises Conflict where the mode is that already.
    """
    if not reason.strip():
        raise PortalError(_("Please give the reason."))
    if mode == Mode.STUDENT and not providers.of(enrolment.season):
        raise PortalError(_("Payment online is not set up here. Choose payment by the school."))
    with transaction.atomic():
        locked = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
        if locked.payment_mode == mode:
            raise Conflict
        before, locked.payment_mode = locked.payment_mode, mode
        locked.save(update_fields=["payment_mode"])
        facts = {"reason": reason.strip()[:200]}
        history.record("enrolment.payment_mode", locked, by=by, before=before, after=mode, facts=facts)
        concerned = list(_concerned(locked, mode).only("id", "email", "language", "school_id"))
        kind = "fee.school_pays" if mode == Mode.SCHOOL else "fee.students_pay"
        notifications.notify_many(concerned, school=enrolment.school, kind=kind)
        notifications.notify_school(
            enrolment.school, season=enrolment.season, kind="fee.mode_switched", parameters={"mode": str(mode), **facts}
        )
        if mode == Mode.SCHOOL:
            orders.end_open(Order.objects.filter(season=locked.season_id, school=locked.school_id))
        fee_accounts.post_charge(locked, by=by)
    enrolment.payment_mode = mode
    return enrolment


def _concerned(enrolment: Enrolment, mode: str) -> QuerySet[Student]:
    """The students who owe: with a photo that waits or is handed in, or with an open order."""
    own = Student.objects.filter(season=enrolment.season_id, school=enrolment.school_id)
    owing = own.filter(fee_state__in=(Student.FeeState.UNPAID, Student.FeeState.BY_SCHOOL))
    if mode == Mode.STUDENT:
        return owing.filter(stage__in=(Student.Stage.READY, *Student.CAPTURED))
    waiting = owing.filter(stage=Student.Stage.READY)
    return waiting | owing.filter(pk__in=Order.objects.filter(status=Order.Status.CREATED).values("student"))
