"""Photos that wait: what their students are told, and when no more are taken in."""

import datetime as dt
import uuid

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from capture.judging import judge
from capture.models import Photo
from capture.upload import waiting
from portal.tenancy import system_scope
from students.models import Student
from tests import factories
from tests.support.words import said


@pytest.fixture(autouse=True)
def _no_chance(monkeypatch):
    monkeypatch.setattr(waiting.random, "uniform", lambda least, most: least)


@pytest.fixture
def queued(other_school, season):
    """Photos of another school that wait: `number` of them for a minute, `at_work` of them claimed."""

    def make(number: int, *, at_work: int = 0) -> None:
        with system_scope():
            for n in range(number):
                factories.photo(
                    factories.student(other_school, season),
                    Photo.Status.CHECKING,
                    queued_at=timezone.now() - dt.timedelta(minutes=1),
                    claimed_at=timezone.now() if n < at_work else None,
                )

    return make


@pytest.fixture
def photo(scoped, student) -> Photo:
    return factories.photo(student, Photo.Status.CHECKING)


def test_the_wait_is_what_stands_before_by_what_each_takes_and_who_is_at_work(photo, queued):
    queued(11, at_work=2)
    waiting.note(4.0)
    wait = waiting.of_photo(photo)
    assert (wait.ahead, wait.at_work, wait.seconds) == (9, 2, 20.0)
    assert str(wait) == said("Yours is checked in about %(n)d seconds.", n=20)


def test_who_came_later_or_is_lost_with_its_worker_does_not_count_as_at_work(photo, school, season):
    soon, long_ago = timezone.now() + dt.timedelta(seconds=1), timezone.now() - dt.timedelta(minutes=5)
    factories.photo(factories.student(school, season), Photo.Status.CHECKING, queued_at=soon)
    factories.photo(
        factories.student(school, season), Photo.Status.CHECKING, queued_at=long_ago, claimed_at=long_ago, attempts=1
    )
    wait = waiting.of_photo(photo)
    assert (wait.ahead, wait.at_work) == (1, 0)


def test_the_mean_follows_the_photos_slowly(db):
    for seconds in (1.0, 1.0, 11.0):
        waiting.note(seconds)
    assert cache.get(waiting.SECONDS_EACH) == pytest.approx(2.0)


def test_the_worker_notes_how_long_a_photo_took(photo, monkeypatch):
    noted = []
    monkeypatch.setattr(waiting, "note", noted.append)
    judge.judge_photo(photo_id=photo.pk)
    assert len(noted) == 1
    assert 0 < noted[0] < Photo.CLAIM_SECONDS


@pytest.mark.parametrize(
    ("seconds", "sentence", "ask_in"),
    [
        (9, "", 2),
        (31, "Yours is checked in about 40 seconds.", 7),
        (100, "Yours is checked in about 2 minutes.", 20),
    ],
)
def test_the_page_says_what_is_worth_saying_and_asks_the_less_the_longer_it_waits(seconds, sentence, ask_in):
    from django.utils import translation

    wait = waiting.Wait(ahead=seconds - 1, at_work=1, seconds_each=1.0)
    with translation.override("en"):
        assert str(wait) == sentence
    assert wait.ask_in == ask_in


def test_without_a_worker_nobody_is_promised_a_time():
    assert str(waiting.Wait(ahead=300, at_work=0, seconds_each=1.0)) == ""


def send(client: Client, **headers: str):
    photo = SimpleUploadedFile("photo.jpg", factories.jpeg(480, 640), "image/jpeg")
    return client.post("/me/upload/", {"photo": photo, "token": uuid.uuid4()}, headers=headers)


def test_beyond_the_longest_wait_new_photos_are_asked_to_come_later(scoped, student_client, agreed, queued, settings):
    settings.PHOTO_WAIT_SECONDS = 10
    queued(9, at_work=1)
    assert send(student_client).status_code == 200  # the tenth second
    Student.objects.filter(pk=agreed.pk).update(stage=Student.Stage.RETAKE)
    waiting.note(30.0)
    answer = send(student_client)
    assert (answer.status_code, answer["Retry-After"]) == (503, "295")
    sentence = said("Very many photos are coming in just now. Please send yours in %(n)d minutes.", n=5)
    assert answer.json() == {"error": sentence}
    assert Photo.objects.filter(student=agreed).count() == 1


def test_the_api_says_when_to_come_and_how_long_it_takes(student_client, agreed, queued, settings):
    settings.PHOTO_WAIT_SECONDS = 10
    queued(11, at_work=1)
    data = {"photo": SimpleUploadedFile("p.jpg", factories.jpeg(480, 640), "image/jpeg"), "token": uuid.uuid4()}
    answer = student_client.post("/api/v1/me/photos/", data)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    factories.photo(agreed, Photo.Status.CHECKING)
    assert student_client.get("/api/v1/me/photos/current/").json()["wait_seconds"] == 11


def test_a_photo_in_the_place_of_one_that_waits_is_always_taken(student_client, agreed, queued, settings):
    assert send(student_client).status_code == 200
    settings.PHOTO_WAIT_SECONDS = 10
    queued(20)
    assert send(student_client).status_code == 200
