"""What a school owes: the students actually photographed times the price, less what students paid themselves."""

from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from billing import ledger
from billing.models import FeeAccount, LedgerEntry, Order
from portal import history
from portal.errors import PortalError
from portal.models import User
from portal.tenancy import school_scope
from schools.models import Enrolment, Season
from students.models import Student

Kind = LedgerEntry.Kind


@dataclass(frozen=True)
class Statement:
    """An account at a glance; amounts in fen."""

    photographed: int
    paid_by_students: int
    unpaid_students: int
    price_fen: int
    charged_fen: int
    received_fen: int
    student_fen: int

    @property
    def billed(self) -> int:
        """Students the school pays for."""
        return self.photographed - self.paid_by_students

    @property
    def due_fen(self) -> int:
        return self.charged_fen - self.received_fen

    @property
    def is_settled(self) -> bool:
        return self.charged_fen > 0 and self.due_fen <= 0


def billed_count(enrolment: Enrolment) -> int:
    """Students photographed for whom the school pays: all in school mode but those who paid online before."""
    if enrolment.payment_mode != Enrolment.PaymentMode.SCHOOL:
        return 0
    photographed = Student.objects.filter(
        season=enrolment.season_id, school=enrolment.school_id, stage__in=Student.CAPTURED
    )
    return photographed.exclude(fee_state=Student.FeeState.PAID).count()


def statement(enrolment: Enrolment) -> Statement:
    """The account as of now; reads only."""
    students = Student.objects.filter(season=enrolment.season_id, school=enrolment.school_id)
    captured, paid = Q(stage__in=Student.CAPTURED), Q(fee_state=Student.FeeState.PAID)
    counts = students.aggregate(
        captured=Count("pk", filter=captured),
        paid=Count("pk", filter=captured & paid),
        unpaid=Count("pk", filter=captured & Q(fee_state=Student.FeeState.UNPAID)),
    )
    entries = LedgerEntry.objects.filter(account__enrolment=enrolment)
    sums = entries.aggregate(
        received=Sum("amount_fen", filter=Q(kind__in=(Kind.PAYMENT, Kind.REVERSAL), order=None)),
        student=Sum("amount_fen", filter=Q(kind__in=(Kind.PAYMENT, Kind.REFUND)) & ~Q(order=None)),
    )
    return Statement(
        photographed=counts["captured"],
        paid_by_students=counts["paid"],
        unpaid_students=counts["unpaid"],
        price_fen=enrolment.season.price_fen,
        charged_fen=billed_count(enrolment) * enrolment.season.price_fen,
        received_fen=-(sums["received"] or 0),
        student_fen=-(sums["student"] or 0),
    )


def bring_up_to_date(enrolment: Enrolment, *, by: history.Actor) -> FeeAccount:
    """Post the school's charge as it stands and settle the account if it is covered."""
    with transaction.atomic():
        account = ledger.account_of(enrolment)
        ledger.charge_school(account, captured=billed_count(enrolment), by=by)
        ledger.settle(account, by=by)
    return account


def bring_season_up_to_date(season: Season) -> int:
    """Every night: the charges of all schools follow the count of the day."""
    enrolments = list(Enrolment.objects.filter(season=season).select_related("school", "season"))
    for enrolment in enrolments:
        with school_scope(enrolment.school):
            bring_up_to_date(enrolment, by=history.SYSTEM)
    return len(enrolments)


def receive_transfer(enrolment: Enrolment, *, by: User, **transfer: object) -> LedgerEntry:
    """Record the school's bank transfer; an account it covers is settled at once. See ledger.record_transfer."""
    with transaction.atomic():
        account = bring_up_to_date(enrolment, by=by)
        entry = ledger.record_transfer(account, by=by, **transfer)  # type: ignore[arg-type]
        ledger.settle(account, by=by)
    return entry


def take_back_transfer(entry: LedgerEntry, *, reason: str, by: User) -> LedgerEntry:
    with transaction.atomic():
        counter = ledger.reverse(entry, reason=reason, by=by)
        ledger.settle(entry.account, by=by)
    return counter


def choose_payment_mode(enrolment: Enrolment, *, mode: str, by: User) -> Enrolment:
    """The school says who pays. Fixed once money has moved, or the capture is over."""
    if mode == enrolment.payment_mode:
        return enrolment
    if mode == Enrolment.PaymentMode.STUDENT and not settings.PAYMENT_PROVIDER:
        raise PortalError(_("Payment online is not set up here. Choose payment by the school."))
    with transaction.atomic():
        locked = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
        if Order.objects.filter(season=locked.season_id, school=locked.school_id, status=Order.Status.PAID).exists():
            raise PortalError(_("Students have paid already. Ask the center if the way of payment must change."))
        if LedgerEntry.objects.filter(account__enrolment=locked, kind=Kind.PAYMENT).exists():
            raise PortalError(
                _("A transfer has been recorded already. Ask the center if the way of payment must change.")
            )
        before, locked.payment_mode = locked.payment_mode, mode
        locked.save(update_fields=["payment_mode"])
        history.record("enrolment.payment_mode", locked, by=by, before=before, after=mode)
    enrolment.payment_mode = mode
    return enrolment


def entries(enrolment: Enrolment) -> QuerySet[LedgerEntry]:
    """The school's own movements (students' payments are listed by order)."""
    return LedgerEntry.objects.filter(account__enrolment=enrolment, order=None).select_related("by")
