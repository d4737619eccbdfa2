"""The only module that writes ledger entries. Amounts are integer fen.

An entry is never changed; a mistake is corrected by a counter-entry. What is owed is positive, what
was received is negative: the sum of an account's entries is the amount still due.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from operator import or_
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet, Sum
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
    account, _created = FeeAccount.objects.get_or_create(enrolment=enrolment, defaults=_account_fields(enrolment))
    return account


def _account_fields(enrolment: Enrolment) -> dict[str, Any]:
    reference = reference_of(enrolment.season.year, enrolment.school.code)
    return {"school_id": enrolment.school_id, "season_id": enrolment.season_id, "reference": reference}


def accounts_of(enrolments: Iterable[int]) -> dict[int, FeeAccount]:
    """{id of an enrolment: its account}; those that are missing are created. A fixed number of queries."""
    wanted = set(enrolments)
    found = FeeAccount.objects.filter(enrolment__in=wanted).select_related("season")
    missing = wanted - {account.enrolment_id for account in found}
    if missing:
        without = Enrolment.objects.filter(pk__in=missing).select_related("school", "season")
        FeeAccount.objects.bulk_create(
            [FeeAccount(enrolment=row, **_account_fields(row)) for row in without], ignore_conflicts=True
        )
        found = found.all()
    return {account.enrolment_id: account for account in found}


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
def post_charges(captured: Mapping[int, int], *, by: history.Actor) -> list[LedgerEntry]:
    """Adjust the charge of each account, {id: students}, to that number of students times the price.

    Posts the differences to the charges so far, and marks the accounts settled or open. A fixed number of queries.
    """
    accounts = _locked(captured)
    charged = _charged(captured)
    wanted = {account.pk: captured[account.pk] * account.season.price_fen for account in accounts}
    entries = [
        LedgerEntry(
            school_id=account.school_id,
            season_id=account.season_id,
            account=account,
            kind=Kind.CHARGE,
            amount_fen=wanted[account.pk] - charged[account.pk],
            by=by if isinstance(by, User) else None,
            remarks=_("%(n)d students photographed") % {"n": captured[account.pk]},
        )
        for account in accounts
        if wanted[account.pk] != charged[account.pk]
    ]
    LedgerEntry.objects.bulk_create(entries)
    told = [(entry, {"amount_fen": entry.amount_fen, "reference": ""}) for entry in entries]
    history.record_each("ledger.charge", told, by=by)
    update_settled(captured, by=by)
    return entries


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
    facts = {"fee_state": [before, fee_state]}
    history.record("student.fee", student, by=by, before=before, after=fee_state, facts=facts)


@retried
def update_settled(accounts: Collection[int], *, by: history.Actor) -> None:
    """Mark the accounts settled or open by their balance; update the fee state of their students.

    Settled is an account with a charge on which nothing is due. A fixed number of queries.
    """
    rows, charged = _locked(accounts), _charged(accounts)
    settled = [row for row in rows if charged[row.pk] > 0 and row.balance_fen <= 0]
    still_open = [row for row in rows if row not in settled]
    unpaid, by_school = Student.FeeState.UNPAID, Student.FeeState.BY_SCHOOL
    _students_of(settled).filter(stage__in=Student.CAPTURED, fee_state=unpaid).update(fee_state=by_school)
    _students_of(still_open).filter(fee_state=by_school).update(fee_state=unpaid)
    _mark([row for row in settled if not row.settled_at], timezone.now(), "fees.settled", by=by)
    _mark([row for row in still_open if row.settled_at], None, "fees.reopened", by=by)


def _locked(accounts: Collection[int]) -> list[FeeAccount]:
    """In the order of their ids: two who lock several wait for each other."""
    rows = FeeAccount.objects.filter(pk__in=accounts).select_related("season").order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True))


def _charged(accounts: Collection[int]) -> Counter[int]:
    """{id of an account: what the school itself owes, in fen}."""
    charges = LedgerEntry.objects.filter(account__in=accounts, kind=Kind.CHARGE, order=None)
    return Counter(dict(charges.order_by().values_list("account").annotate(Sum("amount_fen"))))


def _students_of(accounts: Iterable[FeeAccount]) -> QuerySet[Student]:
    """The students of the accounts' schools in their seasons."""
    schools: dict[int, list[int]] = {}
    for account in accounts:
        schools.setdefault(account.season_id, []).append(account.school_id)
    own = (Q(season=season, school__in=ids) for season, ids in schools.items())
    return Student.objects.filter(reduce(or_, own)) if schools else Student.objects.none()


def _mark(accounts: list[FeeAccount], at: dt.datetime | None, kind: str, *, by: history.Actor) -> None:
    FeeAccount.objects.filter(pk__in=[account.pk for account in accounts]).update(settled_at=at)
    history.record_each(kind, [(account, {}) for account in accounts], by=by)
