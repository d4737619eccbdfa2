"""Judging: real drawn photos through the real engine."""

import datetime as dt
import errno
import hashlib
import io
import uuid

import pytest
from django.db import InterfaceError
from django.utils import timezone
from kombu.exceptions import OperationalError
from PIL import Image

import vision
from capture.judging import judge
from capture.models import Finding, Photo
from capture.upload.intake import accept_upload
from portal import files
from portal.background import queue
from portal.models import Event, Notification
from portal.outages import FilesAway
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.support.lost_connection import lost_at, stored_files

pytestmark = pytest.mark.usefixtures("scoped")


@pytest.fixture
def sent(agreed, enrolment):
    def send(data: bytes) -> Photo:
        return accept_upload(
            student=agreed, enrolment=enrolment, data=data, token=uuid.uuid4(), origin="camera", by=agreed
        )

    return send


def test_good_photo_becomes_a_standard_portrait(sent, agreed, good_photo):
    photo = judge.judge_photo(photo_id=sent(good_photo).pk)
    agreed.refresh_from_db()
    photo.refresh_from_db()
    assert photo.status == Photo.Status.READY
    assert agreed.stage == Student.Stage.READY
    assert photo.outcome in {"green", "amber"}
    assert photo.engine
    assert len(photo.imprint.words) == 32
    assert photo.compared_at
    assert photo.measures["faces"] == 1
    portrait = Image.open(io.BytesIO(factories.content(photo.portrait)))
    assert portrait.size == (480, 640)
    assert photo.portrait.size <= 40_960
    assert max(Image.open(io.BytesIO(factories.content(photo.preview))).size) == 1280


def test_photo_that_lies_is_stored_turned(sent, good_photo, django_capture_on_commit_callbacks):
    upright = Image.open(io.BytesIO(good_photo))
    lying = io.BytesIO()
    upright.rotate(90, expand=True).save(lying, "JPEG", quality=95)
    photo = sent(lying.getvalue())
    before, sent_hash = photo.original.name, photo.sha256
    with django_capture_on_commit_callbacks(execute=True):
        photo = judge.judge_photo(photo_id=photo.pk)
    photo.refresh_from_db()
    original = factories.content(photo.original)

    assert photo.status == Photo.Status.READY
    assert (photo.width, photo.height) == upright.size == Image.open(io.BytesIO(original)).size
    assert photo.original_size == len(original)
    assert photo.sha256 == hashlib.sha256(original).hexdigest() != sent_hash
    assert photo.measures["lies"] == 0
    assert photo.is_turned
    assert not photo.original.storage.exists(before)
    portrait = vision.make_portrait(vision.open_photo(original), photo.measures, crop=photo.geometry["crop"])
    assert portrait.geometry["crop"] == photo.geometry["crop"]


def test_shut_eyes_are_rejected_with_a_mark(sent, agreed, shut_eyes):
    photo = judge.judge_photo(photo_id=sent(shut_eyes).pk)
    agreed.refresh_from_db()
    assert photo.status == Photo.Status.REJECTED
    assert agreed.stage == Student.Stage.RETAKE
    found = Finding.objects.get(photo=photo, rule="eyes")
    assert found.outcome == Finding.Outcome.REJECT
    assert found.value < found.limit
    assert found.marks
    assert not photo.portrait


def test_picture_without_a_face_is_rejected(sent):
    photo = judge.judge_photo(photo_id=sent(factories.jpeg(600, 800)).pk)
    assert photo.status == Photo.Status.REJECTED
    assert list(photo.findings.values_list("rule", flat=True)) == ["one_face"]


def test_file_that_cannot_be_read_is_a_rejection_and_not_an_error(sent):
    photo = sent(factories.jpeg(600, 800))
    with photo.original.storage.open(photo.original.name, "wb") as file:
        file.write(b"\xff\xd8\xff rubbish")
    photo = judge.judge_photo(photo_id=photo.pk)
    assert photo.status == Photo.Status.REJECTED
    assert list(photo.findings.values_list("rule", flat=True)) == ["unreadable"]


