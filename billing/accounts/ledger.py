"""The only module that writes ledger entries. Amounts are integer fen.

An entry is never changed; a mistake is corrected by a counter-entry. What is owed is positive, what
was received is negative: the sum of an account's entries is the amount still due.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import CheckViolation

from billing.accounts.references import reference_of
from billing.models import BankLine, FeeAccount, LedgerEntry, Order, Waiver
from billing.online import receipts
from portal import history
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import PortalError
from portal.models import User
from schools.models import Enrolment
from students.models import Student

Kind = LedgerEntry.Kind


def account_of(enrolment: Enrolment) -> FeeAccount:
    """The school's account of the season; it is created at the first call."""
    reference = reference_of(enrolment.season.year, enrolment.school.code)
    account, _created = FeeAccount.objects.get_or_create(
        enrolment=enrolment,
        defaults={"school_id": enrolment.school_id, "season_id": enrolment.season_id, "reference": reference},
    )
    return account


def _lock(account: FeeAccount) -> FeeAccount:
    return FeeAccount.objects.select_for_update(no_key=True).get(pk=account.pk)


def _post(
    account: FeeAccount, kind: Kind, amount_fen: int, *, by: history.Actor, order: Order | None = None, **fields: Any
) -> LedgerEntry:
    try:
        with transaction.atomic():
            entry = LedgerEntry.objects.create(
                school_id=account.school_id,
                season_id=account.season_id,
                account=account,
                kind=kind,
                amount_fen=amount_fen,
                order=order,
                provider=order.provider if order else "",
                by=by if isinstance(by, User) else None,
                **fields,
            )
    except IntegrityError as error:
        if isinstance(error.__cause__, CheckViolation):
            raise PortalError(_("The line of the bank statement does not hold so much money any more.")) from error
        raise PortalError(_("An entry with this reference is in the books already.")) from error
    history.record(f"ledger.{kind}", entry, by=by, facts={"amount_fen": amount_fen, "reference": entry.reference})
    return entry


def sum_entries(account: FeeAccount, *kinds: Kind, school_only: bool = False) -> int:
    """Sum in fen of the entries of these kinds (all kinds when none is named)."""
    entries = account.entries.filter(kind__in=kinds) if kinds else account.entries.all()
    if school_only:
        entries = entries.filter(order=None)
    return entries.aggregate(sum=Sum("amount_fen"))["sum"] or 0


@retried
def post_charge(account: FeeAccount, *, captured: int, by: history.Actor) -> LedgerEntry | None:
    """Adjust the school's charge to `captured` students times the price.

    Posts the difference to the charge so far; returns None when there is none.
    """
    account = _lock(account)
    wanted = captured * account.season.price_fen
    difference = wanted - sum_entries(account, Kind.CHARGE, school_only=True)
    if not difference:
        return None
    return _post(
        account,
        Kind.CHARGE,
        difference,
        by=by,
        remarks=_("%(n)d students photographed") % {"n": captured},
    )


def post_transfer(
    account: FeeAccount,
    *,
    amount_fen: int,
    booked_on: dt.date,
    reference: str,
    by: User,
    remarks: str = "",
    bank_line: BankLine | None = None,
) -> LedgerEntry:
    """Post a bank transfer of the school; `bank_line`: the line of a bank statement that it books.

    Raises PortalError when the amount is not positive, the day is in the future, or a transfer with
    the same bank reference has been posted and not been reversed.
    """
    if amount_fen <= 0:
        raise PortalError(_("The amount must be more than zero."))
    if booked_on > timezone.localdate():
        raise PortalError(_("The value date lies in the future."))
    with transaction.atomic():
        account = _lock(account)
        return _post(
            account,
            Kind.PAYMENT,
            -amount_fen,
            by=by,
            reference=reference,
            external_id=_transfer_id(account, Kind.PAYMENT, reference),
            booked_on=booked_on,
            remarks=remarks,
            bank_line=bank_line,
        )


