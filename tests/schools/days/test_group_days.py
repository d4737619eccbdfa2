"""Days of a college or a class, inside those of the school."""

import datetime as dt
import uuid

import pytest
from django.utils import timezone

from capture import window_reminders
from capture.models import Slot, Station
from capture.stations import slots
from capture.upload import intake
from portal.errors import NotAllowed, PortalError
from portal.models import Event, Notification
from portal.tenancy import school_scope, system_scope
from schools.days import group_days
from schools.days.opening_hours import Period, narrow, rows_of_group
from schools.models import GroupDays, Window
from tests import factories
from tests.conftest import client_of

DAY = dt.timedelta(days=1)
APRIL = Period(dt.date(2022, 4, 6), dt.date(2022, 4, 30), dt.time(8), dt.time(18))
LATER = Period(dt.date(2022, 5, 10), dt.date(2022, 5, 11), dt.time(8), dt.time(18), "granted")
MAKE_UP = Period(dt.date(2022, 5, 20), dt.date(2022, 5, 20), dt.time(8), dt.time(18), is_make_up=True)
COLLEGE, CLASS = "信息学院", "软件2301"


def row(first: str, last: str, opens: int = 0, closes: int = 0, **fields) -> GroupDays:
    hours = {"opens_at": dt.time(opens) if opens else None, "closes_at": dt.time(closes) if closes else None}
    days = {"starts_on": dt.date.fromisoformat(first), "ends_on": dt.date.fromisoformat(last)}
    return GroupDays(**{"college": COLLEGE} | days | hours | fields)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], [("04-06", "04-30", 8, 18)]),
        ([row("2022-04-07", "2022-04-08")], [("04-07", "04-08", 8, 18)]),
        ([row("2022-04-01", "2022-04-08", 9, 12)], [("04-06", "04-08", 9, 12)]),
        ([row("2022-04-07", "2022-04-07"), row("2022-04-20", "2022-05-20", 7, 20)], [("04-07", "04-07", 8, 18), ("04-20", "04-30", 8, 18)]),
    ],
    ids=["no rows", "fewer days", "cut at the school's", "two rows"],
)  # fmt: skip
def test_a_group_has_the_part_of_the_schools_days_that_is_its_own(rows, expected):
    found = narrow([APRIL], rows)
    assert [
        (f"{p.starts_on:%m-%d}", f"{p.ends_on:%m-%d}", p.opens_at.hour, p.closes_at.hour) for p in found
    ] == expected


def test_days_granted_later_and_make_up_days_are_for_every_class():
    assert narrow([APRIL, LATER, MAKE_UP], [row("2022-04-07", "2022-04-08")])[1:] == [LATER, MAKE_UP]


def test_a_class_with_days_of_its_own_does_not_follow_its_college():
    of_college, of_class = row("2022-04-07", "2022-04-08"), row("2022-04-20", "2022-04-21", class_name=CLASS)
    every = [of_college, of_class, row("2022-04-09", "2022-04-09", college="文学院")]
    assert rows_of_group(every, COLLEGE, CLASS) == [of_class]
    assert rows_of_group(every, COLLEGE, "软件2302") == [of_college]
    assert rows_of_group(every, "理学院", "数学2301") == []


@pytest.mark.parametrize(
    ("days", "is_right"),
    [
        (row("2022-04-06", "2022-04-30", 8, 18), True),
        (row("2022-04-30", "2022-05-01"), False),
        (row("2022-04-07", "2022-04-07", 7, 12), False),
        (row("2022-05-20", "2022-05-20"), False),
    ],
    ids=["all", "a day too late", "an hour too early", "make-up days"],
)
def test_what_is_none_of_the_schools_days_is_refused(days, is_right):
    assert (group_days.problem_of(days, [APRIL, MAKE_UP]) == "") is is_right


@pytest.fixture
def tomorrow(school, season, owner):
    """The college of the students has only tomorrow."""
    day = timezone.localdate() + DAY
    with school_scope(school):
        enrolment = factories.enrolment_of(school, season)
        group_days.add(enrolment, college=COLLEGE, class_name="", starts_on=day, ends_on=day, by=owner)
    return enrolment


@pytest.mark.django_db
def test_the_camera_keeps_the_days_of_the_class(school, season, tomorrow):
    mine = factories.student(school, season, college=COLLEGE)
    other = factories.student(school, season, college="文学院", class_name="中文2301")
    now = timezone.now()
    with school_scope(school):
        for student in (mine, other):
            factories.consent(student)
        assert intake.schedule_of(other, tomorrow, at=now).is_open(now)
        plan = intake.schedule_of(mine, tomorrow, at=now)
        assert (plan.is_open(now), plan.is_open(now + DAY), plan.is_of_class) == (False, True, True)
        upload = {"student": mine, "enrolment": tomorrow, "data": factories.jpeg(900, 1200), "by": mine}
        with pytest.raises(NotAllowed):
            intake.accept_upload(**upload, token=uuid.uuid4(), origin="camera")
        assert intake.accept_upload(**upload, token=uuid.uuid4(), origin="station")  # a helper sees who stands there


@pytest.mark.django_db
def test_students_hear_of_the_days_of_their_class(school, season, tomorrow):
    mine = factories.student(school, season, college=COLLEGE)
    factories.student(school, season, college="文学院", class_name="中文2301")
    with system_scope():
        Window.objects.update(ends_on=timezone.localdate() + DAY)
    window_reminders.remind_all()
    with system_scope():
        told = {n.kind: n.recipient_key for n in Notification.objects.filter(recipient_key__startswith="student:")}
    assert told["capture_opens"] == mine.actor_key
    assert told["capture_closes"] != mine.actor_key


@pytest.mark.django_db
def test_slots_lie_in_the_days_of_their_class(school, season, owner, tomorrow):
    factories.student(school, season, college=COLLEGE, class_name=CLASS)
    today = timezone.localdate()
    with school_scope(school):
        station = Station.objects.create(
            school=school,
            season=season,
            name="A",
            place="Hall",
            opens_at=dt.time(8),
            closes_at=dt.time(18),
            on_days_off=True,
        )
        with system_scope():
            GroupDays.objects.update(starts_on=today + 4 * DAY, ends_on=today + 4 * DAY)
        slots.make(enrolment=tomorrow, from_day=today + DAY, by=owner)
        slot = Slot.objects.get()
        assert slot.day == today + 4 * DAY
        slot.day, slot.station = today + 5 * DAY, station
        with pytest.raises(PortalError):
            slots.save(slot=slot, by=owner)


@pytest.mark.django_db
def test_the_school_gives_and_removes_them_on_its_page(school, season, owner):
    factories.student(school, season, college=COLLEGE, class_name=CLASS)
    client, day = client_of(owner), timezone.localdate() + DAY
    page = client.get("/school/schedule/classes/", follow=True)
    choices = {label: key for key, label in page.context["form"].fields["group"].choices}
    days = {"group": choices[f"{COLLEGE} / {CLASS}"], "starts_on": day, "ends_on": day}
    assert client.post("/school/schedule/classes/", days | {"ends_on": day + 300 * DAY}).status_code == 422
    assert client.post("/school/schedule/classes/", days).status_code == 302
    page = client.get("/school/schedule/classes/", follow=True)
    (made,) = page.context["rows"]
    assert (made.college, made.class_name, made.students, made.problem) == (COLLEGE, CLASS, 1, "")
    client.post(f"/school/schedule/classes/{made.pk}/remove/")
    with system_scope():
        assert not GroupDays.objects.exists()
    assert Event.objects.filter(kind__startswith="group_days.").count() == 2
