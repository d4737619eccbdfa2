"""Admission photos: sent in parts, matched by number, stored encrypted, deleted in time."""

import datetime as dt
import io

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image

from capture.models import AdmissionPart, AdmissionPhoto, AdmissionUpload, FaceNumbers
from capture.same_person import admission_photos, admission_upload, face_numbers
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event
from portal.security import encryption
from portal.security.sealed_parts import PART_BYTES
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import Student
from students.privacy import erasure, rotation
from tests import factories
from tests.capture.same_person.test_picture_workbook import workbook
from tests.conftest import client_of
from tests.support.drawn_students import MAN, WOMAN, archive, picture
from tests.support.lost_connection import stored_files
from vision.likeness import face_embedding

pytestmark = pytest.mark.django_db
Status = AdmissionUpload.Status


def test_pictures_belong_to_student_or_document_numbers(school, season, student, upload):
    other = factories.student(school, season)
    row = upload(
        {
            f"班/{student.student_no}_姓名.jpg": picture(WOMAN),
            f"{other.id_number}.png": picture(MAN),
            "nobody.jpg": picture(MAN),
            "32010119990101123X.jpg": picture(MAN),
            f"{student.student_no}(1).jpg": picture(MAN),
            "readme.txt": b"text",
        },
        is_confirmed=False,
    )
    assert row.status == Status.PREVIEW
    assert (row.report["matched"], row.report["without"]) == (2, 0)
    assert row.report["counts"] == {"unknown": 2, "doubled": 1, "no_image_name": 1}
    assert not [name for name, _code in row.report["wrong"] if "32010119990101123X" in name]
    with school_scope(school):
        assert not AdmissionPhoto.objects.exists()


def test_stored_picture_is_small_and_sealed(school, student, upload):
    row = upload({f"{student.student_no}.jpg": picture(WOMAN, width=900)})
    assert (row.status, row.report["stored"]) == (Status.DONE, 1)
    with school_scope(school):
        kept = AdmissionPhoto.objects.get(student=student)
        with kept.picture.open("rb") as file:
            on_disk = file.read()
        assert b"JFIF" not in on_disk
        assert Image.open(io.BytesIO(admission_photos.content_of(student.pk))).size == (480, 640)
        with pytest.raises(encryption.Unreadable):
            encryption.decrypt_bytes(on_disk, encryption.Place("admissionphoto.picture", str(student.pk + 1)))


def test_files_are_written_before_rows_are_locked_and_none_stays_of_who_is_erased(
    school, season, student, upload, locks_at_writing, django_capture_on_commit_callbacks
):
    gone = factories.student(school, season, student_no=f"{Student.ERASED_NUMBER}1")
    row = upload({f"{student.student_no}.jpg": picture(WOMAN)})
    assert (row.status, locks_at_writing) == (Status.DONE, [False] * 3)  # the part, the pictures and one of them
    before = stored_files()
    with school_scope(school), django_capture_on_commit_callbacks(execute=True):
        admission_photos.store({gone.pk: b"jpeg"}, upload=row)
        assert not AdmissionPhoto.objects.filter(student=gone).exists()
    assert stored_files() == before


def test_archive_lies_encrypted_and_is_deleted_when_dropped(
    school, student, upload, django_capture_on_commit_callbacks
):
    row = upload({f"{student.student_no}.jpg": picture(WOMAN)}, is_confirmed=False)
    with school_scope(school):
        part = AdmissionPart.objects.get(upload=row)
        with part.file.open("rb") as file:
            assert b"JFIF" not in file.read()
        with django_capture_on_commit_callbacks(execute=True):
            admission_upload.drop(row=row, by=factories.operator())
        assert not AdmissionPart.objects.exists()
    assert not default_storage.exists(part.file.name)


def test_damaged_picture_is_named_and_the_others_are_stored(school, season, student, upload):
    other = factories.student(school, season)
    row = upload({f"{student.student_no}.jpg": b"\xff\xd8 no picture", f"{other.student_no}.jpg": picture(MAN)})
    assert (row.report["stored"], row.report["without"]) == (1, 1)
    assert row.report["wrong"] == [[f"{student.student_no}.jpg", "no_picture"]]


