"""Judging again from what is stored: what nobody decided follows the limits, what a person decided stays."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

import vision
from capture.judging import judge, limits, rejudge
from capture.models import Finding, Photo
from capture.review import decisions
from capture.upload import intake, submission
from portal import history
from portal.background import jobs
from portal.models import Event, Job, Notification
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from tests import factories
from tests.support.words import said

pytestmark = pytest.mark.usefixtures("scoped")
OFF = dict.fromkeys(vision.DEFAULTS["eyes"])
Status = Photo.Status


@pytest.fixture
def measures(good_photo) -> dict:
    return vision.check(good_photo).measures


@pytest.fixture
def judged(school, season, measures):
    """A photo in a state as the judge left it, its measures those of a drawn photo with `roll` as given."""

    def make(status=Status.SUBMITTED, *, roll: float = 0.0, **fields) -> Photo:
        own = measures | {"roll": roll}
        found = vision.judge(own).findings
        photo = factories.photo(
            factories.student(school, season),
            status,
            findings={finding.rule: finding.outcome for finding in found},
            measures=own,
            outcome=vision.Verdict(found).outcome,
            **fields,
        )
        photo.engine = "1.0"
        photo.save()
        return photo

    return make


def apply(season) -> rejudge.Report:
    limit_set = limits.in_force(season)
    photos = rejudge.outdated_photos(season, limit_set)
    return [*rejudge.apply(photos, limit_set, season=season, by=history.SYSTEM)][-1]


def found(photo: Photo) -> dict[str, str]:
    return dict(Finding.objects.filter(photo=photo).values_list("rule", "outcome"))


def test_a_photo_in_review_stays_there_with_its_new_findings(season, judged):
    photo = judged(roll=6.0)
    assert found(photo)["roll"] == "warn"
    chosen = factories.limit_set(season, {"roll": {"reject": 5.5, "warn": 3}})
    report = apply(season)
    photo.refresh_from_db()
    assert (photo.status, photo.outcome, photo.limit_set) == (Status.SUBMITTED, "red", chosen)
    assert found(photo)["roll"] == "reject"
    row = Finding.objects.get(photo=photo, rule="roll")
    assert (row.value, row.limit) == (6.0, 5.5)
    assert report.rules["roll", "warn", "reject"] == 1
    event = Event.objects.get(kind="photo.rejudged")
    assert event.facts["outcome"][1] == "red"
    assert event.facts["limit_set"] == 1


def test_a_ready_photo_is_never_taken_from_its_student(season, judged):
    photo = judged(Status.READY, roll=6.0)
    factories.limit_set(season, {"roll": {"reject": 5.5, "warn": 3}})
    apply(season)
    photo.refresh_from_db()
    photo.student.refresh_from_db()
    assert (photo.status, photo.student.stage) == (Status.READY, Student.Stage.READY)
    assert not Notification.objects.exists()


def test_a_rejected_photo_that_passes_now_is_released_and_made_into_a_portrait(
    agreed, enrolment, season, shut_eyes, django_capture_on_commit_callbacks
):
    sent = intake.accept_upload(
        student=agreed, enrolment=enrolment, data=shut_eyes, token=uuid.uuid4(), origin="camera", by=agreed
    )
    photo = judge.judge_photo(photo_id=sent.pk)
    assert photo.status == Status.REJECTED
    preview = photo.preview.name
    chosen = factories.limit_set(season, {"eyes": OFF})
    with CaptureQueriesContext(connection) as queries:
        report = apply(season)
    assert (
        sum(query["sql"].startswith('UPDATE "capture_photo"') for query in queries) == 1
    )  # see likeness._update_outcome
    photo.refresh_from_db()
    agreed.refresh_from_db()
    assert report.released == 1
    assert (photo.status, photo.attempts, agreed.stage) == (Status.CHECKING, 0, Student.Stage.CHECKING)
    assert Event.objects.filter(kind="photo.released", object_id=photo.pk).count() == 1
    told = Notification.objects.get(kind="photo_released")
    assert told.recipient_key == agreed.actor_key

    with django_capture_on_commit_callbacks(execute=True):
        photo = judge.judge_photo(photo_id=photo.pk)
    agreed.refresh_from_db()
    assert (photo.status, photo.limit_set, agreed.stage) == (Status.READY, chosen, Student.Stage.READY)
    assert photo.portrait
    assert "eyes" not in found(photo)
    assert preview != photo.preview.name
    assert not photo.preview.storage.exists(preview)


def test_a_rejected_photo_that_still_fails_gets_its_new_reasons(season, judged):
    photo = judged(Status.REJECTED, roll=12.0)
    factories.limit_set(season, {"roll": {"reject": 11}})
    apply(season)
    photo.refresh_from_db()
    assert photo.status == Status.REJECTED
    assert Finding.objects.get(photo=photo, rule="roll").limit == 11


@pytest.mark.parametrize("how", ["newer photo", "locked", "concluded", "purged"])
def test_a_rejected_photo_is_not_released_behind_what_happened_since(season, school, enrolment, judged, how):
    photo = judged(Status.REJECTED, roll=12.0)
    if how == "newer photo":
        intake.retire_current_photo(photo.student, by=photo.student)
        factories.photo(photo.student, Status.SUBMITTED)
    elif how == "locked":
        Student.objects.filter(pk=photo.student_id).update(locked_at="2026-01-01T00:00:00Z")
    elif how == "concluded":
        Enrolment.objects.filter(pk=enrolment.pk).update(status=Enrolment.Status.PRINTING)
    else:
        Photo.objects.filter(pk=photo.pk).update(original="")
    factories.limit_set(season, {"roll": {"reject": None, "warn": None}})
    assert apply(season).released == 0
    photo.refresh_from_db()
    assert photo.status == Status.REJECTED
    assert not Notification.objects.exists()


def test_decided_photos_stay_as_decided(season, judged, owner):
    photos = [judged(roll=6.0), judged(roll=6.0)]
    decisions.approve(photo=photos[0], by=owner)
    decisions.return_(photo=photos[1], by=owner, reason="The collar.")
    factories.limit_set(season, {"roll": {"reject": 5.5, "warn": 3}})
    assert rejudge.outdated_photos(season, limits.in_force(season)).count() == 0
    predicted = rejudge.predict(rejudge.judged_photos(season), limits.in_force(season), season=season)
    assert (predicted.changed, predicted.decided) == (2, 2)
    for photo in photos:
        photo.refresh_from_db()
        assert found(photo)["roll"] == "warn"


def test_a_replay_that_changes_nothing_leaves_no_event(season, judged):
    photo = judged(roll=1.0)
    chosen = factories.limit_set(season, {"roll": {"reject": 9}})
    report = apply(season)
    photo.refresh_from_db()
    assert (report.photos, report.changed) == (1, 0)
    assert (photo.limit_set, photo.engine) == (chosen, vision.ENGINE_VERSION)
    assert not Event.objects.filter(kind="photo.rejudged").exists()


def test_twice_is_once(season, judged):
    judged(roll=6.0)
    judged(Status.REJECTED, roll=12.0)
    factories.limit_set(season, {"roll": {"reject": None, "warn": 4}})
    apply(season)
    assert rejudge.outdated_photos(season, limits.in_force(season)).count() == 0
    events = Event.objects.count()
    everything = rejudge.undecided_photos(season)
    [*rejudge.apply(everything, limits.in_force(season), season=season, by=history.SYSTEM)]
    assert Event.objects.count() == events


def test_looking_ahead_writes_nothing(season, judged):
    photo = judged(roll=6.0)
    strict = limits.draft_set(season, changes={"roll": {"reject": 5.5, "warn": 3}})
    report = rejudge.predict(rejudge.judged_photos(season), strict, season=season)
    assert report.as_dict()["rules"] == [{"rule": "roll", "from": "warn", "to": "reject", "photos": 1}]
    assert found(photo)["roll"] == "warn"


def test_a_job_judges_again_and_says_what_came_of_it(season, judged, center_admin):
    photo = judged(roll=6.0)
    factories.limit_set(season, {"roll": {"warn": None}})
    with system_scope():
        job = rejudge.start(season=season, by=center_admin)
        assert rejudge.start(season=season, by=center_admin) == job
        jobs.run(job.pk)
        job.refresh_from_db()
    assert (job.status, job.done, job.total) == (Job.Status.DONE, 1, 1)
    assert job.message == said(
        "Checked again: %(photos)d. Verdicts changed: %(changed)d. Released for submission: %(released)d.",
        photos=1,
        changed=1,
        released=0,
    )
    assert "roll" not in found(photo)
    assert Event.objects.get(kind="photo.rejudged").actor_key == center_admin.actor_key


def test_a_season_that_lets_a_person_decide_makes_portraits_of_red_photos(agreed, enrolment, season, shut_eyes):
    factories.limit_set(season, rejects_red=False)
    sent = intake.accept_upload(
        student=agreed, enrolment=enrolment, data=shut_eyes, token=uuid.uuid4(), origin="camera", by=agreed
    )
    photo = judge.judge_photo(photo_id=sent.pk)
    assert (photo.status, photo.outcome) == (Status.READY, "red")
    assert photo.portrait
    assert found(photo)["eyes"] == "reject"
    assert submission.submit(student=agreed, enrolment=enrolment, by=agreed).status == Status.SUBMITTED


def test_nobody_in_the_picture_is_never_left_to_a_person(agreed, enrolment, season):
    factories.limit_set(season, rejects_red=False)
    sent = intake.accept_upload(
        student=agreed,
        enrolment=enrolment,
        data=factories.jpeg(600, 800),
        token=uuid.uuid4(),
        origin="camera",
        by=agreed,
    )
    assert judge.judge_photo(photo_id=sent.pk).status == Status.REJECTED


def test_other_schools_follow_too(season, other_school, judged, measures):
    student = factories.student(other_school, season)
    with school_scope(other_school):
        own = measures | {"roll": 6.0}
        photo = factories.photo(student, findings={"roll": "warn"}, measures=own, outcome="amber")
    factories.limit_set(season, {"roll": {"warn": None}})
    with system_scope():
        jobs.run(rejudge.start(season=season, by=history.SYSTEM).pk)
    with school_scope(other_school):
        assert "roll" not in found(photo)
