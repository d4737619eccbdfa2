"""The figures of the capture on the dashboards, and how the panels show them."""

import datetime as dt

import pytest
from django.utils import timezone

from capture import dashboard_counts
from capture.models import Finding, Likeness, Photo
from portal.tenancy import school_scope, system_scope
from students.models import Student
from tests import factories
from tests.support.pages import words_of
from tests.support.words import said

Status = Photo.Status


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def photos(school, season, *statuses, **fields) -> list[Photo]:
    return [factories.photo(factories.student(school, season), status, **fields) for status in statuses]


def move(photo: Photo, when: dt.datetime) -> None:
    Photo.objects.filter(pk=photo.pk).update(taken_at=when)


def midnight() -> dt.datetime:
    return timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)


def shown(client, panel: str) -> str:
    return words_of(client.get(f"/panels/capture/{panel}/"))


# photos of the day


@pytest.fixture
def day(school, season):
    """Fourteen photos of today: one to five in each state, so that no figure can be taken for another."""
    numbers = {
        Status.CHECKING: 1,
        Status.FAILED: 2,
        Status.REJECTED: 3,
        Status.READY: 1,
        Status.SUBMITTED: 5,
        Status.APPROVED: 1,
        Status.RETURNED: 1,
    }
    for status, number in numbers.items():
        photos(school, season, *[status] * number)


def test_passed_today_are_those_that_the_check_has_accepted(day, school, season):
    assert dashboard_counts.count_today(season, school) == {
        "taken": 14,
        "passed": 8,
        "rejected": 3,
        "checking": 1,
        "failed": 2,
        "review": 5,
        "appeals": 0,
    }


@pytest.mark.parametrize(
    ("status", "passed"),
    [
        (Status.CHECKING, 0),
        (Status.FAILED, 0),
        (Status.REJECTED, 0),
        (Status.READY, 1),
        (Status.SUBMITTED, 1),
        (Status.APPROVED, 1),
        (Status.RETURNED, 1),
        (Status.WITHDRAWN, 1),
    ],
)
def test_photo_counts_as_passed_in_the_states_that_follow_the_check(school, season, status, passed):
    photos(school, season, status)
    found = dashboard_counts.count_today(season, school)
    assert (found["taken"], found["passed"]) == (1, passed)
    assert {status.value for status in Status} == {
        "checking", "failed", "rejected", "ready", "submitted", "approved", "returned", "withdrawn",
    }  # fmt: skip


def test_today_begins_at_midnight_but_what_is_open_stays_open(school, season):
    first, yesterday, unjudged, waiting = photos(
        school, season, Status.READY, Status.READY, Status.FAILED, Status.SUBMITTED
    )
    move(first, midnight())
    for photo in (yesterday, unjudged, waiting):
        move(photo, midnight() - dt.timedelta(seconds=1))
    found = dashboard_counts.count_today(season, school)
    assert (found["taken"], found["passed"], found["failed"], found["review"]) == (1, 1, 1, 1)


def test_attempt_that_a_newer_one_has_replaced_is_taken_but_not_open(school, season):
    photos(school, season, Status.FAILED, Status.CHECKING, Status.REJECTED, is_current=False)
    found = dashboard_counts.count_today(season, school)
    assert found == dict.fromkeys(("passed", "checking", "failed", "review", "appeals"), 0) | {
        "taken": 3,
        "rejected": 1,
    }


def test_school_is_shown_its_own_day_and_the_center_all(day, school, other_school, season, owner_client, center_client):
    photos(other_school, season, Status.READY, Status.SUBMITTED, Status.REJECTED)
    assert dashboard_counts.count_today(season, other_school)["taken"] == 3
    assert dashboard_counts.count_today(season, None) == {
        "taken": 17,
        "passed": 10,
        "rejected": 4,
        "checking": 1,
        "failed": 2,
        "review": 6,
        "appeals": 0,
    }
    page = shown(owner_client, "today")
    share = "%(share)s%% passed the check"
    assert f"{said('Taken today')} 14 {said(share, share=57)}" in page
    assert f"{said('Waiting for review')} 5" in page
    assert f"{said('Not accepted today')} 3" in page
    assert f"{said('Could not be judged')} 2" in page
    assert f"{said('Taken today')} 17 {said(share, share=58)}" in shown(center_client, "today")


