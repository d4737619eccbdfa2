"""Portraits made again by the product's own worker, which is killed with -9 in the middle."""

import time
from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile

from capture.judging import judge
from capture.models import Photo
from capture.portraits import recolouring
from portal.background import jobs
from portal.models import Event, Job
from portal.tenancy import system_scope
from tests import factories
from tests.support import stack

PHOTOS = 12
PATIENCE = 90  # seconds, for a loaded machine


def wait_until(is_true: Callable[[], object], what: str, log: Callable[[], str]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_true():
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain: {what}\n{log()}"
        time.sleep(0.05)


@pytest.fixture
def photos(school, season, good_photo) -> list[Photo]:
    judgement = judge.examine_bytes(good_photo, season)
    rows = []
    with system_scope():
        for _ in range(PHOTOS):
            row = factories.photo(factories.student(school, season), width=1200, height=1600)
            for name, content in {"original": good_photo, **judgement.files}.items():
                getattr(row, name).save("p.jpg", ContentFile(content), save=False)
            row.measures, row.geometry, row.background = judgement.measures, judgement.geometry, "blue"
            row.save()
            rows.append(row)
    return rows


@pytest.mark.django_db(transaction=True)
def test_lost_worker_leaves_every_portrait_made_once(photos, season, enrolment, owner, settings, tmp_path):
    settings.CLAIM_SECONDS = 2
    season.background = enrolment.season.background = "white"
    season.save()
    with system_scope(), stack.running(tmp_path / "logs", TUCAI_CLAIM_SECONDS="2") as processes:
        white = Photo.objects.filter(background="white")
        job = recolouring.start(enrolment=enrolment, by=owner)
        worker = processes.worker("check,produce", "first")
        wait_until(white.exists, "the first portrait is made", lambda: processes.log("first"))
        processes.kill(worker)
        assert 0 < white.count() < PHOTOS
        processes.worker("check,produce", "second")

        def is_done() -> bool:
            jobs.sweep()
            return Job.objects.get(pk=job.pk).status == Job.Status.DONE

        wait_until(is_done, "the job is done", lambda: processes.log("second"))
        assert white.count() == PHOTOS
        made = Event.objects.filter(kind="photo.recoloured").values_list("object_id", flat=True)
        assert sorted(made) == sorted(photo.pk for photo in photos)
        for photo in photos:
            assert factories.content(Photo.objects.get(pk=photo.pk).portrait).startswith(b"\xff\xd8")
            assert not photo.portrait.storage.exists(photo.portrait.name)
            assert photo.original.storage.exists(photo.original.name)
