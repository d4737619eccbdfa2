"""How an order's life ends, and that the student is told: abandoned, paid twice, refunded, the school takes over."""

import datetime as dt
from unittest.mock import Mock

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.accounts import fee_accounts, ledger, overview, payment_modes
from billing.books import reconciliation
from billing.models import Callback, LedgerEntry, Order, Repayment
from billing.online import orders, repayments
from billing.online.providers import ProviderError, Refund, State
from billing.online.providers.simulator import Simulator
from capture.models import Photo
from portal.errors import Conflict, PortalError
from portal.models import Event, Notification
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students import records
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("scoped")]
FeeState, Mode = Student.FeeState, Enrolment.PaymentMode


@pytest.fixture
def paying(enrolment, owner):
    return fee_accounts.choose_payment_mode(enrolment, mode=Mode.STUDENT, by=owner)


def told(student) -> list[str]:
    rows = Notification.objects.filter(recipient_key=student.actor_key, kind__startswith="fee.")
    return list(rows.order_by("pk").values_list("kind", flat=True))


def message(order: Order):
    return Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)


def paid(student, enrolment) -> Order:
    order = orders.open_order(student=student, enrolment=enrolment)
    orders.receive_callback("simulator", message(order))
    order.refresh_from_db()
    return order


def pass_the_time() -> None:
    Order.objects.filter(status=Order.Status.CREATED).update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    for pk in orders.due():
        orders.settle(pk)


def paid_twice(student, enrolment) -> tuple[Order, Order, Callback]:
    """The first order is closed, another is opened; then both payments come in."""
    first = orders.open_order(student=student, enrolment=enrolment)
    pass_the_time()
    second = orders.open_order(student=student, enrolment=enrolment)
    orders.receive_callback("simulator", message(first))
    refused = orders.receive_callback("simulator", message(second))
    first.refresh_from_db()
    second.refresh_from_db()
    return first, second, refused


