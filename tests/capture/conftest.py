"""Photos that are drawn once, and students who have signed in."""

import copy
import functools
import uuid

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from capture.judging import judge
from capture.sign_in.providers.roster_facts import RosterFacts
from capture.upload import waiting
from demo.drawn_people import Person, draw_jpeg
from portal import files
from portal.accounts.sessions import SessionStore
from portal.tenancy import outside_scopes
from students.identity import student_access
from students.identity.student_access import Recognition
from tests import factories


@pytest.fixture(autouse=True)
def _own_mean(monkeypatch):
    """Redis outlives a test; how long photos took in another one must not."""
    monkeypatch.setattr(waiting, "SECONDS_EACH", f"photos:{uuid.uuid4().hex}")


@pytest.fixture
def locks_at_writing(monkeypatch) -> list[bool]:
    """Whether a transaction was open each time that files were written: while a disk or a bucket works, nobody shall wait."""
    found: list[bool] = []

    def watched(method):
        def write(*args, **kwargs):
            found.append(bool(connection.savepoint_ids))
            return method(*args, **kwargs)

        return write

    for name in ("store", "store_each"):
        monkeypatch.setattr(files.Writer, name, watched(getattr(files.Writer, name)))
    return found


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
    """A phone on which the student has signed in by the facts of the roster: the rows alone, because many tests begin so.
    The form has tests of its own.
    """
    client, session = Client(), SessionStore()
    recognition = Recognition(student, RosterFacts.name, RosterFacts.strength.value)
    with outside_scopes():
        student_access.begin(session, student, **recognition.fields)
        session.save()
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return client


@pytest.fixture
def student_client(student) -> Client:
    return sign_in(student)
