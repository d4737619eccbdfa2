"""The database itself keeps the sums of the ledger, and takes them from nobody."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction
from django.db.models import Sum
from django.utils import timezone

from billing.accounts import fee_accounts, ledger
from billing.models import DaySum, FeeAccount, LedgerEntry, Order
from portal import history
from portal.tenancy import center_scope, school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories

pytestmark = pytest.mark.django_db
Kind = LedgerEntry.Kind


@pytest.fixture(autouse=True)
def _every_school():
    with system_scope():
        yield


@pytest.fixture
def account(school, season, enrolment, center_admin):
    """Two students photographed, 20 yuan transferred, a third one paid online: 10 yuan are due."""
    for _ in range(2):
        factories.student(school, season, stage=Student.Stage.APPROVED)
    fee_accounts.record_transfer(
        enrolment, by=center_admin, amount_fen=2000, booked_on=timezone.localdate() - dt.timedelta(3), reference="B-1"
    )
    order = Order.objects.create(
        number="N1",
        school=school,
        season=season,
        student=factories.student(school, season),
        provider="simulator",
        amount_fen=1500,
        expires_at=timezone.now(),
    )
    ledger.confirm_payment(order, amount_fen=1500, external_id="P1", by=history.SYSTEM)
    return ledger.account_of(enrolment)


def entry_of(account: FeeAccount, **fields) -> LedgerEntry:
    values = {"kind": Kind.CHARGE, "amount_fen": 700} | fields
    return LedgerEntry(account=account, school=account.school, season=account.season, **values)


def test_the_balance_of_account_and_entry_runs_with_the_entries(account):
    entries = LedgerEntry.objects.order_by("id")
    assert [(row.kind, row.amount_fen, row.balance_fen) for row in entries] == [
        ("charge", 3000, 3000),
        ("payment", -2000, 1000),
        ("charge", 1500, 2500),
        ("payment", -1500, 1000),
    ]
    assert account.balance_fen == 1000 == entries.aggregate(sum=Sum("amount_fen"))["sum"]


def test_the_sums_of_the_day_are_kept_by_kind_and_provider(account):
    rows = DaySum.objects.order_by("provider", "kind").values_list(
        "provider", "kind", "entries", "debit_fen", "credit_fen"
    )
    assert list(rows) == [
        ("", "charge", 1, 3000, 0),
        ("", "payment", 1, 0, 2000),
        ("simulator", "charge", 1, 1500, 0),
        ("simulator", "payment", 1, 0, 1500),
    ]
    assert set(DaySum.objects.values_list("day", flat=True)) == {timezone.localdate()}  # the day of posting


def test_an_entry_knows_the_balance_that_the_database_wrote(account):
    entry = entry_of(account)
    entry.save()
    history.record("ledger.charge", entry, by=history.SYSTEM)
    assert entry.balance_fen == 1700


def test_nobody_writes_a_balance(account, school):
    for scope in (lambda: school_scope(school), center_scope, system_scope):
        with scope(), pytest.raises(ProgrammingError, match="is the sum of its entries"), transaction.atomic():
            FeeAccount.objects.filter(pk=account.pk).update(balance_fen=0)
    account.refresh_from_db()
    assert account.balance_fen == 1000


def test_an_account_begins_with_nothing(account, other_school, season):
    enrolment = Enrolment.objects.get(school=other_school)
    with pytest.raises(ProgrammingError, match="is the sum of its entries"), transaction.atomic():
        FeeAccount.objects.create(
            enrolment=enrolment, school=other_school, season=season, reference="TC1", balance_fen=5
        )


def test_nobody_writes_the_sums_of_a_day(account, school):
    for scope in (lambda: school_scope(school), center_scope, system_scope):
        for change in (lambda: DaySum.objects.update(debit_fen=0), lambda: DaySum.objects.all().delete()):
            with scope(), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                change()


def test_an_entry_that_is_left_out_as_a_double_leaves_no_trace_in_the_sums(account):
    double = entry_of(account, kind=Kind.PAYMENT, amount_fen=-2000, external_id="transfer:b-1")
    with pytest.raises(IntegrityError, match="in the books already"), transaction.atomic():
        LedgerEntry.objects.bulk_create([double], ignore_conflicts=True)
    account.refresh_from_db()
    assert account.balance_fen == 1000
    assert DaySum.objects.aggregate(sum=Sum("entries"))["sum"] == LedgerEntry.objects.count() == 4


def test_an_entry_without_an_event_is_refused_at_the_end_of_its_transaction(account):
    entry = entry_of(account)
    with transaction.atomic():
        entry.save()
        with pytest.raises(IntegrityError, match="has no event in the history"):
            connection.check_constraints()  # as at the commit
        transaction.set_rollback(True)
    assert LedgerEntry.objects.count() == 4
