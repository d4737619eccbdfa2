"""The eve of a school's days: who is told, once, and who is not."""

import datetime as dt

import pytest
from django.utils import timezone

from capture import window_reminders
from portal.models import Notification
from portal.tenancy import system_scope
from schools.models import Window
from students.models import Student
from tests import factories
from tests.support.addresses import dated
from tests.support.letters import letter

pytestmark = pytest.mark.django_db
FIRST, LAST = dt.date(2022, 3, 21), dt.date(2022, 3, 27)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def people(school, season, owner):
    """One who has to take a photo and one who has handed it in."""
    with system_scope():
        Window.objects.update(starts_on=FIRST, ends_on=LAST)
        waiting, done = factories.student(school, season), factories.student(school, season)
        Student.objects.filter(pk=done.pk).update(stage=Student.Stage.REVIEW)
        yield waiting, done


def told(kind):
    return list(Notification.objects.filter(kind=kind))


@pytest.mark.parametrize(("today", "kind"), [(FIRST - DAY, "capture_opens"), (LAST - DAY, "capture_closes")])
def test_those_without_a_photo_and_the_school_are_told_on_the_eve_and_once(people, owner, today, kind):
    window_reminders.remind_all(today)
    assert [row.recipient_key for row in told(kind)] == [people[0].actor_key]
    (to_school,) = Notification.objects.filter(kind=f"school_{kind}", recipient_key=owner.actor_key)
    assert to_school.parameters["n"] == 1
    assert to_school.link.startswith(dated("/school/"))
    assert "%(" not in letter(to_school).body


def test_second_run_of_a_day_tells_nobody_again(people):
    today = timezone.localdate()
    Window.objects.update(starts_on=today + DAY, ends_on=today + 9 * DAY)
    assert window_reminders.remind_all() > 0
    assert window_reminders.remind_all() == 0


def test_no_other_day_tells_anybody(people):
    for day in (FIRST - 2 * DAY, FIRST, LAST, LAST + DAY):
        assert window_reminders.remind_all(day) == 0