def _transfer_id(account: FeeAccount, kind: Kind, reference: str) -> str:
    """The unique key of a transfer, whatever its reference was typed in: full width, capitals, spaces.

    It counts earlier reversals, so that a reversed transfer can be entered again.
    """
    plain = re.sub(r"[\s#]", "", unicodedata.normalize("NFKC", reference).casefold())
    key = f"transfer:{plain if len(plain) <= 50 else hashlib.sha256(plain.encode()).hexdigest()[:40]}"
    same = account.entries.filter(Q(external_id=key) | Q(external_id__startswith=f"{key}#"), kind=kind)
    counter_entries = [f"reversal:{pk}" for pk in same.values_list("pk", flat=True)]
    reversed_before = account.entries.filter(kind=Kind.REVERSAL, external_id__in=counter_entries).count()
    return key + (f"#{reversed_before}" if reversed_before else "")


def post_school_refund(
    account: FeeAccount,
    *,
    amount_fen: int,
    booked_on: dt.date,
    reference: str,
    by: User,
    remarks: str = "",
    **of_line: Any,
) -> LedgerEntry:
    """Post a transfer back to the school. `accounts.school_refunds` decides whether it may be.

    Raises PortalError when the day is in the future, or the same bank reference is in the books.
    """
    if booked_on > timezone.localdate():
        raise PortalError(_("The value date lies in the future."))
    with transaction.atomic():
        account = _lock(account)
        return _post(
            account,
            Kind.REFUND,
            amount_fen,
            by=by,
            reference=reference,
            external_id=_transfer_id(account, Kind.REFUND, reference),
            booked_on=booked_on,
            remarks=remarks,
            **of_line,
        )


def post_reversal(entry: LedgerEntry, *, reason: str, by: User) -> LedgerEntry:
    """Post the counter-entry of a transfer, of the school or back to it, that was entered in error.

    A second reversal raises PortalError.
    """
    if not entry.is_reversible:
        raise PortalError(_("Only a recorded transfer can be reversed."))
    if not reason.strip():
        raise PortalError(_("Say why the entry is reversed."))
    with transaction.atomic():
        account = _lock(entry.account)
        return _post(
            account,
            Kind.REVERSAL,
            -entry.amount_fen,
            by=by,
            reference=entry.reference,
            external_id=f"reversal:{entry.pk}",
            remarks=reason,
            bank_line_id=entry.bank_line_id,  # whose money is free again
        )


def _lock_for_order(order: Order) -> tuple[FeeAccount, Order]:
    """Lock the rows of account, student and order, in this sequence, and return account and order.

    The sequence prevents deadlocks: `update_settled` locks the account before students, and
    `orders.open_order` locks the student before the order.
    """
    account = _lock(
        account_of(
            Enrolment.objects.select_related("school", "season").get(season=order.season_id, school=order.school_id)
        )
    )
    student = Student.objects.select_for_update(no_key=True).get(pk=order.student_id)
    order = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    order.student = student
    return account, order


@retried
def confirm_payment(order: Order, *, amount_fen: int, external_id: str, by: history.Actor) -> Order:
    """Post a student's online payment: the charge and the payment; order and student become paid.

    A second call for the same payment changes nothing. Raises PortalError when the amount differs
    from the order's, or when another payment has been booked for the order or the student.
    """
    account, order = _lock_for_order(order)
    if order.status in (*Order.RECEIVED, Order.Status.REFUNDED, Order.Status.MOVED):
        if not order.entries.filter(kind=Kind.PAYMENT, external_id=external_id).exists():
            raise PortalError(_("This order has been paid already by another payment."))
        return order
    if amount_fen != order.amount_fen:
        raise PortalError(_("The amount paid is not the amount of the order."))
    if Order.objects.filter(student=order.student, season=order.season_id, status__in=Order.RECEIVED).exists():
        raise PortalError(_("This student has paid already by another order."))
    _post(account, Kind.CHARGE, amount_fen, by=by, order=order, external_id=f"charge:{order.number}")
    _post(account, Kind.PAYMENT, -amount_fen, by=by, order=order, reference=external_id, external_id=external_id)
    states.change(order, Order.Status.PAID, by=by, paid_at=timezone.now())
    set_fee_state(order.student, Student.FeeState.PAID, by=by)
    receipts.issue(order, by=by)  # the last: its lock makes other payments of the season wait
    return order


