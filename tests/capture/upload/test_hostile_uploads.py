"""Hostile files through the page that takes photos: a sentence or a photo that can be judged, and nothing half-written."""

import random
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from capture.judging import judge
from capture.models import Photo
from tests.support.hostile_photos.damage import cuts, fuzzed
from tests.support.hostile_photos.made import bombs, disguises, metadata
from tests.support.hostile_photos.sound import sound

HAN = range(0x4E00, 0x9FFF)


def hostile(seed=5):
    """Some of every kind."""
    chance = random.Random(seed)
    for made in (list(disguises()), list(bombs()), list(metadata()), list(cuts(chance))):
        yield from chance.sample(made, 8)
    yield from ((f"fuzzed {kind}", fuzzed(data, chance)) for kind, data in chance.sample(sound(), k=12))


@pytest.mark.django_db
def test_hostile_uploads_leave_a_sentence_or_a_photo(student_client, agreed, settings, scoped, monkeypatch):
    monkeypatch.setattr("capture.upload.intake.ATTEMPTS_A_DAY", 1000)
    settings.LANGUAGE_CODE = "zh-hans"
    said, sent = {}, list(hostile())
    for name, data in sent:
        settings.RATELIMIT_CACHE_PREFIX = f"rl:{uuid.uuid4().hex}:"
        photo = SimpleUploadedFile("photo.jpg", data, "image/jpeg")
        answer = student_client.post("/me/upload/", {"photo": photo, "token": uuid.uuid4()})
        said[name] = (answer.status_code, answer.json().get("error", ""))
    accepted = [name for name, (status, _) in said.items() if status == 200]

    assert {status for status, _ in said.values()} <= {200, 400, 413}
    assert all(name in accepted or any(ord(letter) in HAN for letter in words) for name, (_, words) in said.items())
    assert Photo.objects.count() == len(accepted) > 3
    assert files_of(settings.MEDIA_ROOT) == {photo.original.name for photo in Photo.objects.all()}


@pytest.mark.django_db
def test_what_was_let_in_gets_its_verdict(student_client, agreed, settings, scoped):
    """Pixels that make no sense and profiles that lie are judged like others."""
    made = dict(metadata()) | dict(bombs())
    for name in ("exif orientation 65535", "profile of nonsense", "jpeg restarts", "jpeg of 12 scans 2000"):
        photo = SimpleUploadedFile("photo.jpg", made[name], "image/jpeg")
        answer = student_client.post("/me/upload/", {"photo": photo, "token": uuid.uuid4()})
        assert answer.status_code == 200, (name, answer.content.decode())
        stored = Photo.objects.latest("pk")
        judge.judge_photo(photo_id=stored.pk)
        stored.refresh_from_db()
        assert stored.status in {Photo.Status.READY, Photo.Status.REJECTED}, name
        assert student_client.get("/me/check/").status_code == 200


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