def test_being_checked_is_shown_while_nothing_failed(school, season, owner_client):
    photos(school, season, Status.CHECKING)
    page = shown(owner_client, "today")
    assert f"{said('Being checked')} 1" in page
    assert said("Could not be judged") not in page


def test_other_season_has_a_day_of_its_own(school, season):
    other = factories.season(year=season.year + 1, graduating_class=season.year + 2)
    photos(school, other, Status.READY, Status.SUBMITTED)
    assert set(dashboard_counts.count_today(season, school).values()) == {0}
    assert dashboard_counts.count_today(other, school)["taken"] == 2


# two weeks


def test_two_weeks_end_today_and_every_day_has_its_number(school, season):
    today, yesterday, first, before = photos(school, season, *[Status.READY] * 4)
    move(today, midnight())
    move(yesterday, midnight() - dt.timedelta(seconds=1))
    move(first, midnight() - dt.timedelta(days=13))
    move(before, midnight() - dt.timedelta(days=13, seconds=1))
    days = dashboard_counts.count_per_day(season, school)
    assert [number for _day, number in days] == [1, *[0] * 11, 1, 1]
    last = timezone.localdate()
    assert (days[-1][0], days[0][0]) == tuple(f"{day.month}/{day.day}" for day in (last, last - dt.timedelta(days=13)))


# why photos fail


def test_reasons_are_counted_and_the_most_frequent_come_first(school, other_school, season):
    for rule, number in (("eyes", 2), ("blurred", 3)):
        for _ in range(number):
            photos(school, season, Status.REJECTED, findings={rule: "reject"})
    photos(school, season, Status.READY, findings={"eyes": "warn"})
    photos(other_school, season, Status.REJECTED, findings={"eyes": "reject"})
    found = dashboard_counts.count_failures(season, school)
    assert [(rule, number) for rule, _title, number in found] == [("blurred", 3), ("eyes", 2)]
    everywhere = {rule: number for rule, _title, number in dashboard_counts.count_failures(season, None)}
    assert everywhere == {"blurred": 3, "eyes": 3}
    assert found[1][1] == said("Eyes not open")


def test_eight_reasons_at_most_are_shown(school, season):
    (photo,) = photos(school, season, Status.REJECTED)
    Finding.objects.bulk_create(
        Finding(school=school, season=season, photo=photo, rule=f"rule{n}", outcome="reject", value=1, limit=0)
        for n in range(9)
    )
    assert len(dashboard_counts.count_failures(season, school)) == 8


# likenesses


@pytest.fixture
def alike(school, season):
    """A photo that is like those of two other students."""
    one, *others = photos(school, season, *[Status.SUBMITTED] * 3)
    for other in others:
        Likeness.objects.create(school=school, photo=one, other=other, bits=10)
    return one


def test_photo_like_two_others_is_one_to_compare(alike, school, other_school, season):
    assert dashboard_counts.count_open_likenesses(season, school) == 1
    assert dashboard_counts.count_open_likenesses(season, other_school) == 0
    assert dashboard_counts.count_open_likenesses(season, None) == 1
    assert dashboard_counts.count_open_likenesses(None, None) == 0


@pytest.mark.parametrize(
    "settle",
    [
        lambda photo: Likeness.objects.update(cleared_at=timezone.now()),
        lambda photo: Photo.objects.filter(pk=photo.pk).update(is_current=False),
        lambda photo: Student.objects.filter(pk=photo.student_id).update(locked_at=timezone.now()),
        lambda photo: Student.objects.exclude(pk=photo.student_id).update(locked_at=timezone.now()),
    ],
    ids=["cleared", "taken again", "locked", "the others locked"],
)
def test_likeness_that_is_dealt_with_is_not_shown(alike, school, season, settle):
    settle(alike)
    assert dashboard_counts.count_open_likenesses(season, school) == 0


def test_likeness_with_one_of_two_locked_waits_for_the_other(alike, school, season):
    student = Likeness.objects.first().other.student
    with school_scope(school):
        Student.objects.filter(pk=student.pk).update(locked_at=timezone.now())
    assert dashboard_counts.count_open_likenesses(season, school) == 1