def move_payment(order: Order, *, to: Student, by: history.Actor) -> Order:
    """Book a student's payment over to the school that the student is at now (`to`): charge and payment leave the one
    account and stand on the other. Returns the order there; the provider knows it by the number of the first one.

    Call it in the transaction of the move, in a scope of both schools.
    """
    parties = {order.school_id, to.school_id}
    enrolments = Enrolment.objects.select_related("school", "season").filter(season=order.season_id, school__in=parties)
    accounts = {row.school_id: _lock(account_of(row)) for row in enrolments.order_by("pk")}
    here, there = accounts[order.school_id], accounts[to.school_id]
    paid = order.entries.get(kind__in=(Kind.PAYMENT, Kind.MOVED), amount_fen__lt=0)
    states.change(order, Order.Status.MOVED, by=by)
    before = Order.objects.filter(provider_number=order.number_at_provider).count()
    twin = Order.objects.create(
        number=f"{order.number_at_provider}M{before + 1}",
        provider_number=order.number_at_provider,
        school_id=to.school_id,
        student=to,
        status=Order.Status.PAID,
        **{name: getattr(order, name) for name in ("season_id", "provider", "merchant", "channel")},
        **{name: getattr(order, name) for name in ("amount_fen", "expires_at", "paid_at")},
    )
    facts = {"order": order.number, "amount_fen": twin.amount_fen}
    history.record("order.moved_here", twin, by=by, after=twin.status, facts=facts)
    amount, reference = order.amount_fen, paid.reference
    _post(here, Kind.MOVED, amount, by=by, order=order, reference=reference, external_id=f"moved:{order.number}")
    _post(here, Kind.CHARGE, -amount, by=by, order=order, external_id=f"uncharge:{order.number}")
    _post(there, Kind.CHARGE, amount, by=by, order=twin, external_id=f"charge:{twin.number}")
    _post(there, Kind.MOVED, -amount, by=by, order=twin, reference=reference, external_id=f"moved:{twin.number}")
    set_fee_state(order.student, Student.FeeState.UNPAID, by=by)
    set_fee_state(to, Student.FeeState.PAID, by=by)
    return twin


@retried
def post_refund(order: Order, *, amount_fen: int, external_id: str, by: history.Actor) -> Order:
    """Post that a student's payment was refunded, and the counter-entry of its charge.

    A second call for the same refund changes nothing. Raises PortalError when the amount differs from the order's, or
    when another refund of it is in the books, and Conflict when no refund was asked for.
    """
    account, order = _lock_for_order(order)
    if order.status == Order.Status.REFUNDED:
        if not order.entries.filter(kind=Kind.REFUND, external_id=external_id).exists():
            raise PortalError(_("This order has been refunded already by another refund."))
        return order
    if amount_fen != order.amount_fen:
        raise PortalError(_("The amount refunded is not the amount of the order."))
    states.change(order, Order.Status.REFUNDED, by=by)
    _post(account, Kind.REFUND, order.amount_fen, by=by, order=order, external_id=external_id)
    _post(account, Kind.CHARGE, -order.amount_fen, by=by, order=order, external_id=f"uncharge:{order.number}")
    receipts.void(order, by=by)
    is_waived = Waiver.objects.filter(student=order.student, revoked_at=None).exists()
    set_fee_state(order.student, Student.FeeState.WAIVED if is_waived else Student.FeeState.UNPAID, by=by)
    return order


def set_fee_state(student: Student, fee_state: str, *, by: history.Actor) -> None:
    """Write the student's fee state, which is derived from the ledger.

    Call it in the transaction of the entries.
    """
    before = student.fee_state
    Student.objects.filter(pk=student.pk).update(fee_state=fee_state)
    student.fee_state = fee_state
    history.record("student.fee", student, by=by, before=before, after=fee_state)


@retried
def update_settled(account: FeeAccount, *, by: history.Actor) -> bool:
    """Mark the account settled or open by its balance; update the fee state of its students.

    Returns whether the account is settled: there is a charge, and nothing is due.
    """
    account = _lock(account)
    owed = sum_entries(account, Kind.CHARGE, school_only=True)
    settled = owed > 0 and sum_entries(account) <= 0
    unpaid, by_school = Student.FeeState.UNPAID, Student.FeeState.BY_SCHOOL
    students = Student.objects.filter(season=account.season_id, school=account.school_id)
    if settled:
        students.filter(stage__in=Student.CAPTURED, fee_state=unpaid).update(fee_state=by_school)
    else:
        students.filter(fee_state=by_school).update(fee_state=unpaid)
    if settled != (account.settled_at is not None):
        account.settled_at = timezone.now() if settled else None
        account.save(update_fields=["settled_at"])
        history.record("fees.settled" if settled else "fees.reopened", account, by=by)
    return settled
