import datetime as dt

import pytest

from portal.models import Message
from portal.tenancy import school_scope
from proofing import deadline_reminders
from schools.models import Enrolment
from tests.support.school_papers import confirm, with_portrait

pytestmark = pytest.mark.django_db
MONDAY = dt.date(2022, 6, 13)  # no holiday until the 30th


@pytest.fixture
def due(season, school, owner):
    """A school whose form is due on Friday, 17 June; one student has not answered."""
    with_portrait(school, season, email="one@example.org")
    with school_scope(school):
        Enrolment.objects.update(status=Enrolment.Status.PROOFREADING, proof_due_on=dt.date(2022, 6, 17))
    return school


def told(school, kind):
    with school_scope(school):
        return list(Message.objects.filter(kind=kind))


def test_school_is_reminded_on_chosen_working_days_only(due):
    assert deadline_reminders.remind_all(MONDAY) == 0
    assert deadline_reminders.remind_all(dt.date(2022, 6, 15)) == 1
    (message,) = told(due, "feedback.due")
    assert "2" in message.subject
    assert "2022-06-17" in message.body


def test_school_is_told_the_day_after(due):
    assert deadline_reminders.remind_all(dt.date(2022, 6, 20)) == 1


def test_students_who_have_not_answered_are_reminded(due, season):
    with school_scope(due):
        done = with_portrait(due, season)
        confirm(done)
    assert deadline_reminders.remind_all(dt.date(2022, 6, 16)) == 1
    (message,) = told(due, "proof.due")
    assert message.email == "one@example.org"


def test_second_round_of_a_day_tells_nobody_again(due):
    from django.utils import timezone

    with school_scope(due):
        Enrolment.objects.update(proof_due_on=timezone.localdate())
    assert deadline_reminders.remind_all() == 1
    assert deadline_reminders.remind_all() == 0


def test_schools_in_other_states_are_left_in_peace(due):
    with school_scope(due):
        Enrolment.objects.update(status=Enrolment.Status.FEEDBACK_SENT)
    assert deadline_reminders.remind_all(dt.date(2022, 6, 15)) == 0
