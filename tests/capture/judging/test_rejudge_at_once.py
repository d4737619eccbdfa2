"""Limits and replays beside people, on real connections: one wins, nobody is half done."""

import pytest

from capture.judging import limits, rejudge
from capture.models import Finding, LimitSet, Photo
from capture.review import decisions
from portal import history
from portal.errors import Conflict
from portal.models import Event, Notification
from portal.tenancy import center_scope
from students.models import Student
from tests import factories
from tests.support.concurrency import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _unscoped():
    with center_scope():
        yield


def judged(school, season, status, roll: float) -> Photo:
    """A photo with one measure, which is all that these limits look at."""
    outcome = "reject" if roll > 8 else "warn"
    return factories.photo(
        factories.student(school, season),
        status,
        findings={"roll": outcome},
        measures={"faces": 1, "roll": roll},
        outcome="red" if outcome == "reject" else "amber",
    )


def apply(season):
    limit_set = limits.in_force(season)
    return [*rejudge.apply(rejudge.undecided_photos(season), limit_set, season=season, by=history.SYSTEM)]


def test_two_who_save_at_once_make_one_set(season, center_admin, center_officer):
    def save(by, warn):
        return limits.change_limits(season=season, by=by, reason="A test.", version=0, changes={"roll": {"warn": warn}})

    results = at_once(lambda: save(center_admin, 4), lambda: save(center_officer, 6))
    assert [type(result) for result in results if not isinstance(result, LimitSet)] == [Conflict]
    assert LimitSet.objects.count() == 1


def test_two_replays_at_once_release_a_photo_once(season, school):
    photo = judged(school, season, Photo.Status.REJECTED, 12.0)
    factories.limit_set(season, {"roll": {"reject": None, "warn": None}})
    at_once(lambda: apply(season), lambda: apply(season))
    photo.refresh_from_db()
    photo.student.refresh_from_db()
    assert (photo.status, photo.student.stage) == (Photo.Status.CHECKING, Student.Stage.CHECKING)
    assert Event.objects.filter(kind="photo.released").count() == 1
    assert Notification.objects.filter(kind="photo_released").count() == 1


def test_a_reviewer_and_a_replay_at_once_leave_a_decided_photo_with_one_verdict(season, school, owner):
    photo = judged(school, season, Photo.Status.SUBMITTED, 6.0)
    factories.limit_set(season, {"roll": {"reject": 5, "warn": 3}})
    results = at_once(lambda: decisions.approve(photo=photo, by=owner), lambda: apply(season))
    assert not [result for result in results if isinstance(result, Exception)]
    photo.refresh_from_db()
    found = Finding.objects.get(photo=photo)
    assert photo.status == Photo.Status.APPROVED
    assert (photo.outcome, found.outcome) in {("amber", "warn"), ("red", "reject")}
