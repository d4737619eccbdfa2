"""What the queue calls."""

from types import SimpleNamespace

import pytest

from capture import tasks
from capture.models import Photo
from portal.models import Job
from portal.tenancy import system_scope
from tests import factories


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


def test_check_photo_judges_in_the_scope_of_its_school(student):
    photo = factories.photo(student, Photo.Status.CHECKING)
    tasks.check_photo(photo.school_id, photo.pk)
    photo.refresh_from_db()
    assert photo.status == Photo.Status.REJECTED


def test_check_photo_of_another_school_touches_nothing(student, other_school):
    photo = factories.photo(student, Photo.Status.CHECKING)
    tasks.check_photo(other_school.pk, photo.pk)
    photo.refresh_from_db()
    assert (photo.status, photo.attempts) == (Photo.Status.CHECKING, 0)


def test_task_carries_ids_and_goes_to_the_queue_of_checks():
    assert tasks.check_photo.queue == "check"


def test_daily_checks_make_a_job_a_school(school, other_school):
    tasks.daily_checks()
    assert Job.objects.filter(kind="daily_check").count() == 2


def test_purge_finds_nothing_in_an_open_season(season):
    tasks.purge()
    assert Job.objects.count() == 0


@pytest.mark.parametrize(("queues", "judges"), [({"check", "produce"}, True), ({"default", "build"}, False)])
def test_only_workers_of_the_check_queue_warm_the_models_up(monkeypatch, queues, judges):
    monkeypatch.setattr(tasks, "_process", {"judges": None})
    app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=queues)))
    tasks._note_queues(sender=SimpleNamespace(app=app))
    assert tasks._process == {"judges": judges}