def test_picture_of_very_many_passes_is_not_decoded_and_a_file_of_such_ends(
    school, season, student, upload, monkeypatch
):
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00x"
    row = upload({f"{student.student_no}.jpg": picture(MAN)[:-2] + scan * 500})
    assert row.report["wrong"] == [[f"{student.student_no}.jpg", "no_picture"]]
    monkeypatch.setattr(admission_upload, "MOST_LOST", 1)
    monkeypatch.setattr(
        admission_upload, "normalised", lambda data: [admission_upload.RefusedPicture("lost")] * len(data)
    )
    row = upload({f"{student.student_no}.jpg": picture(MAN)})
    assert (row.status, bool(row.message)) == (Status.REFUSED, True)


def test_what_nobody_has_confirmed_goes_with_time_and_with_an_erased_student(
    school, season, student, upload, center_admin
):
    other = factories.student(school, season, name="欧阳晓明")
    files = {
        f"{student.name}.jpg": picture(MAN),
        f"{other.name}.jpg": picture(MAN),
        f"{student.student_no}.jpg": picture(WOMAN),
    }
    row = upload(files, is_confirmed=False)
    with system_scope():
        assert erasure.erase(student=student, reason="asked for it", by=center_admin)
        row.refresh_from_db()
        assert (row.status, [name for name, _code in row.report["wrong"]]) == (Status.DROPPED, [f"{other.name}.jpg"])
        assert not AdmissionPart.objects.exists()
    upload(files, is_confirmed=False)
    with system_scope():
        now = timezone.now()
        assert admission_upload.delete_sent(now - dt.timedelta(days=1)) == 0
        assert admission_upload.delete_sent(now) == 2
        assert not AdmissionPart.objects.exists()
        assert [row.report["wrong"] for row in AdmissionUpload.objects.all()] == [[], []]
        assert admission_upload.sent_before(now).count() == 0


def test_new_picture_takes_the_place_of_the_earlier_one(
    school, student, upload, compared, django_capture_on_commit_callbacks
):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    compared(student, WOMAN, width=300)
    with school_scope(school):
        first = AdmissionPhoto.objects.get().picture.name
        assert FaceNumbers.objects.filter(photo=None).count() == 1
    row = upload({f"{student.student_no}.jpg": picture(MAN)}, is_confirmed=False)
    assert row.report["replaced"] == 1
    with django_capture_on_commit_callbacks(execute=True):
        upload({f"{student.student_no}.jpg": picture(MAN)})
    assert not default_storage.exists(first)
    with school_scope(school):
        assert not FaceNumbers.objects.filter(photo=None).exists()  # those of the picture that is gone


def test_parts_in_any_order_and_twice(school, season, student, owner, monkeypatch):
    content = archive({f"{student.student_no}.jpg": picture(WOMAN), "big.bin": bytes(PART_BYTES + 10)})
    pieces = [content[:PART_BYTES], content[PART_BYTES:]]
    with school_scope(school):
        row = admission_upload.begin(school=school, season=season, filename="a.ZIP", parts=2, by=owner)
        for number in (1, 1, 0):
            row = admission_upload.add_part(row=row, number=number, content=pieces[number], by=owner)
        assert row.status == Status.READING
        with pytest.raises(Conflict):
            admission_upload.add_part(row=row, number=0, content=pieces[0], by=owner)


def test_what_cannot_be_an_archive_is_refused_at_once(school, season, owner):
    begin = {"school": school, "season": season, "by": owner}
    with school_scope(school):
        for name, parts in (("a.rar", 1), ("a.zip", 0), ("a.zip", admission_upload.MAX_PARTS + 1)):
            with pytest.raises(PortalError):
                admission_upload.begin(filename=name, parts=parts, **begin)
        row = admission_upload.begin(filename="a.zip", parts=2, **begin)
        for number, content in ((0, b"short"), (2, b"x"), (-1, b"x"), (1, b""), (1, bytes(PART_BYTES + 1))):
            with pytest.raises(PortalError):
                admission_upload.add_part(row=row, number=number, content=content, by=owner)


def test_newer_upload_drops_the_one_that_nobody_confirmed(school, season, student, owner, upload):
    first = upload({f"{student.student_no}.jpg": picture(WOMAN)}, is_confirmed=False)
    upload({f"{student.student_no}.jpg": picture(MAN)}, is_confirmed=False)
    first.refresh_from_db()
    assert first.status == Status.DROPPED


