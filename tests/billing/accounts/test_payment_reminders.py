import datetime as dt

import pytest
from django.utils import timezone

from billing.accounts import fee_accounts, payment_reminders
from portal.models import Notification
from portal.tenancy import school_scope
from schools.models import Enrolment, Season
from students.models import Student
from tests import factories
from tests.support.letters import letter
from tests.support.words import said

pytestmark = pytest.mark.django_db
DUE_ON = dt.date(2026, 11, 20)


@pytest.fixture
def owing(season, school, enrolment, owner):
    Season.objects.filter(pk=season.pk).update(payment_due=DUE_ON)
    factories.student(school, season, stage=Student.Stage.APPROVED)
    return enrolment


def told(school):
    with school_scope(school):
        return list(Notification.objects.order_by("id"))


@pytest.mark.parametrize(("left", "number"), [(31, 0), (30, 1), (7, 1), (2, 0), (0, 1), (-1, 1), (-2, 0), (-30, 1)])
def test_school_that_owes_is_reminded_on_chosen_days(owing, left, number):
    assert payment_reminders.remind_all(DUE_ON - dt.timedelta(days=left)) == number


def test_reminder_says_how_much_and_until_when(owing, school):
    payment_reminders.remind_all(dt.date(2026, 11, 13))
    payment_reminders.remind_all(dt.date(2026, 11, 21))
    before, after = map(letter, told(school))
    assert before.subject == said("%(n)d days left to pay the fee", n=7)
    assert "15.00" in before.body
    assert "11月20日" in before.body
    assert after.subject == said("The fee of your school is overdue")


def test_who_owes_nothing_is_not_reminded(owing, school, center_admin):
    with school_scope(school):
        fee_accounts.record_transfer(
            owing, by=center_admin, amount_fen=1500, booked_on=timezone.localdate(), reference="B-1"
        )
    assert payment_reminders.remind_all(DUE_ON) == 0


def test_school_whose_students_pay_is_not_reminded(owing, school):
    with school_scope(school):
        Enrolment.objects.update(payment_mode=Enrolment.PaymentMode.STUDENT)
    assert payment_reminders.remind_all(DUE_ON) == 0


def test_second_run_of_a_day_tells_nobody_again(owing, school):
    Season.objects.update(payment_due=timezone.localdate())
    assert payment_reminders.remind_all() == 1
    assert payment_reminders.remind_all() == 0
