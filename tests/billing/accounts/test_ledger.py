import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.accounts import fee_accounts, ledger
from billing.models import FeeAccount, LedgerEntry
from billing.online import orders
from portal.errors import PortalError
from portal.models import Event
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def photographed(school, season):
    return [factories.student(school, season, stage=Student.Stage.APPROVED) for _ in range(3)]


def transfer(enrolment, by, amount_fen=4500, reference="B-1", **fields):
    return fee_accounts.record_transfer(
        enrolment, by=by, amount_fen=amount_fen, booked_on=timezone.localdate(), reference=reference, **fields
    )


def test_statement_counts_photographed_students_times_price(photographed, enrolment, scoped, season):
    factories.student(scoped, season, stage=Student.Stage.WAITING)
    statement = fee_accounts.statement(enrolment)
    assert (statement.photographed, statement.charged_fen, statement.due_fen) == (3, 4500, 4500)


def test_transfer_that_covers_the_charge_settles_account_and_students(photographed, enrolment, scoped, center_admin):
    transfer(enrolment, center_admin)
    account = ledger.account_of(enrolment)
    assert account.settled_at is not None
    assert ledger.sum_entries(account) == 0
    assert set(Student.objects.values_list("fee_state", flat=True)) == {Student.FeeState.BY_SCHOOL}
    assert Event.objects.filter(kind="fees.settled").count() == 1


def test_part_of_the_money_settles_nothing(photographed, enrolment, scoped, center_admin):
    transfer(enrolment, center_admin, amount_fen=3000)
    assert ledger.account_of(enrolment).settled_at is None
    assert fee_accounts.statement(enrolment).due_fen == 1500


def test_same_bank_reference_is_entered_once(photographed, enrolment, scoped, center_admin):
    transfer(enrolment, center_admin, amount_fen=100)
    with pytest.raises(PortalError, match=said("An entry with this reference is in the books already.")):
        transfer(enrolment, center_admin, amount_fen=100)
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.PAYMENT).count() == 1


@pytest.mark.parametrize("typed", ["ｂ-1", "b-1", " B -1"])
def test_same_bank_reference_is_the_same_however_it_was_typed(photographed, enrolment, scoped, center_admin, typed):
    entry = transfer(enrolment, center_admin, amount_fen=100)
    with pytest.raises(PortalError, match=said("An entry with this reference is in the books already.")):
        transfer(enrolment, center_admin, amount_fen=100, reference=typed)
    fee_accounts.reverse_transfer(entry, reason="another account", by=center_admin)
    again = transfer(enrolment, center_admin, amount_fen=100, reference=typed)
    fee_accounts.reverse_transfer(again, reason="another account", by=center_admin)
    assert transfer(enrolment, center_admin, amount_fen=100)


def test_a_reference_that_grows_when_it_is_made_plain_is_taken(photographed, enrolment, scoped, center_admin):
    assert transfer(enrolment, center_admin, reference="㋿" * 50).external_id.startswith("transfer:")


def test_charge_follows_the_count_and_settled_account_reopens(photographed, enrolment, scoped, season, center_admin):
    transfer(enrolment, center_admin)
    factories.student(scoped, season, stage=Student.Stage.REVIEW)
    account = fee_accounts.post_charge(enrolment, by=center_admin)
    account.refresh_from_db()
    assert account.settled_at is None
    assert ledger.sum_entries(account) == 1500
    fee_accounts.post_charge(enrolment, by=center_admin)
    assert ledger.sum_entries(account) == 1500


def test_reversal_takes_a_transfer_back_once(photographed, enrolment, scoped, center_admin):
    entry = transfer(enrolment, center_admin)
    fee_accounts.reverse_transfer(entry, reason="wrong school", by=center_admin)
    assert fee_accounts.statement(enrolment).due_fen == 4500
    with pytest.raises(PortalError):
        fee_accounts.reverse_transfer(entry, reason="again", by=center_admin)


@pytest.mark.parametrize("amount", [0, -100])
def test_transfer_of_nothing_is_refused(enrolment, scoped, center_admin, amount):
    with pytest.raises(PortalError, match=said("The amount must be more than zero.")):
        transfer(enrolment, center_admin, amount_fen=amount)


def test_value_date_in_the_future_is_refused(enrolment, scoped, center_admin):
    account = ledger.account_of(enrolment)
    with pytest.raises(PortalError, match=said("The value date lies in the future.")):
        ledger.post_transfer(
            account,
            amount_fen=100,
            booked_on=timezone.localdate() + dt.timedelta(days=1),
            reference="x",
            by=center_admin,
        )


def test_database_refuses_to_change_an_entry(photographed, enrolment, scoped, center_admin):
    entry = transfer(enrolment, center_admin)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE billing_ledgerentry SET amount_fen = 1 WHERE id = %s", [entry.pk])


