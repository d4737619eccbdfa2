"""A school's fee: the price times its photographed students, without those who paid online."""

from collections import Counter
from dataclasses import dataclass

from django.db import transaction
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext as _

from billing.accounts import ledger
from billing.models import FeeAccount, LedgerEntry, Order, SchoolRefund
from billing.online import orders, providers
from portal import history
from portal.errors import PortalError
from portal.formatting import yuan
from portal.models import User
from schools.models import Enrolment, Season
from students.models import Student

Kind = LedgerEntry.Kind
# What a school has transferred, without what went back to it.
RECEIVED = (Kind.PAYMENT, Kind.REFUND, Kind.REVERSAL)


@dataclass(frozen=True)
class Statement:
    """The sums of one school's account; amounts in fen, the other figures in students."""

    photographed: int
    paid_by_students: int
    unpaid_students: int
    waived: int
    billed: int  # for whom the school pays: nobody where the students pay
    price_fen: int
    received_fen: int
    student_fen: int

    @property
    def charged_fen(self) -> int:
        return self.billed * self.price_fen

    @property
    def due_fen(self) -> int:
        return max(0, self.charged_fen - self.received_fen)

    @property
    def overpaid_fen(self) -> int:
        return max(0, self.received_fen - self.charged_fen)

    @property
    def is_settled(self) -> bool:
        return self.charged_fen > 0 and not self.due_fen


def billed_students(enrolment: Enrolment) -> QuerySet[Student]:
    """The photographed students for whom the school pays.

    None when the students pay; otherwise all who did not pay online and whose fee is not waived.
    """
    photographed = Student.objects.filter(
        season=enrolment.season_id, school=enrolment.school_id, stage__in=Student.CAPTURED
    )
    if enrolment.payment_mode != Enrolment.PaymentMode.SCHOOL:
        return photographed.none()
    return photographed.exclude(fee_state__in=Student.NOT_BILLED)


def billed_count(enrolment: Enrolment) -> int:
    return billed_students(enrolment).count()


def statement(enrolment: Enrolment) -> Statement:
    """The sums of the school's account at this moment. Writes nothing."""
    photographed = Student.objects.filter(
        season=enrolment.season_id, school=enrolment.school_id, stage__in=Student.CAPTURED
    )
    counts = dict(photographed.order_by().values_list("fee_state").annotate(n=Count("*")))
    entries = LedgerEntry.objects.filter(account__enrolment=enrolment)
    sums = entries.aggregate(
        received=Sum("amount_fen", filter=Q(kind__in=RECEIVED, order=None)),
        student=Sum("amount_fen", filter=Q(kind__in=(Kind.PAYMENT, Kind.REFUND, Kind.MOVED)) & ~Q(order=None)),
    )
    return Statement(
        photographed=sum(counts.values()),
        paid_by_students=counts.get(Student.FeeState.PAID, 0),
        unpaid_students=counts.get(Student.FeeState.UNPAID, 0),
        waived=counts.get(Student.FeeState.WAIVED, 0),
        billed=billed_count(enrolment),
        price_fen=enrolment.season.price_fen,
        received_fen=-(sums["received"] or 0),
        student_fen=-(sums["student"] or 0),
    )


def post_charge(enrolment: Enrolment, *, by: history.Actor) -> FeeAccount:
    """Adjust the school's charge to its number of students, and mark the account settled or open."""
    with transaction.atomic():
        account = ledger.account_of(enrolment)
        ledger.post_charges({account.pk: billed_count(enrolment)}, by=by)
    return account


