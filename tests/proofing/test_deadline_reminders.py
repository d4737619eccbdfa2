import datetime as dt

import pytest
from django.utils import timezone

from portal.models import Notification
from portal.tenancy import school_scope, system_scope
from proofing import deadline_reminders
from schools.days.workdays import workdays_between
from schools.models import Enrolment
from tests.support.letters import letter
from tests.support.school_papers import confirm, with_portrait
from tests.support.words import said

pytestmark = pytest.mark.django_db
MONDAY = dt.date(2022, 6, 13)  # no holiday until the 30th


@pytest.fixture
def due(season, school, owner):
    """A school whose form is due on Friday, 17 June; one student has not answered."""
    with_portrait(school, season, email="one@example.org")
    with school_scope(school):
        Enrolment.objects.update(status=Enrolment.Status.PROOFREADING, proof_due_on=dt.date(2022, 6, 17))
    return school


def notifications_of(school, kind):
    with school_scope(school):
        return list(Notification.objects.filter(kind=kind))


def test_school_is_reminded_on_chosen_working_days_only(due):
    assert deadline_reminders.remind_all(MONDAY) == 0
    assert deadline_reminders.remind_all(dt.date(2022, 6, 15)) == 1
    (message,) = notifications_of(due, "feedback.due")
    assert letter(message).subject == said("%(n)d working days left for the feedback form", n=2)
    assert "6月17日" in letter(message).body


def test_school_is_reminded_the_day_after(due):
    assert deadline_reminders.remind_all(dt.date(2022, 6, 20)) == 1
    (message,) = notifications_of(due, "feedback.overdue")
    assert letter(message).subject == said("The feedback form is overdue")
    due_on = said(
        "Due on %(day)s. Not confirmed yet: %(students)d students. A late form delays the registration of your graduates.",
        day="2022年6月17日",  # the year of another season is said
        students=1,
    )
    assert letter(message).body == due_on


def workdays_before(due_on, number):
    """The day from which `number` working days are left, one a call from the due day back."""
    day = due_on
    while workdays_between(day, due_on) < number:
        day -= dt.timedelta(days=1)
    return day


def test_students_are_reminded_on_their_own_days_and_on_no_other(due):
    due_on = dt.date(2022, 6, 17)
    reminded_on = []
    for left in range(31):
        deadline_reminders.remind_all(workdays_before(due_on, left))
        if notifications_of(due, "proof.due"):
            reminded_on.append(left)
        with system_scope():
            Notification.objects.all().delete()
    assert reminded_on == [1, 5, 15]


def test_students_are_reminded_once_a_day_and_again_on_the_next_of_their_days(due):
    today = timezone.localdate()
    for weeks in (1, 3):  # 5 and 15 working days, had the weeks no holiday
        due_on = today
        while workdays_between(today, due_on) < 5 * weeks:
            due_on += dt.timedelta(days=1)
        with school_scope(due):
            Enrolment.objects.update(proof_due_on=due_on)
            Notification.objects.update(created_at=timezone.now() - dt.timedelta(days=1))
        before = len(notifications_of(due, "proof.due"))
        deadline_reminders.remind_all()
        deadline_reminders.remind_all()
        assert len(notifications_of(due, "proof.due")) == before + 1


def test_students_of_one_school_do_not_silence_those_of_another(due, other_school, season):
    with_portrait(other_school, season, email="two@example.org")
    with school_scope(other_school):
        Enrolment.objects.update(status=Enrolment.Status.PROOFREADING, proof_due_on=dt.date(2022, 6, 17))
    deadline_reminders.remind_all(dt.date(2022, 6, 16))
    assert len(notifications_of(due, "proof.due")) == len(notifications_of(other_school, "proof.due")) == 1


def test_students_who_have_not_answered_are_reminded(due, season):
    with school_scope(due):
        done = with_portrait(due, season)
        confirm(done)
    assert deadline_reminders.remind_all(dt.date(2022, 6, 16)) == 1
    (message,) = notifications_of(due, "proof.due")
    with school_scope(due):
        assert message.deliveries.get().address == "one@example.org"


def test_second_round_of_a_day_reminds_nobody_again(due):
    with school_scope(due):
        Enrolment.objects.update(proof_due_on=timezone.localdate())
    assert deadline_reminders.remind_all() == 1
    assert deadline_reminders.remind_all() == 0


def test_schools_in_other_states_are_not_reminded(due):
    with school_scope(due):
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_SENT)
    assert deadline_reminders.remind_all(dt.date(2022, 6, 15)) == 0