def test_judging_twice_changes_nothing(sent):
    photo = sent(factories.jpeg(600, 800))
    assert judge.judge_photo(photo_id=photo.pk)
    assert judge.judge_photo(photo_id=photo.pk) is None
    assert Finding.objects.filter(photo=photo).count() == 1
    assert Event.objects.filter(kind="photo.rejected", object_id=photo.pk).count() == 1


def test_of_two_workers_with_one_photo_one_settles_and_the_other_leaves_no_file(sent, good_photo, settings):
    photo = sent(good_photo)
    claimed = judge.claim(photo.pk)
    judgement = judge.examine_photo(claimed)
    assert judge.record_judgement(claimed, judgement)
    before = sorted(path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())
    assert judge.record_judgement(Photo.objects.get(pk=photo.pk), judgement) is None
    assert sorted(path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()) == before


def test_photo_in_the_hands_of_a_worker_is_not_claimed_again(sent):
    photo = sent(factories.jpeg(600, 800))
    assert judge.claim(photo.pk)
    assert judge.claim(photo.pk) is None
    Photo.objects.filter(pk=photo.pk).update(claimed_at=timezone.now() - dt.timedelta(minutes=5))
    assert judge.claim(photo.pk)


def test_replaced_photo_is_judged_without_moving_the_student(sent, agreed):
    first, second = sent(factories.jpeg(600, 800)), sent(factories.jpeg(600, 800))
    judge.judge_photo(photo_id=first.pk)
    agreed.refresh_from_db()
    assert agreed.stage == Student.Stage.CHECKING
    judge.judge_photo(photo_id=second.pk)
    agreed.refresh_from_db()
    assert agreed.stage == Student.Stage.RETAKE


def test_limits_of_the_season_decide(sent, season, shut_eyes):
    chosen = factories.limit_set(season, {"eyes": dict.fromkeys(vision.DEFAULTS["eyes"]) | {"warn": 0.9}})
    photo = judge.judge_photo(photo_id=sent(shut_eyes).pk)
    assert photo.status == Photo.Status.READY
    assert Finding.objects.get(photo=photo, rule="eyes").outcome == Finding.Outcome.WARN
    assert photo.limit_set == chosen


def test_a_limit_that_the_engine_does_not_know_any_more_does_not_stop_it(sent, season, caplog):
    factories.limit_set(season, {"no_such_rule": {"reject": 1}})
    assert judge.judge_photo(photo_id=sent(factories.jpeg(600, 800)).pk).status == Photo.Status.REJECTED
    assert "no_such_rule" in caplog.text


def test_background_of_the_season_is_used(sent, season, good_photo):
    season.background = "white"
    with system_scope():
        season.save()
    photo = judge.judge_photo(photo_id=sent(good_photo).pk)
    corner = Image.open(io.BytesIO(factories.content(photo.portrait))).getpixel((3, 3))
    assert min(corner) > 245


# --- the sweep -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def messages(monkeypatch):
    """The queue, as a list of its messages."""
    found = []
    monkeypatch.setattr(queue, "send", lambda task, *ids, queue="": found.append((task, ids, queue)))
    monkeypatch.setattr(queue, "length", lambda name: len(found))
    return found


MESSAGE = ("capture.tasks.judge_photos", (), "check")


def waiting(student, **fields) -> Photo:
    long_ago = timezone.now() - dt.timedelta(minutes=10)
    return factories.photo(student, Photo.Status.CHECKING, **{"queued_at": long_ago} | fields)


def test_sweep_sends_a_message_for_each_forgotten_and_lost_photo_of_every_school(
    student, other_school, season, messages
):
    waiting(student)
    long_ago = timezone.now() - dt.timedelta(minutes=10)
    waiting(factories.student(other_school, season), claimed_at=long_ago, attempts=1)
    assert judge.sweep() == 2
    assert messages == [MESSAGE, MESSAGE]


def test_sweep_leaves_fresh_and_finished_photos_alone(student, school, season, messages):
    waiting(student, claimed_at=timezone.now(), attempts=1)
    waiting(factories.student(school, season), queued_at=timezone.now())
    factories.photo(factories.student(school, season), Photo.Status.SUBMITTED)
    assert judge.sweep() == 0
    assert messages == []


