"""What an operator sees: each sign is wrong when its thing is."""

import datetime as dt
import os
import time

import pytest
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from billing.models import LedgerProof
from capture.models import Photo
from portal import tasks
from portal.background import health, jobs
from portal.history import nightly
from portal.models import Checkpoint, CounterProof, Delivery, Event, Job
from portal.tenancy import system_scope
from portal.watching import signs
from tests import factories
from tests.portal.test_deliveries import bulk, kinds  # noqa: F401
from tests.support.words import said

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _noted(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    yield
    cache.delete(health.NOTED)


@pytest.fixture(autouse=True)
def _system():
    with system_scope():
        yield


def wrong():
    return {sign.name: sign.says for sign in signs.look() if sign.is_wrong}


def test_all_is_well_after_a_sweep_and_a_dead_timetable_is_seen():
    cache.delete(health.NOTED)
    assert wrong() == {"timetable": said("no sweep is known")}
    tasks.sweep()
    assert wrong() == {}


def test_a_queue_is_asked_by_its_rows_even_when_no_sweep_has_noted_it(student):
    tasks.sweep()
    photo = factories.photo(student, Photo.Status.CHECKING)
    assert wrong() == {}
    Photo.objects.filter(pk=photo.pk).update(taken_at=timezone.now() - 3 * HOUR)
    assert list(wrong()) == ["queue photos"]


def test_letters_that_wait_or_fail_are_seen(school):
    tasks.sweep()
    row, *others = bulk(school, *(f"{n}@example.org" for n in range(20)))
    assert wrong() == {}
    type(row.notification).objects.filter(pk=row.notification_id).update(created_at=timezone.now() - HOUR)
    assert list(wrong()) == ["deliveries"]
    Delivery.objects.update(status=Delivery.Status.FAILED)
    assert list(wrong()) == ["deliveries"]
    Delivery.objects.filter(pk=others[0].pk).update(status=Delivery.Status.SENT)
    assert wrong() == {}


def test_proofs_that_found_something_are_seen():
    tasks.sweep()
    CounterProof.objects.create(rows=1, faults={"capture.PhotosByDay": [2, []]})
    LedgerProof.objects.create(accounts=1, entries=1, faults={"balance": [1, [5]]})
    assert set(wrong()) == {"counters", "ledger"}
    CounterProof.objects.create(rows=1, faults={"capture.PhotosByDay": [2, []]}, was_repaired=True)
    LedgerProof.objects.create(accounts=1, entries=1)
    assert wrong() == {}


def test_the_nightly_check_of_the_history_names_a_forged_line(season):
    tasks.sweep()
    job = nightly.start()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.result["faults"]) == (Job.Status.DONE, 0)
    assert job.result["lines"] == Event.objects.count() - 1  # that it is done was written afterwards
    assert wrong() == {}
    Job.objects.filter(pk=job.pk).update(result={"faults": 3})
    assert list(wrong()) == ["history"]


def test_a_history_that_is_not_counted_is_seen():
    tasks.sweep()
    Checkpoint.objects.create(noted=0, noted_at=timezone.now() - HOUR, digest=b"", seal=b"")
    assert list(wrong()) == ["history"]


def test_a_late_backup_is_seen(settings, tmp_path):
    settings.IS_LOCAL = False
    tasks.sweep()
    assert wrong() == {"backup": said("there is none")}
    done = tmp_path / health.BACKUP_DONE
    done.touch()
    assert wrong() == {}
    os.utime(done, (time.time() - 27 * 3600,) * 2)
    assert list(wrong()) == ["backup"]


def test_the_page_shows_signs_sweeps_versions_and_who_is_told(center_client, student):
    factories.photo(student, Photo.Status.CHECKING)
    tasks.sweep()
    page = center_client.get(reverse("portal:operation")).content.decode()
    for words in (said("Photos to be judged"), "PostgreSQL", said("Nobody is told of alarms.")):
        assert words in page
    cache.delete(health.NOTED)
    assert said("no sweep is known") in center_client.get(reverse("portal:operation")).content.decode()
