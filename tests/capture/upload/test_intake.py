"""Taking in photos."""

import datetime as dt
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from capture.models import Photo
from capture.upload import intake
from capture.upload.intake import ATTEMPTS_A_DAY, accept_upload
from capture.upload.normalising import NotAPhoto
from portal.errors import Conflict, NotAllowed, PortalError, RateLimited
from portal.models import Event
from portal.tenancy import system_scope
from schools.models import Enrolment, Season, Window
from students.models import Student
from tests import factories
from tests.support.lost_connection import lost_at, stored_files
from tests.support.words import said

pytestmark = pytest.mark.usefixtures("scoped")


def plain(colour="#64c5ff") -> bytes:
    return factories.jpeg(480, 640, colour)


@pytest.fixture
def send(agreed, enrolment):
    def upload(data=None, **how):
        how = {"token": uuid.uuid4(), "origin": Photo.Origin.CAMERA, "by": agreed} | how
        return accept_upload(student=agreed, enrolment=enrolment, data=plain() if data is None else data, **how)

    return upload


def test_photo_is_stored_and_the_student_waits_for_the_check(send, agreed):
    photo = send()
    agreed.refresh_from_db()
    assert photo.status == Photo.Status.CHECKING
    assert agreed.stage == Student.Stage.CHECKING
    assert (photo.width, photo.height) == (480, 640)
    assert factories.content(photo.original)[:3] == b"\xff\xd8\xff"
    assert Event.objects.filter(kind="photo.uploaded", object_id=photo.pk).count() == 1


def test_queue_is_told_once_the_row_is_committed(send, django_capture_on_commit_callbacks, monkeypatch):
    told = []
    monkeypatch.setattr(intake, "tell_workers", lambda: told.append(Photo.objects.get().pk))
    with django_capture_on_commit_callbacks(execute=True):
        photo = send()
        assert told == []
    assert told == [photo.pk]


def test_uploaded_file_is_taken_like_bytes(send):
    assert send(SimpleUploadedFile("x.exe", plain(), "text/html")).width == 480


def test_double_click_is_one_photo(send):
    token = uuid.uuid4()
    first, second = send(token=token), send(token=token)
    assert first == second
    assert Photo.objects.count() == 1


def test_new_photo_takes_the_place_of_the_last(send, agreed):
    first = send()
    second = send()
    first.refresh_from_db()
    assert (first.is_current, second.is_current) == (False, True)


def test_ready_photo_is_withdrawn_by_a_new_one(send, agreed):
    ready = factories.photo(agreed, Photo.Status.READY)
    send()
    ready.refresh_from_db()
    assert (ready.status, ready.is_current) == (Photo.Status.WITHDRAWN, False)


@pytest.mark.parametrize("status", [Photo.Status.SUBMITTED, Photo.Status.APPROVED])
def test_photo_that_was_handed_in_is_not_replaced(send, agreed, status):
    factories.photo(agreed, status)
    with pytest.raises(Conflict) as refused:
        send()
    assert said("Your photo has already been submitted. You can retake it if your school returns it.") in str(
        refused.value
    )


def test_no_more_than_the_attempts_of_a_day(send, agreed):
    for _ in range(ATTEMPTS_A_DAY):
        factories.photo(agreed, Photo.Status.REJECTED, is_current=False)
    with pytest.raises(RateLimited):
        send()
    Photo.objects.update(taken_at=timezone.now() - dt.timedelta(days=1))
    assert send().pk


def test_rubbish_sent_again_and_again_is_refused_unread(send, monkeypatch):
    monkeypatch.setattr(intake, "UPLOADS", "3/d")  # a minute could end in the middle of the test
    for _ in range(3):
        with pytest.raises(NotAPhoto):
            send(b"no photo")
    with pytest.raises(RateLimited):
        send(b"no photo")


def test_locked_student_cannot_send(send, agreed):
    agreed.locked_at = timezone.now()
    agreed.save()
    with pytest.raises(NotAllowed):
        send()


def test_consent_comes_first(student, enrolment):
    with pytest.raises(PortalError) as refused:
        accept_upload(
            student=student, enrolment=enrolment, data=plain(), token=uuid.uuid4(), origin="camera", by=student
        )
    message = "Please confirm your details and agree to the use of the portrait first."
    assert str(refused.value) == said(message)


def test_outside_of_the_days_the_sentence_says_when(send, season):
    today = timezone.localdate()
    with system_scope():
        Window.objects.update(starts_on=today + dt.timedelta(days=1), ends_on=today + dt.timedelta(days=2))
    with pytest.raises(NotAllowed) as refused:
        send()
    assert said("tomorrow") in str(refused.value)


def test_outside_of_the_hours_nothing_is_taken(send, season, enrolment):
    hour = (timezone.localtime().hour + 12) % 24
    with system_scope():
        Season.objects.update(opens_at=dt.time(hour), closes_at=dt.time(hour, 30))
    enrolment.season.refresh_from_db()
    with pytest.raises(NotAllowed):
        send()


def test_file_is_refused_where_the_school_wants_the_camera(send, enrolment):
    enrolment.allow_file = False
    with pytest.raises(NotAllowed):
        send(origin=Photo.Origin.FILE)
    assert send().pk


def test_refused_photo_leaves_no_row_and_no_file(send, agreed, settings):
    for _ in range(ATTEMPTS_A_DAY):
        factories.photo(agreed, Photo.Status.REJECTED, is_current=False)
    before = sum(1 for path in settings.MEDIA_ROOT.rglob("*") if path.is_file())
    with pytest.raises(RateLimited):
        send()
    assert sum(1 for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()) == before
    assert Photo.objects.count() == ATTEMPTS_A_DAY


@pytest.mark.parametrize("data", [b"", b"no photo", plain()[:200]])
def test_what_is_no_photo_leaves_the_student_where_he_was(send, agreed, data):
    with pytest.raises(PortalError):
        send(data)
    agreed.refresh_from_db()
    assert agreed.stage == Student.Stage.WAITING


def test_first_photo_begins_the_capture(send, enrolment):
    Enrolment.objects.update(status=Enrolment.Status.PREPARING)
    enrolment.refresh_from_db()
    send()
    enrolment.refresh_from_db()
    assert enrolment.status == Enrolment.Status.CAPTURING


def test_a_photo_that_was_not_committed_leaves_no_file(send, agreed):
    with lost_at('INSERT INTO "portal_event"'):
        send()
    assert stored_files() == set()
    assert not Photo.objects.exists()
    photo = send()
    assert photo.original_size == len(factories.content(photo.original))
    assert len(stored_files()) == 1