def test_photo_that_waits_behind_others_is_told_once(school, season, messages):
    for _ in range(3):
        waiting(factories.student(school, season))
    messages[:] = [MESSAGE] * 3
    assert [judge.sweep() for _ in range(5)] == [0] * 5
    messages.pop()  # lost
    assert [judge.sweep(), judge.sweep()] == [1, 0]


def test_after_a_loss_of_the_queue_no_more_is_sent_than_keeps_the_workers_busy(
    school, season, messages, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(judge, "PROCESSES_AT_WORK", 2)
    for _ in range(5):
        waiting(factories.student(school, season))
    with django_assert_num_queries(3):
        assert judge.sweep() == 2


def test_broker_that_is_away_leaves_photos_to_the_next_sweep(student, monkeypatch, caplog):
    waiting(student)

    def away(name):
        raise OperationalError("nobody answers")

    monkeypatch.setattr(queue, "length", away)
    assert judge.sweep() == 0
    assert "photos wait for the next sweep" in caplog.text


# --- whose turn it is ------------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(monkeypatch):
    """The keys of the photos that were judged, in their order; the engine rests."""
    found = []

    def examine(photo):
        found.append(photo.pk)
        return judge.Judgement((vision.Finding("eyes", "reject"),))

    monkeypatch.setattr(judge, "examine_photo", examine)
    return found


def test_who_has_waited_longest_is_judged_first_in_whatever_school(student, other_school, season, judged):
    now = timezone.now()
    second = waiting(student, queued_at=now - dt.timedelta(seconds=5))
    first = waiting(factories.student(other_school, season), queued_at=now - dt.timedelta(seconds=9))
    assert judge.judge_photos() == 2
    assert judged == [first.pk, second.pk]


def test_photo_judged_again_lets_new_ones_be_first_but_not_for_ever(student, school, season, judged):
    now = timezone.now()
    waited = {"checked_at": now - dt.timedelta(days=1)}
    soon = waiting(student, queued_at=now - dt.timedelta(minutes=5), **waited)
    new = waiting(factories.student(school, season), queued_at=now)
    starved = waiting(factories.student(school, season), queued_at=now - dt.timedelta(minutes=61), **waited)
    judge.judge_photos()
    assert judged == [starved.pk, new.pk, soon.pk]


def test_photo_that_its_student_has_replaced_is_not_judged(sent, good_photo, judged):
    replaced, newest = sent(good_photo), sent(good_photo)
    assert judge.judge_photos() == 1
    assert judged == [newest.pk]
    replaced.refresh_from_db()
    assert (replaced.status, replaced.is_current) == (Photo.Status.WITHDRAWN, False)


def test_photo_replaced_while_it_is_examined_leaves_no_trace(sent, good_photo, monkeypatch):
    replaced, newest = sent(good_photo), []
    examine = judge.examine_photo

    def slow(photo):
        found = examine(photo)
        newest.append(sent(good_photo))
        return found

    monkeypatch.setattr(judge, "examine_photo", slow)
    before = len(stored_files())
    assert judge.judge_photo(photo_id=replaced.pk) is None
    assert len(stored_files()) == before + 1  # the new original
    assert newest[0].student.stage == Student.Stage.CHECKING


def test_worker_that_is_taken_judges_none(student, judged):
    waiting(student, claimed_at=timezone.now(), attempts=1)
    assert judge.judge_next() is None
    assert judged == []


def test_turn_that_is_over_leaves_the_rest_to_another_message(student, school, season, judged, messages, monkeypatch):
    monkeypatch.setattr(judge, "TURN_SECONDS", 0)
    for row in (student, factories.student(school, season)):
        waiting(row)
    assert judge.judge_photos() == 1
    assert messages == [MESSAGE]


def test_photo_lost_too_often_is_marked_for_a_person_and_the_student_may_go_on(student, messages, caplog):
    photo = waiting(student, attempts=2, claimed_at=timezone.now() - dt.timedelta(minutes=10))
    assert judge.sweep() == 0
    photo.refresh_from_db()
    student.refresh_from_db()
    assert photo.status == Photo.Status.FAILED
    assert student.stage == Student.Stage.RETAKE
    assert Notification.objects.filter(recipient_key=student.actor_key, kind="photo_failed").count() == 1
    assert f"Photo {photo.pk} could not be judged in 2 attempts" in caplog.text


def test_photo_of_a_worker_that_hung_is_judged_by_another_and_the_log_says_so(student, judged, caplog):
    photo = waiting(student, attempts=1, claimed_at=timezone.now() - dt.timedelta(seconds=31))
    judge.judge_photos()
    assert judged == [photo.pk]
    assert f"Photo {photo.pk} is judged once more" in caplog.text


def test_photo_of_a_worker_that_hung_waits_while_the_files_do_not_answer(student, judged, monkeypatch):
    photo = waiting(student, attempts=1, claimed_at=timezone.now() - dt.timedelta(seconds=31))
    with monkeypatch.context() as patch:
        patch.setattr(files.storage(), "problem", lambda: "it does not answer", raising=False)
        for _again in range(Photo.MAX_ATTEMPTS):
            with pytest.raises(FilesAway):
                judge.judge_photos()
    photo.refresh_from_db()
    assert (judged, photo.attempts) == ([], 1)
    judge.judge_photos()
    assert judged == [photo.pk]


def test_check_that_takes_long_is_told_to_the_operator(student, judged, caplog, monkeypatch):
    monkeypatch.setattr(judge, "SLOW_SECONDS", 0)
    photo = waiting(student)
    judge.judge_photos()
    assert f"Photo {photo.pk} took 0 s to be judged" in caplog.text


def test_check_that_hangs_is_killed_when_its_claim_is_old():
    from capture import tasks

    assert tasks.judge_photos.time_limit > Photo.CLAIM_SECONDS + judge.TURN_SECONDS


def test_person_has_a_failed_photo_judged_again(student, owner):
    photo = factories.photo(student, Photo.Status.FAILED, attempts=5)
    judge.judge_again(photo=photo, by=owner)
    student.refresh_from_db()
    assert student.stage == Student.Stage.CHECKING
    assert judge.judge_photo(photo_id=photo.pk).status == Photo.Status.REJECTED


def test_a_judgement_that_was_not_committed_leaves_no_file(sent, good_photo):
    photo = sent(good_photo)
    before = stored_files()
    with lost_at('INSERT INTO "portal_event"'):
        judge.judge_photo(photo_id=photo.pk)
    assert stored_files() == before
    photo.refresh_from_db()
    assert (photo.status, photo.portrait_size) == (Photo.Status.CHECKING, 0)
    Photo.objects.update(claimed_at=None)  # as the sweep does with a photo whose worker is lost
    photo = judge.judge_photo(photo_id=photo.pk)
    for name in ("preview", "portrait", "thumbnail"):
        assert getattr(photo, f"{name}_size") == getattr(photo, name).size > 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "fault", [OSError(errno.ENOSPC, "No space left on device"), InterfaceError("the connection is closed")]
)
def test_a_fault_of_the_machine_is_no_attempt_of_the_photo(sent, good_photo, monkeypatch, fault):
    photo = sent(good_photo)

    def fail(*given):
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(judge, "record_judgement", fail)
        for _again in range(Photo.MAX_ATTEMPTS + 1):
            with pytest.raises(type(fault)):
                judge.judge_photo(photo_id=photo.pk)
    photo.refresh_from_db()
    assert (photo.status, photo.attempts, photo.claimed_at) == (Photo.Status.CHECKING, 0, None)
    assert judge.judge_photo(photo_id=photo.pk).status == Photo.Status.READY


def test_a_fault_of_the_photo_is_an_attempt(sent, good_photo, monkeypatch):
    photo = sent(good_photo)
    monkeypatch.setattr(judge, "examine_photo", lambda photo: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        judge.judge_photo(photo_id=photo.pk)
    photo.refresh_from_db()
    assert photo.attempts == 1
