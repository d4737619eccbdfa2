"""A photo's way when private files lie in a bucket."""

import io
import uuid
import zipfile

import pytest

from capture.judging import judge
from capture.models import Photo
from capture.upload import intake
from portal import files, outages
from portal.background import jobs
from portal.models import Job
from portal.privacy import unnamed_files
from portal.storages import bucket as bucket_module
from portal.tenancy import system_scope
from printing import portrait_archive
from students.models import Student
from tests.portal.storages.test_bucket import away, names, s3, server  # noqa: F401


def test_from_the_upload_to_the_archive_with_the_service_away_in_between(
    s3,  # noqa: F811
    agreed,
    enrolment,
    scoped,
    good_photo,
    monkeypatch,
    owner,
    django_capture_on_commit_callbacks,
):
    """Neither 503 nor silence fails a photo or a job, or counts against it."""
    monkeypatch.setattr(bucket_module, "AWAY_SECONDS", 0)
    sent = {"student": agreed, "enrolment": enrolment, "data": good_photo, "origin": "camera", "by": agreed}
    with pytest.raises(outages.FilesAway), away(s3):
        intake.accept_upload(**sent, token=uuid.uuid4())
    assert not Photo.objects.exists()
    photo = intake.accept_upload(**sent, token=uuid.uuid4())
    with pytest.raises(outages.FilesAway), away(s3):
        judge.judge_photo(photo_id=photo.pk)
    photo.refresh_from_db()
    assert (photo.status, photo.attempts, photo.claimed_at) == (Photo.Status.CHECKING, 0, None)

    with django_capture_on_commit_callbacks(execute=True):
        judge.judge_photo(photo_id=photo.pk)
    photo.refresh_from_db()
    assert photo.status == Photo.Status.READY
    pictures = (photo.original, photo.preview, photo.portrait, photo.thumbnail)
    assert names() == sorted(picture.name for picture in pictures)
    Photo.objects.filter(pk=photo.pk).update(status=Photo.Status.APPROVED)
    Student.objects.update(stage=Student.Stage.PROOFED)

    job = portrait_archive.create(enrolment, by=owner, folders=False, by_document=False)
    with away(s3):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, job.attempts) == (Job.Status.QUEUED, 0)
    s3.asked.clear()
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.status == Job.Status.DONE
    assert [method for method, _path in s3.asked] == ["GET", "PUT"]  # the portrait, the archive
    assert zipfile.ZipFile(io.BytesIO(files.read(job.artefact.name))).read(f"{agreed.student_no}.jpg") == files.read(
        photo.portrait.name
    )
    with system_scope():
        assert list(unnamed_files.unnamed()) == []
