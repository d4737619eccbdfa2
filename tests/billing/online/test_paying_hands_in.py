"""Paying hands the photo in: at the page, by the provider's message, by asking, and by the sweep."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import Order
from billing.online import orders
from billing.online.providers.simulator import Simulator
from capture.models import Photo
from capture.upload import submission
from portal.models import Notification
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment, Window
from students.identity import student_access
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def paying(enrolment):
    with school_scope(enrolment.school):
        Enrolment.objects.filter(pk=enrolment.pk).update(payment_mode=Enrolment.PaymentMode.STUDENT)
    enrolment.payment_mode = Enrolment.PaymentMode.STUDENT
    return enrolment


@pytest.fixture
def ready(student, paying) -> Photo:
    return factories.photo(student, Photo.Status.READY)


@pytest.fixture
def page(student, ready) -> Client:
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    return client


def pay(order: Order) -> None:
    message = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    assert orders.receive_callback("simulator", message).outcome == orders.BOOKED


def opened(student: Student, enrolment: Enrolment) -> Order:
    with school_scope(student.school):
        return orders.open_order(student=student, enrolment=enrolment)


def state_of(photo: Photo) -> tuple[str, str]:
    with system_scope():
        photo = Photo.objects.select_related("student").get(pk=photo.pk)
    return photo.status, photo.student.stage


def told(student: Student) -> list[str]:
    with system_scope():
        rows = Notification.objects.filter(recipient_key=student.actor_key, kind__startswith="photo_")
        return list(rows.order_by("pk").values_list("kind", flat=True))


def test_student_at_the_page_presses_hand_in_once(page, student, ready):
    assert page.post(reverse("capture:submit"))["Location"] == reverse("billing:pay")
    assert (
        said("Your photo is submitted as soon as the fee is paid.") in page.get(reverse("billing:pay")).content.decode()
    )
    cashier = page.post(reverse("billing:pay"))["Location"]
    after = page.post(cashier, follow=True)
    assert state_of(ready) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    assert said("Your photo is submitted. Your school will review it.") in after.content.decode()
    assert told(student) == ["photo_handed_in"]


def test_a_message_with_nobody_at_the_page_hands_in_once_however_often_it_comes(student, paying, ready):
    order = opened(student, paying)
    pay(order)
    pay(order)
    assert state_of(ready) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    assert told(student) == ["photo_handed_in"]


def test_the_settling_task_finds_the_payment_and_hands_in(student, paying, ready, outside):
    order = opened(student, paying)
    Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)  # its message never arrives
    with system_scope():
        Order.objects.update(created_at=timezone.now() - orders.ASK_AFTER)
    for pk in orders.due():
        orders.settle(pk)
    assert state_of(ready) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)


def test_the_days_of_the_school_are_over_meanwhile(student, paying, ready):
    """They limit when photos are taken, not when one that was complete is handed in."""
    order = opened(student, paying)
    with system_scope():
        Window.objects.update(ends_on=timezone.localdate() - dt.timedelta(days=1))
        Enrolment.objects.update(status=Enrolment.Status.PROOFREADING)
    pay(order)
    assert state_of(ready) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)


def test_the_school_was_concluded_meanwhile(student, paying, ready):
    order = opened(student, paying)
    with system_scope():
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_SENT)
    pay(order)
    pay(order)
    assert state_of(ready) == (Photo.Status.READY, Student.Stage.READY)
    assert told(student) == ["photo_kept_concluded"]


def test_the_account_was_locked_meanwhile(student, paying, ready):
    order = opened(student, paying)
    with system_scope():
        Student.objects.update(locked_at=timezone.now())
    pay(order)
    assert state_of(ready) == (Photo.Status.READY, Student.Stage.READY)
    assert told(student) == ["photo_kept_locked"]


def test_nobody_begins_to_pay_for_a_photo_that_can_no_longer_be_handed_in(page, paying, ready):
    with system_scope():
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_SENT)
    answer = page.post(reverse("billing:pay"))
    assert answer.status_code == 409
    with system_scope():
        assert not Order.objects.exists()


def test_a_photo_that_was_taken_after_the_order_is_not_handed_in_unseen(student, paying, ready):
    order = opened(student, paying)
    with school_scope(student.school):
        submission.withdraw(student=student, by=student)
        Photo.objects.update(is_current=False)
    other = factories.photo(student, Photo.Status.READY)
    pay(order)
    assert state_of(other) == (Photo.Status.READY, Student.Stage.READY)
    assert told(student) == []


@pytest.mark.parametrize("status", [Photo.Status.REJECTED, Photo.Status.CHECKING])
def test_a_photo_that_is_not_ready_stays_where_it_is(student, paying, status):
    photo = factories.photo(student, status, awaits_fee=True)
    pay(opened(student, paying))
    assert state_of(photo)[0] == status


def test_no_photo_yet(student, paying):
    pay(opened(student, paying))
    with system_scope():
        assert Student.objects.get().stage == Student.Stage.WAITING


def test_the_sweep_finds_what_was_settled_otherwise_and_leaves_who_still_owes(student, school, season, paying, ready):
    debtor = factories.photo(factories.student(school, season), Photo.Status.READY)
    with system_scope():
        Photo.objects.update(awaits_fee=True)
        Student.objects.filter(pk=student.pk).update(fee_state=Student.FeeState.PAID)
    assert submission.sweep_awaiting() == 1
    assert state_of(ready) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
    assert state_of(debtor) == (Photo.Status.READY, Student.Stage.READY)


def test_the_sweep_hands_in_when_the_school_pays_for_all_after_all(student, paying, ready):
    opened(student, paying)
    with system_scope():
        Enrolment.objects.update(payment_mode=Enrolment.PaymentMode.SCHOOL)
    assert submission.sweep_awaiting() == 1
    assert state_of(ready) == (Photo.Status.SUBMITTED, Student.Stage.REVIEW)
