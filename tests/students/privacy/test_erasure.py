"""Erasing a student: what goes, what the registry needs, and what the history still says."""

import json

import pytest
from django.core.management import call_command

from capture.api_authentication import token_for
from capture.judging import judge
from capture.models import Consent, Imprint, Photo
from capture.sign_in import consent, credentials
from portal.errors import PortalError
from portal.models import Event, Notification
from portal.tenancy import system_scope
from students import records
from students.models import Student
from students.privacy import erasure
from tests import factories
from tests.capture.conftest import sign_in
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


@pytest.fixture
def student(school, season):
    return factories.student(school, season, name="欧阳小明", phone="13800001234", email="a@example.org")


def test_nothing_of_the_person_is_left(student, center_admin, django_capture_on_commit_callbacks):
    number, photo = student.id_number, factories.photo(student, "rejected")
    Imprint.objects.create(photo=photo, school=student.school)
    Notification.objects.create(recipient_key=student.actor_key, school=student.school, kind="photo_failed")
    credentials.sign_in(
        season=student.season, name=student.name, id_number=number, student_no=student.student_no, address="::"
    )
    records.change_student(student=student, by=center_admin, name="欧阳晓明")
    path = photo.original.name
    with django_capture_on_commit_callbacks(execute=True):
        assert erasure.erase(student=student, reason="asked for it", by=center_admin)
    row = Student.objects.get(pk=student.pk)
    kept = json.dumps(Student.objects.filter(pk=row.pk).values().get(), default=str, ensure_ascii=False)
    kept += json.dumps(list(Event.objects.values()), default=str, ensure_ascii=False)
    assert not [word for word in ("欧阳", number, "13800001234", "a@example.org") if word in kept]
    assert row.id_number != number
    assert not photo.original.storage.exists(path)
    assert not Imprint.objects.exists()
    assert not Notification.objects.filter(recipient_key=student.actor_key).exists()
    assert Event.objects.get(kind="student.erased").facts == {"whole": True, "reason": "asked for it"}


def test_the_worker_that_checks_a_photo_stores_nothing_afterwards(student, center_admin):
    photo = factories.photo(student, "checking")
    claimed = judge.claim(photo.pk)
    judgement = judge.examine_photo(claimed)
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert judge.record_judgement(claimed, judgement) is None
    photo.refresh_from_db()
    assert photo.status == Photo.Status.WITHDRAWN
    assert not any((photo.original, photo.preview, photo.portrait))


def test_the_name_of_the_guardian_goes_too(student, center_admin):
    consent.agree(student=student, season=student.season, version="1", by=student, guardian_name="王大")
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert [row.guardian_name for row in Consent.objects.filter(student=student)] == [""]


def test_sessions_and_tokens_of_an_erased_student_end(student, center_admin, enrolment):
    """Whoever is signed in while the row is erased sends no new photo."""
    client, header = sign_in(student), {"Authorization": f"Student {token_for(student)}"}
    assert client.get("/api/v1/me/", headers=header).status_code == 200
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert client.get("/me/")["Location"] == "/me/sign-in/"
    assert client.get("/api/v1/me/", headers=header).status_code == 401


def test_the_registry_keeps_what_it_needs(student, center_admin, django_capture_on_commit_callbacks):
    photo = factories.photo(student, "approved")
    with django_capture_on_commit_callbacks(execute=True):
        assert not erasure.erase(student=student, reason="asked for it", by=center_admin)
    row, photo = Student.objects.get(pk=student.pk), Photo.objects.get(pk=photo.pk)
    assert (row.name, row.id_number, row.phone, row.email) == (student.name, student.id_number, "", "")
    assert (bool(photo.portrait.name), photo.original.name) == (True, "")


def test_a_reason_is_needed(student, center_admin):
    with pytest.raises(PortalError, match=said("Please give the reason.")):
        erasure.erase(student=student, reason=" ", by=center_admin)


def test_the_page_asks_for_the_password_and_is_for_center_administrators(student, center_admin, owner_client):
    center_client = client_of(center_admin, gave_password=False)
    page = f"/center/students/{student.pk}/erase/"
    assert owner_client.get(page).status_code == 404
    assert center_client.get(page)["Location"].startswith("/accounts/reauthenticate/")
    center_client.post("/accounts/reauthenticate/", {"password": "a-long-password", "next": page})
    assert said("This cannot be undone.") in center_client.get(page).content.decode()
    center_client.post(page, {"reason": "asked for it"})
    assert Student.objects.get(pk=student.pk).name == erasure.ERASED


def test_the_command_erases_too(student, enrolment):
    call_command("erase_student", student.school.code, student.student_no, reason="asked for it")
    assert Event.objects.get(kind="student.erased").source == "command"


def test_the_history_shows_the_students_name_from_the_row(student, owner_client):
    credentials.sign_in(
        season=student.season,
        name=student.name,
        id_number=student.id_number,
        student_no=student.student_no,
        address="::",
    )
    assert Event.objects.get(kind="student.signed_in").actor_name == ""
    assert owner_client.get("/school/history/").content.decode().count("欧阳小明") >= 2
