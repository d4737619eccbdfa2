"""Files that a killed process left behind, beside those that rows name."""

import datetime as dt
import os
import time

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from capture.models import Photo
from portal import files
from portal.models import Job
from portal.privacy import unnamed_files
from tests import factories

DAY = 24 * 3600


@pytest.fixture
def named(student):
    """The four files of a photo, and the file of a job."""
    photo = factories.photo(student, Photo.Status.SUBMITTED)
    job = Job.objects.create(kind="count", artefact=default_storage.save("jobs/x/a.zip", ContentFile(b"zip")))
    return {photo.original.name, photo.preview.name, photo.portrait.name, photo.thumbnail.name, job.artefact.name}


def leave(name: str, *, days: int) -> str:
    """A file without a row."""
    name = default_storage.save(name, ContentFile(b"half"))
    written = time.time() - days * DAY
    os.utime(default_storage.path(name), (written, written))
    return name


def test_files_without_a_row_are_found_wherever_they_sort(named, school):
    lost = {
        leave(f"{folder}{name}.jpg", days=40)
        for folder in ("", "a/", f"originals/{school.pk}/", "zz/")
        for name in "0z"
    }
    lost.add(leave(f"originals/{school.pk}.draft", days=40))
    assert {stored.name for stored in files.storage().listing()} == named | lost
    assert [stored.name for stored in unnamed_files.unnamed()] == sorted(lost)


def test_the_job_deletes_those_that_are_old_enough_and_nothing_else(named):
    leave("originals/1/old.jpg", days=settings.KEEP_UNNAMED_FILES_DAYS + 1)
    young = leave("originals/1/young.jpg", days=settings.KEEP_UNNAMED_FILES_DAYS - 1)
    for name in named:
        os.utime(default_storage.path(name), (0, 0))
    job = unnamed_files.start()
    unnamed_files.run(job)
    assert job.result == {"files": 1}
    assert {stored.name for stored in files.storage().listing()} == named | {young}


def test_nothing_is_found_where_nothing_is_stored(db):
    assert list(unnamed_files.unnamed()) == []
    assert unnamed_files.delete(before=dt.datetime.now(dt.UTC)) == 0
