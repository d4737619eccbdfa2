"""Photos that are drawn once, and students who have signed in."""

import functools
import uuid

import pytest
from django.test import Client

from demo.drawn_people import Person, draw_jpeg
from tests import factories


@pytest.fixture(autouse=True)
def _own_rate_limits(settings):
    """Redis outlives a test; its counters must not."""
    settings.RATELIMIT_CACHE_PREFIX = f"rl:{uuid.uuid4().hex}:"


@functools.cache
def _drawn(violation: str | None) -> bytes:
    return draw_jpeg(Person.random(7), violation, size=(1200, 1600))


@pytest.fixture
def good_photo() -> bytes:
    """A compliant portrait, 1200 x 1600."""
    return _drawn(None)


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
