"""The center uploads admission photos for a school, and sees what the comparison has found at all of them."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from capture.models import AdmissionPhoto, AdmissionUpload, FaceComparison
from portal.background import jobs
from portal.models import Event, Role
from portal.tenancy import school_scope
from tests import factories
from tests.conftest import client_of
from tests.support.drawn_students import MAN, WOMAN, archive, picture
from tests.support.words import said

pytestmark = pytest.mark.django_db


def send(client, enrolment, files):
    """As static/js/admission.js does; the row."""
    page = f"/center/admission-photos/schools/{enrolment.pk}/"
    begun = client.post(f"{page}begin/", {"name": "2026.zip", "parts": 1}).json()
    part = io.BytesIO(archive(files))
    assert client.post(begun["part"], {"number": 0, "part": SimpleUploadedFile("part", part.getvalue())}).json() == {}
    with school_scope(enrolment.school):
        return begun["page"], AdmissionUpload.objects.select_related("school").latest("pk")


def test_the_center_uploads_for_a_school(center_client, owner_client, school, season, enrolment, student):
    page, row = send(center_client, enrolment, {f"{student.student_no}.jpg": picture(WOMAN)})
    jobs.run(row.job_id)
    assert "Center" in owner_client.get(f"/school/admission-photos/{row.pk}/").content.decode()  # who uploaded it
    assert center_client.post(f"{page}confirm/").status_code == 302
    row.refresh_from_db()
    jobs.run(row.job_id)
    row.refresh_from_db()
    assert (row.status, row.school) == ("done", school)
    with school_scope(school):
        assert AdmissionPhoto.objects.get().student == student
    assert Event.objects.filter(kind="admissionupload.begun", school=school, actor_name="Center").exists()
    listed = center_client.get("/center/admission-photos/").content.decode()
    assert school.name in listed
    # Another file, dropped: its parts go.
    page, row = send(center_client, enrolment, {f"{student.student_no}.jpg": picture(MAN)})
    jobs.run(row.job_id)
    assert center_client.post(f"{page}drop/").status_code == 302


def test_the_center_sees_what_was_found_at_all_schools(
    center_client, school, season, strict, student, upload, compared, outsider_client
):
    upload({f"{student.student_no}.jpg": picture(WOMAN)})
    photo = compared(student, MAN)
    with school_scope(school):
        found = FaceComparison.objects.get(photo=photo, kind="admission")
    listed = center_client.get("/center/admission-photos/faces/")
    assert [row.pk for row in listed.context["page"]] == [found.pk]
    assert f"?school={school.pk}" in center_client.get("/center/admission-photos/").content.decode()
    page = center_client.get(f"/center/photos/{photo.pk}/").content.decode()
    assert f"/admission-pictures/{student.pk}/" in page
    assert center_client.get(f"/center/admission-pictures/{student.pk}/")["Content-Type"] == "image/jpeg"
    assert Event.objects.filter(kind="student.admission_photo_seen", actor_name="Center").exists()
    assert center_client.post(f"/center/faces/{found.pk}/answer/", {"answer": "different"}).status_code == 302
    assert not list(center_client.get("/center/admission-photos/faces/").context["page"])
    answered = center_client.get("/center/admission-photos/faces/?answer=different")
    assert said("Two different people") in answered.content.decode()
    assert outsider_client.get(f"/school/admission-pictures/{student.pk}/").status_code == 404
    for role, seen in ((Role.CENTER_REVIEWER, 200), (Role.CENTER_FINANCE, 403), (Role.CENTER_AUDITOR, 403)):
        client = client_of(factories.person(role.value, role))
        assert client.get("/center/admission-photos/faces/").status_code == seen
        assert client.get("/center/admission-photos/").status_code == 403
