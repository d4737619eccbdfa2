"""Approval without a person: only where the season asks for it, only of photos in which nothing was found."""

import pytest
from django.utils import timezone

import vision
from capture.models import Finding, Photo
from capture.review import automatic_approval, decisions
from capture.upload import submission
from portal.models import Event, Notification
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture
def green(season, school, good_photo):
    """A student whose ready photo has nothing to find."""
    measures = vision.check(good_photo).measures
    off = {rule.rule: dict.fromkeys(vision.DEFAULTS[rule.rule]) for rule in vision.judge(measures).findings}
    factories.limit_set(season, off, approves_green=True)
    student = factories.student(school, season)
    factories.photo(student, Photo.Status.READY, measures=measures, outcome="green", compared_at=timezone.now())
    return student


def submit(student, enrolment) -> Photo:
    return submission.submit(student=student, enrolment=enrolment, by=student)


def test_a_green_photo_is_approved_at_once_and_says_so(green, enrolment):
    photo = submit(green, enrolment)
    assert (photo.status, photo.decided_by) == (Photo.Status.APPROVED, None)
    assert photo.decided_at
    assert green.stage == Student.Stage.APPROVED
    kinds = list(Event.objects.filter(object_type="capture.photo", object_id=photo.pk).values_list("kind", flat=True))
    assert kinds == ["photo.approved_automatically", "photo.submitted"]
    assert Notification.objects.get(recipient_key=green.actor_key).kind == "photo_approved"


def test_the_school_may_reset_it_as_any_other(green, enrolment, owner):
    photo = submit(green, enrolment)
    decisions.reset(photo=photo, by=owner, reason="An earring.")
    green.refresh_from_db()
    assert (photo.status, green.stage) == (Photo.Status.RETURNED, Student.Stage.RETAKE)


def test_nothing_is_approved_unless_the_season_asks_for_it(green, season, enrolment):
    factories.limit_set(season, season.limit_sets.first().changes)
    assert submit(green, enrolment).status == Photo.Status.SUBMITTED


@pytest.mark.parametrize(("outcome", "findings"), [("amber", {"roll": "warn"}), ("green", {"duplicate": "warn"})])
def test_any_finding_meets_a_person(green, enrolment, outcome, findings):
    photo = submission.current_photo(green)
    Photo.objects.filter(pk=photo.pk).update(outcome=outcome)
    for rule, grade in findings.items():
        photo.findings.create(school=photo.school, season=photo.season, rule=rule, outcome=grade)
    assert submit(green, enrolment).status == Photo.Status.SUBMITTED


def test_a_likeness_found_between_the_look_and_the_approval_meets_a_person(green):
    Photo.objects.filter(student=green).update(status=Photo.Status.SUBMITTED)
    Student.objects.filter(pk=green.pk).update(stage=Student.Stage.REVIEW)
    looked_at = Photo.objects.prefetch_related("findings").get(student=green)
    looked_at.findings.create(school=looked_at.school, season=looked_at.season, rule="duplicate", outcome="warn")
    looked_at._prefetched_objects_cache["findings"] = Finding.objects.none()
    assert automatic_approval.is_green(looked_at)
    assert automatic_approval.approve_if_green(looked_at).status == Photo.Status.SUBMITTED
    assert not Event.objects.filter(kind="photo.approved_automatically").exists()


def test_what_older_limits_let_pass_meets_a_person(green, season, enrolment):
    photo = submission.current_photo(green)
    Photo.objects.filter(pk=photo.pk).update(measures=photo.measures | {"roll": 6.0})
    assert submit(green, enrolment).status == Photo.Status.SUBMITTED


def test_a_photo_that_is_not_compared_with_all_others_yet_meets_a_person(green, enrolment):
    Photo.objects.filter(student=green).update(compared_at=None)
    assert submit(green, enrolment).status == Photo.Status.SUBMITTED


def test_the_light_table_says_that_nobody_looked(green, enrolment, owner_client):
    photo = submit(green, enrolment)
    page = owner_client.get(f"/school/review/?state=all&photo={photo.pk}").content.decode()
    assert said("Photo approved automatically: nothing was found") in page
    assert said("Engine %(version)s", version="1.0") in page
    assert said("All numbers") in page
