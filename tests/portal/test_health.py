"""What a monitor reads, and what a stranger does not."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from capture.models import Photo
from portal import tasks
from portal.background import health
from portal.tenancy import system_scope
from tests import factories

TOKEN = "a-token-of-the-monitor"


@pytest.fixture
def ask(client, settings):
    """What the monitor reads."""
    settings.HEALTH_TOKEN = TOKEN
    yield lambda: client.get("/health/ready", headers={"Authorization": f"Bearer {TOKEN}"})
    cache.delete(health.NOTED)


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["", TOKEN])
@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer another"])
def test_a_stranger_reads_one_word(client, settings, token, sent):
    settings.HEALTH_TOKEN = token
    assert client.get("/health/live").content == b"live"
    answer = client.get("/health/ready", headers={"Authorization": sent})
    assert (answer.status_code, answer.content) == (200, b"ready")


@pytest.mark.django_db
def test_a_monitor_reads_which_queue_waits_and_whether_the_timetable_runs(ask, student):
    photo = factories.photo(student, Photo.Status.CHECKING)
    cache.delete(health.NOTED)
    assert ask().json()["wrong"] == ["timetable"]
    tasks.sweep()
    assert ask().json()["wrong"] == []
    with system_scope():
        Photo.objects.filter(pk=photo.pk).update(taken_at=timezone.now() - dt.timedelta(seconds=95))
    tasks.sweep()
    found = ask().json()
    assert (found["ready"], found["wrong"]) == (True, ["queue photos"])
    assert 95 <= found["seconds_waiting"]["photos"] < 3600


@pytest.mark.django_db
def test_no_disk_is_unready_and_little_disk_is_told(ask, client, monkeypatch):
    tasks.sweep()
    for total, free, status, word in ((10**12, 10**10, 200, b"ready"), (10**12, 10**8, 503, b"unready")):
        usage = SimpleNamespace(total=total, free=free)
        monkeypatch.setattr(health.shutil, "disk_usage", lambda path, usage=usage: usage)
        assert (ask().status_code, ask().json()["wrong"]) == (status, ["disk"])
        assert client.get("/health/ready").content == word


@pytest.mark.django_db(transaction=True)
def test_a_database_that_does_not_answer_is_told_and_not_stumbled_over(ask, settings, monkeypatch):
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    answer = ask()
    assert (answer.status_code, answer.json()["wrong"][0]) == (503, "database")