def test_payment_mode_is_fixed_once_money_moved(photographed, enrolment, scoped, owner, center_admin):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.SCHOOL, by=owner)
    transfer(enrolment, center_admin, amount_fen=100)
    with pytest.raises(
        PortalError,
        match=said("A transfer has been recorded already. Ask the center if the way of payment must change."),
    ):
        fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)


def test_a_transfer_entered_wrongly_is_reversed_and_entered_anew(photographed, enrolment, scoped, center_admin):
    for amount_fen in (450, 4050):
        wrong = transfer(enrolment, center_admin, amount_fen=amount_fen)
        fee_accounts.reverse_transfer(wrong, reason="digits swapped", by=center_admin)
    transfer(enrolment, center_admin, amount_fen=4500)
    assert ledger.sum_entries(ledger.account_of(enrolment)) == 0
    with pytest.raises(PortalError, match=said("An entry with this reference is in the books already.")):
        transfer(enrolment, center_admin, amount_fen=4500)


def test_every_movement_stands_in_the_history_with_its_amount(photographed, enrolment, scoped, center_admin):
    transfer(enrolment, center_admin)
    charge, payment = (Event.objects.get(kind=f"ledger.{kind}") for kind in ("charge", "payment"))
    assert charge.facts["amount_fen"] == 4500
    assert (payment.facts, payment.actor_key) == ({"amount_fen": -4500, "reference": "B-1"}, center_admin.actor_key)


def test_charge_that_fits_is_not_written_again(photographed, enrolment, scoped, center_admin):
    for _ in range(2):
        fee_accounts.post_charge(enrolment, by=center_admin)
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.CHARGE).count() == 1


def test_chosen_way_of_payment_is_kept_and_the_school_owes_nothing(photographed, enrolment, scoped, owner):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    kept = Enrolment.objects.select_related("season").get(pk=enrolment.pk)
    assert kept.payment_mode == Enrolment.PaymentMode.STUDENT
    assert fee_accounts.statement(kept).charged_fen == 0


def test_students_cannot_pay_where_no_provider_is_set_up(enrolment, scoped, owner):
    enrolment.season.payment_merchants = []
    with pytest.raises(PortalError, match=said("Payment online is not set up here. Choose payment by the school.")):
        fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)


def test_what_students_paid_is_not_charged_to_the_school(photographed, enrolment, scoped, owner):
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    order = orders.open_order(student=photographed[0], enrolment=enrolment)
    ledger.confirm_payment(order, amount_fen=order.amount_fen, external_id="P-1", by=owner)
    account = fee_accounts.post_charge(enrolment, by=owner)
    assert (ledger.sum_entries(account), LedgerEntry.objects.filter(order=None).count()) == (0, 0)


def test_where_the_students_pay_the_school_is_billed_for_nobody(student, enrolment, owner, scoped):
    factories.photo(student)
    assert fee_accounts.statement(enrolment).billed == 1
    fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)
    found = fee_accounts.statement(enrolment)
    assert (found.photographed, found.unpaid_students, found.billed, found.charged_fen) == (1, 1, 0, 0)


def test_at_night_all_schools_are_charged_in_as_many_queries_as_one(season, center_admin):
    def run():
        with CaptureQueriesContext(connection) as queries, system_scope():
            fee_accounts.post_season_charges(season)
        return len(queries)

    def school_with(code, students):
        school = factories.school(season=season, code=code, name=code)
        with school_scope(school):
            for _ in range(students):
                factories.student(school, season, stage=Student.Stage.APPROVED)
        return school

    paid, _owing = school_with("10101", 2), school_with("10102", 1)
    first = run()
    with school_scope(paid):
        transfer(factories.enrolment_of(paid, season), center_admin, amount_fen=3000)
        assert set(Student.objects.values_list("fee_state", flat=True)) == {Student.FeeState.BY_SCHOOL}
        factories.student(paid, season, stage=Student.Stage.APPROVED)
    others = [school_with(f"1020{n}", n) for n in range(4)]
    students_pay = others[3]
    with school_scope(students_pay):
        enrolment = factories.enrolment_of(students_pay, season)
        fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=center_admin)
    assert run() <= first + 2  # an account is reopened
    with system_scope():
        balances = dict(FeeAccount.objects.values_list("school__code", "balance_fen"))
        assert balances == {"10101": 1500, "10102": 1500, "10200": 0, "10201": 1500, "10202": 3000, "10203": 0}
        assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.CHARGE).count() == 5
        assert not FeeAccount.objects.get(school=paid).settled_at
        assert set(Student.objects.filter(school=paid).values_list("fee_state", flat=True)) == {Student.FeeState.UNPAID}
