import datetime as dt
import json
from unittest.mock import Mock

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing.accounts import fee_accounts, ledger
from billing.models import Callback, LedgerEntry, Order, OrdersByState
from billing.online import orders
from billing.online.providers import CallbackMessage, ProviderError
from billing.online.providers.simulator import SIGNATURE, Simulator
from portal import history
from portal.errors import Conflict, PortalError
from portal.models import Notification
from portal.privacy import retention
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.concurrency import at_once
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def paying(enrolment, owner, scoped):
    return fee_accounts.choose_payment_mode(enrolment, mode=Enrolment.PaymentMode.STUDENT, by=owner)


def callbacks() -> list[Callback]:
    """The stored messages, which no school sees."""
    with system_scope():
        return list(Callback.objects.select_related("order").order_by("pk"))


def unresolved() -> list[Callback]:
    with system_scope():
        return list(Callback.objects.unresolved().select_related("order"))


def settle_all() -> None:
    """What the tasks of the timetable do."""
    for pk in orders.due():
        orders.settle(pk)


def test_two_clicks_open_one_order(student, paying):
    first = orders.open_order(student=student, enrolment=paying)
    assert orders.open_order(student=student, enrolment=paying) == first
    assert first.amount_fen == 1500


def test_paid_callback_books_once_however_often_it_comes(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    callback = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    assert orders.receive_callback("simulator", callback).outcome == "booked"
    assert orders.receive_callback("simulator", callback).outcome == "booked"
    order.refresh_from_db()
    student.refresh_from_db()
    assert order.status == Order.Status.PAID
    assert student.fee_state == Student.FeeState.PAID
    assert order.entries.count() == 2
    assert OrdersByState.numbers("provider", "status") == {("simulator", "paid"): 1}  # what a monitor reads
    assert len(callbacks()) == 1
    assert ledger.sum_entries(ledger.account_of(paying)) == 0


def test_forged_callback_is_stored_and_refused(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    body = json.dumps({"order_number": order.number, "amount_fen": 1500, "transaction_id": "F1"}).encode()
    with pytest.raises(ProviderError, match="signature"):
        orders.receive_callback("simulator", CallbackMessage({SIGNATURE: "0" * 64}, body))
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED
    assert not callbacks()[0].verified


def test_a_forgery_sent_ahead_does_not_stand_in_for_the_evidence(student, paying):
    """Its body names the payment that is to come; the signed message is what is kept of it."""
    order = orders.open_order(student=student, enrolment=paying)
    callback = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    number = json.loads(callback.body)["transaction_id"]
    forged = json.dumps({"transaction_id": number, "order_number": "x", "amount_fen": 1}).encode()
    with pytest.raises(ProviderError):
        orders.receive_callback("simulator", CallbackMessage({}, forged))
    orders.receive_callback("simulator", callback)
    kept = next(stored for stored in callbacks() if stored.external_id == number)
    assert (kept.verified, kept.body, kept.headers) == (True, callback.body.decode(), callback.headers)


def purge() -> None:
    """What the nightly job of retention does with callbacks."""
    rule = retention.RULES["callbacks"]
    with system_scope():
        rule.delete(rule.before)


def test_wrong_messages_are_deleted_after_a_while_and_evidence_never(student, paying, settings):
    order = orders.open_order(student=student, enrolment=paying)
    with pytest.raises(ProviderError):
        orders.receive_callback("simulator", CallbackMessage({}, b"forged"))
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=order.amount_fen))
    purge()
    assert len(callbacks()) == 2
    with system_scope():
        Callback.objects.update(received_at=timezone.now() - dt.timedelta(days=settings.CALLBACK_DAYS + 1))
    purge()
    assert [row.verified for row in callbacks()] == [True]


def test_wrong_amount_waits_for_a_person(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    stored = orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1))
    assert stored.outcome == said("The amount paid is not the amount of the order.")
    order.refresh_from_db()
    assert order.status == Order.Status.CREATED


