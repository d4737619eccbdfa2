"""Photos that are drawn once, and students who have signed in."""

import copy
import functools
import uuid

import pytest
from django.test import Client

from capture.judging import judge
from capture.upload import waiting
from demo.drawn_people import Person, draw_jpeg
from tests import factories


@pytest.fixture(autouse=True)
def _own_mean(monkeypatch):
    """Redis outlives a test; how long photos took in another one must not."""
    monkeypatch.setattr(waiting, "SECONDS_EACH", f"photos:{uuid.uuid4().hex}")


@functools.cache
def _drawn(violation: str | None) -> bytes:
    return draw_jpeg(Person.random(7), violation, size=(1200, 1600))


@pytest.fixture
def good_photo() -> bytes:
    """A compliant portrait, 1200 x 1600."""
    return _drawn(None)


_JUDGED: dict[str, judge.Judgement] = {}  # by the colour of the background; the limits are those of every new season


@pytest.fixture
def good_judgement(good_photo, season) -> judge.Judgement:
    """What the engine finds in `good_photo` and makes of it; its pictures are in `files`."""
    if season.background not in _JUDGED:
        _JUDGED[season.background] = judge.examine_bytes(good_photo, season)
    return copy.deepcopy(_JUDGED[season.background])


@pytest.fixture
def shut_eyes() -> bytes:
    return _drawn("eyes")


@pytest.fixture
def agreed(student):
    factories.consent(student)
    return student


def sign_in(student) -> Client:
    client = Client()
    answer = client.post(
        "/me/sign-in/",
        {"name": student.name, "id_number": student.id_number, "student_no": student.student_no},
    )
    assert answer.status_code == 302, answer.content.decode()
    return client


@pytest.fixture
def student_client(student) -> Client:
    return sign_in(student)