def test_an_abandoned_order_is_closed_and_told_once(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    pass_the_time()
    pass_the_time()
    order.refresh_from_db()
    assert order.status == Order.Status.CLOSED
    assert told(student) == ["fee.order_closed"]


def test_paid_and_refunded_are_told(student, paying, center_admin):
    orders.refund_order(paid(student, paying), by=center_admin)
    assert told(student) == ["fee.paid", "fee.refunded"]


def test_a_second_payment_waits_for_a_person_and_the_student_is_told(student, paying, center_admin):
    _first, second, refused = paid_twice(student, paying)
    orders.receive_callback("simulator", message(second))  # once more
    assert told(student) == ["fee.order_closed", "fee.paid", "fee.not_booked"]
    with system_scope():
        orders.resolve_refused(refused, reason="given back by the bank", by=center_admin)
    assert told(student)[-1] == "fee.resolved"


def repay(refused, center_admin):
    with system_scope():
        return repayments.ask(refused, reason="paid twice", by=center_admin)


def test_a_second_payment_goes_back_at_its_provider_and_the_books_hear_nothing(student, paying, center_admin):
    first, second, refused = paid_twice(student, paying)
    entries = LedgerEntry.objects.count()
    row = repay(refused, center_admin)
    assert (row.status, row.callback.order, LedgerEntry.objects.count()) == ("refunded", second, entries)
    with pytest.raises(Conflict):
        repay(refused, center_admin)
    orders.receive_callback("simulator", message(second))  # once more
    for order, status in ((first, Order.Status.PAID), (second, Order.Status.CLOSED)):
        order.refresh_from_db()
        assert order.status == status
    assert told(student)[-1] == "fee.repaid"
    with system_scope():
        assert not Callback.objects.unresolved().exists()
        assert Event.objects.get(kind="repayment.refunding").facts["reason"] == "paid twice"
        run = reconciliation.compare("simulator", timezone.localdate())
        assert set(run.lines.filter(order_number=second.number).values_list("kind", flat=True)) == {"payment", "refund"}
        assert not run.differences.filter(order_number__in=(first.number, second.number)).exists()


def test_a_repayment_that_the_provider_refuses_waits_for_a_person_again(student, paying, center_admin, monkeypatch):
    _first, _second, refused = paid_twice(student, paying)
    with monkeypatch.context() as patched:
        patched.setattr(Simulator, "refund", Mock(side_effect=ProviderError("no money", permanent=True)))
        with pytest.raises(PortalError, match=said("The payment provider refused the refund. Try again later.")):
            repay(refused, center_admin)
    with system_scope():
        assert Callback.objects.unresolved().get() == refused
        assert Notification.objects.get(kind="fees.refund_failed").recipient_key == center_admin.actor_key
        failed = Repayment.objects.get()
    row = repay(refused, center_admin)
    assert (row.pk, row.status) == (failed.pk, "refunded")
    assert row.number != failed.number  # a provider takes a number once


def test_a_repayment_without_an_answer_is_asked_for_until_there_is_one(
    student, paying, center_admin, monkeypatch, outside
):
    with school_scope(student.school):
        _first, _second, refused = paid_twice(student, paying)
    with monkeypatch.context() as patched:
        patched.setattr(Simulator, "refund", Mock(side_effect=ProviderError("timeout")))
        assert repay(refused, center_admin).status == "refunding"
    with system_scope():
        assert overview.unresolved_callbacks() == [refused]  # shown until the money is back
    assert [repayments.settle(pk).status for pk in repayments.due()] == ["refunded"]
    assert repayments.due() == []


@pytest.mark.parametrize(("state", "status"), [(State.REFUNDED, "refunded"), (State.FAILED, "failed")])
def test_what_the_provider_says_later_of_a_repayment_is_not_about_an_order(
    student, paying, center_admin, monkeypatch, state, status
):
    _first, second, refused = paid_twice(student, paying)
    monkeypatch.setattr(Simulator, "refund", Mock(side_effect=ProviderError("timeout")))
    number = repay(refused, center_admin).number
    word = Refund(second.number, number, 1500, "refund-1", state)
    monkeypatch.setattr(Simulator, "verify", lambda self, callback: word)
    orders.receive_callback("simulator", message(second))
    with system_scope():
        assert Repayment.objects.get().status == status
    assert LedgerEntry.objects.filter(kind=LedgerEntry.Kind.REFUND).count() == 0


def test_what_a_person_has_settled_is_never_booked_even_when_the_first_payment_is_refunded(
    student, paying, center_admin
):
    first, second, refused = paid_twice(student, paying)
    with system_scope():
        orders.resolve_refused(refused, reason="given back by the bank", by=center_admin)
    orders.refund_order(first, by=center_admin)
    orders.receive_callback("simulator", message(second))
    orders.query_provider(second)
    pass_the_time()
    second.refresh_from_db()
    student.refresh_from_db()
    assert (second.status, student.fee_state) == (Order.Status.CLOSED, FeeState.UNPAID)
    assert not second.entries.exists()


def test_a_student_who_has_paid_is_not_removed(student, season, paying, center_admin, owner):
    paid(student, paying)
    with pytest.raises(Conflict):
        records.remove_students(students=[student.pk], school=student.school, season=season, by=owner)


def test_the_school_takes_over_in_mid_season(student, school, season, paying, center_admin, owner):
    payer = factories.student(school, season, stage=Student.Stage.APPROVED)
    paid(payer, paying)
    debtor = factories.student(school, season, stage=Student.Stage.APPROVED)
    factories.photo(student, Photo.Status.READY)
    order = orders.open_order(student=student, enrolment=paying)
    with pytest.raises(PortalError):  # the school itself may not any more
        fee_accounts.choose_payment_mode(paying, mode=Mode.SCHOOL, by=owner)
    with pytest.raises(PortalError):
        payment_modes.switch(paying, mode=Mode.SCHOOL, reason=" ", by=center_admin)
    payment_modes.switch(paying, mode=Mode.SCHOOL, reason="asked by letter", by=center_admin)
    for pk in orders.due():
        orders.settle(pk)
    order.refresh_from_db()
    assert order.status == Order.Status.CLOSED
    assert Student.objects.get(pk=payer.pk).fee_state == FeeState.PAID
    assert (fee_accounts.statement(paying).charged_fen, fee_accounts.statement(paying).billed) == (1500, 1)
    assert told(student) == ["fee.school_pays"]
    assert told(debtor) == []
    assert Notification.objects.filter(recipient_key=owner.actor_key, kind="fee.mode_switched").count() == 1
    assert not student.must_pay(paying)


def test_and_back_again(student, school, season, paying, center_admin):
    payment_modes.switch(paying, mode=Mode.SCHOOL, reason="asked by letter", by=center_admin)
    handed_in = factories.student(school, season, stage=Student.Stage.REVIEW)
    fee_accounts.post_charge(paying, by=center_admin)
    payment_modes.switch(paying, mode=Mode.STUDENT, reason="the letter was withdrawn", by=center_admin)
    assert fee_accounts.statement(paying).charged_fen == 0
    assert ledger.sum_entries(ledger.account_of(paying)) == 0
    assert told(handed_in) == ["fee.students_pay"]
    assert told(student) == []
    assert paid(handed_in, paying).status == Order.Status.PAID
    with pytest.raises(Conflict):
        payment_modes.switch(paying, mode=Mode.STUDENT, reason="again", by=center_admin)


def test_before_the_first_payment_the_school_ends_open_orders_too(student, paying, owner):
    order = orders.open_order(student=student, enrolment=paying)
    fee_accounts.choose_payment_mode(paying, mode=Mode.SCHOOL, by=owner)
    for pk in orders.due():
        orders.settle(pk)
    order.refresh_from_db()
    assert order.status == Order.Status.CLOSED


def test_the_center_changes_it_on_the_schools_page(enrolment, paying, center_client):
    url = reverse("billing:center_school_fees", args=[enrolment.pk])
    assert 'data-open="mode"' in center_client.get(url).content.decode()
    center_client.post(reverse("billing:switch_mode", args=[enrolment.pk]), {"reason": "asked by letter"})
    with system_scope():
        assert Enrolment.objects.get(pk=enrolment.pk).payment_mode == Mode.SCHOOL