def test_unpaid_order_is_closed_after_its_time_and_a_late_payment_still_counts(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    Order.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    settle_all()
    order.refresh_from_db()
    assert order.status == Order.Status.CLOSED
    callback = Simulator().pay(order_number=order.number, amount_fen=1500)
    assert orders.receive_callback("simulator", callback).outcome == "booked"
    order.refresh_from_db()
    assert order.status == Order.Status.PAID


def test_closing_asks_the_provider_first(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    Simulator().pay(order_number=order.number, amount_fen=1500)  # its callback never arrives
    Order.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    settle_all()
    order.refresh_from_db()
    assert order.status == Order.Status.PAID


def test_refund_gives_back_and_the_student_owes_again(student, paying, center_admin):
    order = orders.open_order(student=student, enrolment=paying)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    order = orders.refund_order(order, by=center_admin)
    student.refresh_from_db()
    assert (order.status, student.fee_state) == (Order.Status.REFUNDED, Student.FeeState.UNPAID)
    assert ledger.sum_entries(ledger.account_of(paying)) == 0


def test_a_second_payment_of_the_same_order_waits_for_a_person(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    cache.delete(f"simulator:{order.number}")  # the provider takes the money once more
    second = orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    assert second.outcome == said("This order has been paid already by another payment.")
    assert unresolved() == [second]
    assert order.entries.count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_payment_is_booked_for_one_order_of_all_schools(season, owner):
    opened = []
    for code in ("20001", "20002"):
        school = factories.school(season=season, code=code, name=f"University {code}")
        with school_scope(school):
            enrolment = fee_accounts.choose_payment_mode(
                factories.enrolment_of(school, season), mode=Enrolment.PaymentMode.STUDENT, by=owner
            )
            opened.append(orders.open_order(student=factories.student(school, season), enrolment=enrolment))
    pay = [
        lambda order=order: ledger.confirm_payment(order, amount_fen=1500, external_id="SIM1", by=history.SYSTEM)
        for order in opened
    ]
    assert sorted(type(result).__name__ for result in at_once(*pay)) == ["Order", "PortalError"]
    with system_scope():
        assert LedgerEntry.objects.get(kind=LedgerEntry.Kind.PAYMENT).external_id == "SIM1"
        assert Order.objects.filter(status=Order.Status.PAID).count() == 1


def test_a_message_that_comes_again_stays_off_the_list_once_resolved(student, paying, center_admin):
    order = orders.open_order(student=student, enrolment=paying)
    callback = Simulator().pay(order_number=order.number, amount_fen=1)
    refused = orders.receive_callback("simulator", callback)
    with system_scope():
        orders.resolve_refused(refused, reason="given back", by=center_admin)
    stored = orders.receive_callback("simulator", callback)
    assert not unresolved()
    with system_scope(), pytest.raises(Conflict):
        orders.resolve_refused(stored, reason="given back", by=center_admin)


def test_a_refused_payment_found_by_asking_waits_for_a_person_and_holds_up_no_other_order(student, paying):
    order = orders.open_order(student=student, enrolment=paying)
    other = orders.open_order(student=factories.student(student.school, student.season), enrolment=paying)
    Simulator().pay(order_number=order.number, amount_fen=1)
    Order.objects.update(expires_at=timezone.now() - dt.timedelta(minutes=1))
    settle_all()
    assert [stored.order for stored in unresolved()] == [order]
    other.refresh_from_db()
    assert other.status == Order.Status.CLOSED


def test_two_clicks_on_refund_ask_the_provider_once(student, paying, center_admin, monkeypatch):
    order = orders.open_order(student=student, enrolment=paying)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    asked = []

    refund_at_provider = Simulator.refund

    def refund(self, **order_of):
        asked.append(order_of)
        with pytest.raises(
            Conflict, match=said("This payment is being refunded already. Reload the page in a minute.")
        ):  # the second click, while the provider thinks
            orders.refund_order(Order.objects.get(pk=order.pk), by=center_admin)
        return refund_at_provider(self, **order_of)

    monkeypatch.setattr(Simulator, "refund", refund)
    assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDED
    assert len(asked) == 1


def test_a_refund_that_the_provider_refused_can_be_tried_again(student, paying, center_admin, monkeypatch):
    order = orders.open_order(student=student, enrolment=paying)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    with monkeypatch.context() as patched:
        patched.setattr(Simulator, "refund", Mock(side_effect=ProviderError("no money", permanent=True)))
        with pytest.raises(PortalError, match=said("The payment provider refused the refund. Try again later.")):
            orders.refund_order(order, by=center_admin)
    order.refresh_from_db()
    student.refresh_from_db()
    assert (order.status, student.fee_state) == (Order.Status.REFUND_FAILED, Student.FeeState.PAID)
    with system_scope():
        told = list(Notification.objects.filter(kind__endswith="refund_failed").values_list("recipient_key", "kind"))
    assert sorted(told) == [(student.actor_key, "fee.refund_failed"), (center_admin.actor_key, "fees.refund_failed")]
    with pytest.raises(PortalError, match=said("There is nothing to pay: the fee is settled.")):
        orders.open_order(student=student, enrolment=paying)
    first = order.refund_number
    assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDED
    assert order.refund_number != first  # a provider takes a number once


def test_a_refund_that_got_no_answer_is_asked_for_again_under_its_number(student, paying, center_admin, monkeypatch):
    order = orders.open_order(student=student, enrolment=paying)
    orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    with monkeypatch.context() as patched:
        patched.setattr(Simulator, "refund", Mock(side_effect=ProviderError("no answer")))
        assert orders.refund_order(order, by=center_admin).status == Order.Status.REFUNDING
    number = order.refund_number
    settle_all()  # too early to ask
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDING
    Order.objects.update(refund_requested_at=timezone.now() - orders.ASK_AFTER)
    settle_all()
    order.refresh_from_db()
    assert (order.status, order.refund_number) == (Order.Status.REFUNDED, number)
    assert ledger.sum_entries(ledger.account_of(paying)) == 0


def _locked(queries) -> list[str]:
    """The tables whose rows a piece of work locks, in its sequence."""
    return [query["sql"].split('FROM "')[1].split('"')[0] for query in queries if "FOR NO KEY UPDATE" in query["sql"]]


def test_whoever_needs_several_locks_takes_account_then_student_then_order(student, paying, center_admin):
    account, person, row = "billing_feeaccount", "students_student", "billing_order"
    with CaptureQueriesContext(connection) as opening:
        order = orders.open_order(student=student, enrolment=paying)
    with CaptureQueriesContext(connection) as confirming:
        orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    with CaptureQueriesContext(connection) as refunding:
        orders.refund_order(order, by=center_admin)
    assert _locked(opening) == [person]
    assert _locked(confirming) == [account, person, row]
    assert _locked(refunding) == [account, person, row]


def test_student_of_a_paying_school_owes_nothing(student, enrolment, scoped):
    with pytest.raises(PortalError, match=said("There is nothing to pay: the fee is settled.")):
        orders.open_order(student=student, enrolment=enrolment)


def test_the_simulators_bill_holds_each_payment_and_refund_once(student, paying, center_admin):
    order = orders.open_order(student=student, enrolment=paying)
    for _ in range(2):
        orders.receive_callback("simulator", Simulator().pay(order_number=order.number, amount_fen=1500))
    order.refresh_from_db()
    orders.refund_order(order, by=center_admin)
    again = {"order_number": order.number, "number": order.refund_number, "amount_fen": 1500}
    payment = order.entries.get(kind="payment").external_id
    Simulator().refund(**again, external_id=payment, notify_address="")
    bill = [row for row in Simulator().bill(timezone.localdate()) if row.order_number == order.number]
    assert [(row.kind, row.refund_number, row.external_id, row.amount_fen, row.fee_fen) for row in bill] == [
        ("payment", "", payment, 1500, 9),
        ("refund", order.refund_number, f"refund-{payment}", 1500, -9),
    ]
    assert Simulator().bill(timezone.localdate() - dt.timedelta(days=1)) == []