def test_no_archive_is_refused_with_a_sentence(school, season, owner):
    with school_scope(school):
        row = admission_upload.begin(school=school, season=season, filename="a.zip", parts=1, by=owner)
        row = admission_upload.add_part(row=row, number=0, content=b"not a zip", by=owner)
    jobs.run(row.job_id)
    row.refresh_from_db()
    assert row.status == Status.REFUSED
    assert row.message
    with school_scope(school):
        assert not AdmissionPart.objects.exists()


def test_workbook_with_a_picture_a_row_is_matched_as_well(school, season, student, owner):
    other = factories.student(school, season)
    content = workbook([(student.student_no, "张三", 50), (other.id_number, "李四", 90), ("999", "王五", 120)])
    with school_scope(school):
        row = admission_upload.begin(school=school, season=season, filename="a.xlsx", parts=1, by=owner)
        row = admission_upload.add_part(row=row, number=0, content=content, by=owner)
    jobs.run(row.job_id)
    row.refresh_from_db()
    assert (row.status, row.report["matched"], row.report["counts"]) == (Status.PREVIEW, 2, {"unknown": 1})


def test_kept_until_the_proofreading_is_over(school, season, student, enrolment, upload, compared):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    compared(student, WOMAN, width=300)
    later = timezone.now() + dt.timedelta(days=1)
    with system_scope():
        assert not admission_photos.kept_too_long(later).exists()
        name = AdmissionPhoto.objects.get().picture.name
        Enrolment.objects.filter(pk=enrolment.pk).update(status=Enrolment.Status.FEEDBACK_ACCEPTED)
        assert not admission_photos.kept_too_long(timezone.now() - dt.timedelta(days=1)).exists()
        assert admission_photos.delete_old(later) == 1
        assert not FaceNumbers.objects.exists()
    assert not default_storage.exists(name)


def test_erasing_a_student_deletes_picture_and_numbers(
    school, student, upload, compared, center_admin, django_capture_on_commit_callbacks
):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    compared(student, WOMAN, width=300)
    with school_scope(school):
        name = AdmissionPhoto.objects.get().picture.name
    with system_scope(), django_capture_on_commit_callbacks(execute=True):
        erasure.erase(student=student, reason="asked", by=center_admin)
        assert not AdmissionPhoto.objects.exists()
        assert not FaceNumbers.objects.exists()
    assert not default_storage.exists(name)


def test_clerk_sends_an_archive_without_javascript(owner_client, school, student):
    file = io.BytesIO(archive({f"{student.student_no}.jpg": picture(WOMAN)}))
    file.name = "2026.zip"
    answer = owner_client.post("/school/2026/admission-photos/", {"file": file}, follow=True)
    assert answer.redirect_chain
    with school_scope(school):
        assert AdmissionUpload.objects.get().status == Status.READING


def test_picture_is_shown_to_reviewers_and_each_look_recorded(owner_client, outsider, school, student, upload):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    url = f"/school/2026/admission-pictures/{student.pk}/"
    answer = owner_client.get(url)
    assert answer.content.startswith(b"\xff\xd8")
    with school_scope(school):
        assert Event.objects.filter(kind="student.admission_photo_seen").count() == 1
    assert client_of(outsider).get(url).status_code == 404


def test_a_new_key_reads_pictures_parts_and_faces(settings, school, student, upload):
    numbers = np.full(face_embedding.NUMBERS, face_embedding.NUMBERS**-0.5, np.float32)
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    waiting = upload({f"{student.student_no}.jpg": picture(MAN)}, is_confirmed=False)
    with school_scope(school):
        before = admission_photos.content_of(student.pk)
        face_numbers.store(numbers, student=student, photo=None)
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {2: "another key of the tests, 2"}
    with system_scope():
        job = rotation.start_rotation()
        jobs.run(job.pk)
        job.refresh_from_db()
    assert job.result["left"] == []
    settings.ID_NUMBER_KEYS = {2: settings.ID_NUMBER_KEYS[2]}
    with school_scope(school):
        assert admission_photos.content_of(student.pk) == before
        assert np.allclose(face_numbers.stored(student.pk, None), numbers, atol=1e-3)
        part = AdmissionPart.objects.get(upload=waiting)
        assert len(admission_upload.SEALED_PARTS.content_of(part)) == part.length
