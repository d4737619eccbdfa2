"""The film that comes with a photo: from the upload to the reviewer, and until it is deleted."""

import datetime as dt
import io
import re
import uuid
import zipfile

import cv2
import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import timezone

from capture.judging import judge
from capture.live import films, watching
from capture.models import Consent, Film, Finding, Photo
from capture.review import automatic_approval, decisions
from capture.sign_in import consent
from capture.upload import intake
from demo.drawn_people import Person, draw_portrait
from portal.background import queue
from portal.errors import Conflict
from portal.models import Event
from portal.privacy import retention
from portal.tenancy import system_scope
from tests import factories
from tests.support.addresses import dated
from tests.support.lost_connection import stored_files
from tests.support.words import said
from vision.live import film as engine

pytestmark = pytest.mark.usefixtures("scoped")
STILL = [0] * 5


@pytest.fixture(scope="module")
def drawn() -> np.ndarray:
    return np.asarray(draw_portrait(Person.random(3), size=(192, 256)))[..., ::-1]


@pytest.fixture
def film(drawn):
    """`film(0, 0, 3)`: the frames of a face that stands so many px farther to the right."""

    def made(*shifts: int) -> SimpleUploadedFile:
        pictures = [cv2.imencode(".jpg", np.roll(drawn, shift, 1))[1].tobytes() for shift in shifts]
        frames = [engine.Frame(100 * (len(shifts) - n), picture) for n, picture in enumerate(pictures)]
        return SimpleUploadedFile("frames.bin", engine.pack(frames))

    return made


@pytest.fixture
def told(monkeypatch) -> list[tuple]:
    """The messages of the queue of films."""
    sent: list[tuple] = []
    monkeypatch.setattr(queue, "send", lambda name, *args, **_: sent.append(args) if "film" in name else None)
    return sent


@pytest.fixture
def sent(agreed, student_client, good_judgement, told, enrolment):
    """`sent(film)`: a photo that came by the page, and its verdict."""

    def run(frames: SimpleUploadedFile | None, *, agrees: bool = True) -> Photo:
        Consent.objects.filter(student=agreed).update(film=agrees)
        fields = {"token": str(uuid.uuid4()), "photo": SimpleUploadedFile("a.jpg", factories.jpeg(480, 640))}
        answer = student_client.post("/me/upload/", fields | ({"frames": frames} if frames else {}))
        assert answer.status_code == 200, answer.content
        photo = Photo.objects.get(student=agreed, is_current=True)
        judge.record_judgement(judge.claim(photo.pk), good_judgement)
        photo.refresh_from_db()
        return photo

    return run


def test_from_the_upload_to_the_reviewer_and_the_deletion(sent, told, film, owner_client, owner, settings):
    photo = sent(film(*STILL))
    assert told == [(photo.school_id, photo.pk)]
    row = Film.objects.get(photo=photo)
    assert b"\xff\xd8\xff" not in factories.content(row.frames)  # encrypted

    assert watching.watch(photo_id=photo.pk)
    assert not watching.watch(photo_id=photo.pk)
    photo.refresh_from_db()
    finding = Finding.objects.get(photo=photo, rule="live")
    assert (finding.outcome, finding.value, photo.outcome) == ("warn", 1.0, "amber")
    assert photo.measures["live_distinct"] == 1
    assert Event.objects.filter(kind="photo.film_doubted", object_id=photo.pk).count() == 1

    Photo.objects.filter(pk=photo.pk).update(status=Photo.Status.SUBMITTED, submitted_at=timezone.now())
    page = owner_client.get("/school/review/").content.decode()
    assert said("The second before the shutter") in page
    assert dated(f"/school/photos/{photo.pk}/film/4/") in page
    picture = owner_client.get(dated(f"/school/photos/{photo.pk}/film/0/"))
    assert picture["Content-Type"] == "image/jpeg"
    assert picture.content[:3] == b"\xff\xd8\xff"
    assert Event.objects.filter(kind="photo.film_seen", object_id=photo.pk).count() == 1
    assert owner_client.get(dated(f"/school/photos/{photo.pk}/film/5/")).status_code == 400

    rule = retention.RULES["films"]
    with system_scope():
        assert rule.delete(timezone.now() + dt.timedelta(seconds=1)) == 0  # nobody has decided
    photo.refresh_from_db()
    decisions.return_(photo=photo, by=owner, reason="翻拍")
    with system_scope():
        assert rule.due(timezone.now() - dt.timedelta(days=1)) == 0
        assert rule.delete(timezone.now() + dt.timedelta(seconds=1)) == 1
    assert not Film.objects.exists()
    photo.refresh_from_db()
    assert photo.measures["live_distinct"] == 1  # the number stays with the decision