def post_season_charges(season: Season) -> int:
    """Adjust the charges of all schools of the season, in a fixed number of queries. Returns the number of schools."""
    by_school = Enrolment.PaymentMode.SCHOOL
    enrolments = list(Enrolment.objects.filter(season=season).values_list("pk", "school_id", "payment_mode"))
    captured = Student.objects.filter(season=season, stage__in=Student.CAPTURED)
    with transaction.atomic():
        billed = Counter(
            dict(
                captured.exclude(fee_state__in=Student.NOT_BILLED)
                .order_by()
                .values_list("school")
                .annotate(number=Count("*"))
            )
        )
        accounts = ledger.accounts_of(pk for pk, _school, _mode in enrolments)
        ledger.post_charges(
            {accounts[pk].pk: billed[school] if mode == by_school else 0 for pk, school, mode in enrolments},
            by=history.SYSTEM,
        )
    return len(enrolments)


def record_transfer(enrolment: Enrolment, *, by: User, **transfer: object) -> LedgerEntry:
    """Enter a bank transfer of the school. `transfer` holds the fields of `ledger.post_transfer`.

    The account is marked settled when the transfer covers the charge.
    """
    with transaction.atomic():
        account = post_charge(enrolment, by=by)
        entry = ledger.post_transfer(account, by=by, **transfer)  # type: ignore[arg-type]
        ledger.update_settled([account.pk], by=by)
    return entry


def reverse_transfer(entry: LedgerEntry, *, reason: str, by: User) -> LedgerEntry:
    """Cancel a transfer that was entered in error. Returns the counter-entry.

    Raises PortalError while an open refund rests on the transfer.
    """
    with transaction.atomic():
        counter = ledger.post_reversal(entry, reason=reason, by=by)
        ledger.update_settled([entry.account_id], by=by)
        open_refunds = SchoolRefund.objects.filter(account=entry.account_id, status__in=SchoolRefund.OPEN)
        set_aside = open_refunds.aggregate(sum=Sum("amount_fen"))["sum"] or 0
        if set_aside > statement(entry.account.enrolment).overpaid_fen:
            raise PortalError(
                _("Refunds of %(amount)s yuan that are asked for or approved rest on this transfer. Decide them first.")
                % {"amount": yuan(set_aside)}
            )
    return counter


def choose_payment_mode(enrolment: Enrolment, *, mode: str, by: User) -> Enrolment:
    """Set who pays, the school or its students.

    Raises PortalError once a payment or a transfer has been booked.

    The end of the capture does not fix the choice.
    """
    if mode == enrolment.payment_mode:
        return enrolment
    if mode == Enrolment.PaymentMode.STUDENT and not providers.of(enrolment.season):
        raise PortalError(_("Payment online is not set up here. Choose payment by the school."))
    with transaction.atomic():
        locked = Enrolment.objects.select_for_update(no_key=True).get(pk=enrolment.pk)
        own = Order.objects.filter(season=locked.season_id, school=locked.school_id)
        if own.filter(status__in=Order.RECEIVED).exists():
            raise PortalError(_("Students have paid already. Ask the center if the way of payment must change."))
        if LedgerEntry.objects.filter(account__enrolment=locked, kind=Kind.PAYMENT).exists():
            raise PortalError(
                _("A transfer has been recorded already. Ask the center if the way of payment must change.")
            )
        orders.end_open(own)
        before, locked.payment_mode = locked.payment_mode, mode
        locked.save(update_fields=["payment_mode"])
        history.record("enrolment.payment_mode", locked, by=by, before=before, after=mode)
    enrolment.payment_mode = mode
    return enrolment


def transfers(enrolment: Enrolment) -> QuerySet[LedgerEntry]:
    """The transfers of the school, and back to it, that nobody has reversed, the newest first."""
    own = LedgerEntry.objects.filter(account__enrolment=enrolment, order=None)
    reversals = own.filter(
        kind=Kind.REVERSAL, external_id=Concat(Value("reversal:"), Cast(OuterRef("pk"), CharField()))
    )
    return own.filter(~Exists(reversals), kind__in=(Kind.PAYMENT, Kind.REFUND))


def school_entries(enrolment: Enrolment) -> QuerySet[LedgerEntry]:
    """The entries of the school itself, without those of its students' orders."""
    return LedgerEntry.objects.filter(account__enrolment=enrolment, order=None).select_related("by")
