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


def test_photos_of_every_school_are_judged_each_in_its_scope(student, other_school, season):
    for one in (student, factories.student(other_school, season)):
        factories.photo(one, Photo.Status.CHECKING)
    tasks.judge_photos()
    assert set(Photo.objects.values_list("status", flat=True)) == {Photo.Status.REJECTED}


def test_task_goes_to_the_queue_of_checks():
    assert tasks.judge_photos.queue == "check"


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