def test_film_is_written_before_the_lock_and_goes_when_the_photo_is_refused(
    sent, film, agreed, monkeypatch, locks_at_writing, django_capture_on_commit_callbacks
):
    before = stored_files()
    with monkeypatch.context() as patched:
        patched.setattr(intake, "_refuse_too_many", _refuse_under_the_lock)
        with pytest.raises(AssertionError):
            sent(film(*STILL))
    assert (locks_at_writing, stored_files()) == ([False, False], before)
    frames = engine.read(film(*STILL).read())
    monkeypatch.setattr(films, "accepted", lambda *_: _taken_back(agreed, frames))
    with django_capture_on_commit_callbacks(execute=True):
        sent(film(*STILL))
    assert not Film.objects.exists()
    assert not [name for name in stored_files() - before if "films" in name.parts]


def _refuse_under_the_lock(_student, _now) -> None:
    if connection.savepoint_ids:
        raise Conflict


def _taken_back(student, frames):
    """While the photo arrives."""
    Consent.objects.filter(student=student).update(film=False)
    return frames


def test_film_goes_from_the_disk_with_the_consent(
    sent, film, student_client, agreed, django_capture_on_commit_callbacks
):
    photo = sent(film(*STILL))
    watching.watch(photo_id=photo.pk)
    copy = student_client.post("/me/data/copy/", {"id_number": agreed.id_number}).content
    assert f"{photo.pk}-film-4.jpg" in zipfile.ZipFile(io.BytesIO(copy)).namelist()
    kept = stored_files()
    with django_capture_on_commit_callbacks(execute=True):
        consent.agree(student=agreed, season=agreed.season, version=agreed.season.consent_version, by=agreed)
    assert len(kept - stored_files()) == 1
    photo.refresh_from_db()
    assert "live_distinct" not in photo.measures
    assert photo.outcome == "green"
    assert not Finding.objects.filter(photo=photo).exists()


@pytest.mark.parametrize("content", [b"", b"no film", b"x" * 300_000])
def test_what_is_no_film_is_left_out_and_the_photo_taken(sent, told, content):
    sent(SimpleUploadedFile("frames.bin", content))
    assert not Film.objects.exists()
    assert told == []


def test_without_the_tick_no_film_is_kept(sent, film, student_client):
    sent(film(*STILL), agrees=False)
    assert not Film.objects.exists()
    assert not re.search(r"data-film\s", student_client.get("/me/camera/").content.decode())


def test_a_green_photo_waits_for_its_film(sent, film, season):
    factories.limit_set(season, approves_green=True)
    photo = sent(film(0, 3, 5, 2, 1))
    Photo.objects.filter(pk=photo.pk).update(face_compared_at=timezone.now(), compared_at=timezone.now())
    photo.refresh_from_db()
    assert not automatic_approval.is_green(photo)
    Film.objects.update(watched_at=timezone.now())
    assert automatic_approval.is_green(photo)


def test_lost_film_is_found_by_the_sweep(sent, told, film):
    photo = sent(film(*STILL))
    assert watching.sweep() == 0
    Photo.objects.filter(pk=photo.pk).update(checked_at=timezone.now() - dt.timedelta(hours=1))
    assert watching.sweep() == 1
    assert told[-1] == (photo.school_id, photo.pk)


def test_erasing_a_student_erases_the_film(sent, film, agreed, django_capture_on_commit_callbacks):
    sent(film(*STILL))
    kept = stored_files()
    with django_capture_on_commit_callbacks(execute=True):
        films.erase(agreed, whole=False)
    assert len(kept - stored_files()) == 1
