import datetime as dt
import json

import pytest
from django.utils import timezone

from billing import accounts, ledger, orders
from billing.models import Callback as StoredCallback
from billing.models import Order
from billing.providers import Callback, ProviderError
from billing.providers.simulator import SIGNATURE, Simulator
from schools.errors import PortalError
from schools.models import Enrolment
from students.models import Student

pytestmark = pytest.mark.django_db


@pytest.fixture
def paying(enrolment, owner, scoped):
    return accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)


def test_two_clicks_open_one_order(student, paying):
    first = orders.open_order(student=student, enrolment=paying)
    assert orders.open_order(student=student, enrolment=paying) == first
    assert first.amount_fen == 1500


def test_paid_callback_books_once_however_often_it_comes(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    callback = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    assert orders.receive("simulator", callback).outcome == "booked"
    assert orders.receive("simulator", callback).outcome == "booked"
    order.refresh_from_db()
    student.refresh_from_db()
    assert order.status == Order.Status.PAID
    assert student.fee_state == Student.FeeState.PAID
    assert order.entries.count() == 2
    assert StoredCallback.objects.count() == 1
    assert ledger.total(ledger.account_of(paying)) == 0


def test_forged_callback_is_stored_and_refused(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    body = json.dumps({"order_number": order.number, "amount_fen": 1500, "transaction_id": "F1"})
    with pytest.raises(ProviderError, match="signature"):
        orders.receive("simulator", Callback({SIGNATURE: "0" * 64}, body))
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED
    assert not StoredCallback.objects.get().verified


def test_wrong_amount_waits_for_a_person(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    stored = orders.receive("simulator", Simulator().pay(order_number=order.number, amount_fen=1))
    assert "amount" in stored.outcome
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED


def test_unpaid_order_is_closed_after_its_time_and_a_late_payment_still_counts(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    Order.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    assert orders.close_unpaid() == 1
    callback = Simulator().pay(order_number=order.number, amount_fen=1500)
    assert orders.receive("simulator", callback).outcome == "booked"
    order.refresh_from_db()
    assert order.status == Order.Status.PAID


def test_closing_asks_the_provider_first(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    Simulator().pay(order_number=order.number, amount_fen=1500)  # its callback never arrives
    Order.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    assert orders.close_unpaid() == 0
    order.refresh_from_db()
    assert order.status == Order.Status.PAID


def test_refund_gives_back_and_the_student_owes_again(student, paying, center_admin):
    order = orders.open_order(student=student, enrolment=paying)
    orders.receive("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    orders.give_back(order, by=center_admin)
    student.refresh_from_db()
    assert (order.status, student.fee_state) == (Order.Status.REFUNDED, Student.FeeState.UNPAID)
    assert ledger.total(ledger.account_of(paying)) == 0


def test_student_of_a_paying_school_owes_nothing(student, enrolment, scoped):
    with pytest.raises(PortalError, match="nothing to pay"):
        orders.open_order(student=student, enrolment=enrolment)
