"""Erasing a student: what goes, what the registry needs, and what the history still says."""

import json
import uuid

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from capture.judging import judge
from capture.models import Consent, Exemption, Imprint, Photo
from capture.review import decisions, exemptions
from capture.sign_in import consent, consent_withdrawal
from capture.upload import intake
from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event, Job, Notification
from portal.tenancy import outside_scopes, school_scope, system_scope
from students import records
from students.correcting import corrections
from students.identity.student_access import new_token
from students.lists import exports
from students.models import Correction, Student, StudentSession
from students.privacy import erasure
from students.roster import roster_imports
from students.roster.columns import COLUMNS
from tests import factories
from tests.capture.conftest import sign_in
from tests.conftest import client_of
from tests.students.roster import books
from tests.support.signing_in import recognise
from tests.support.words import said

pytestmark = pytest.mark.django_db
OUR_ROOMS = ("portal", "schools", "students", "capture", "billing", "proofing", "printing", "year_end")


@pytest.fixture(autouse=True)
def _unscoped_rows():
    with system_scope():
        yield


@pytest.fixture
def student(school, season):
    return factories.student(school, season, name="欧阳小明", phone="13800001234", email="a@example.org")


def test_nothing_of_the_person_is_left(student, center_admin, django_capture_on_commit_callbacks):
    records.change_student(student=student, by=center_admin, name="欧阳晓明")
    number, photo = student.id_number, factories.photo(student, "rejected")
    Imprint.objects.create(photo=photo, school=student.school)
    Notification.objects.create(recipient_key=student.actor_key, school=student.school, kind="photo_failed")
    recognise(student)
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


def every_text():
    """All rows of every table of ours, as text."""
    texts = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute("SELECT has_table_privilege(current_user, %s, 'SELECT')", [table])
            if cursor.fetchone() == (True,):
                cursor.execute(f"SELECT '{table}: ' || t FROM \"{table}\" t")
                texts += [text for (text,) in cursor.fetchall()]
            else:
                assert not model._meta.app_label.startswith(OUR_ROOMS)
    return texts


def test_no_table_of_the_database_names_an_erased_student(student, school, season, owner, center_admin):
    """After a season's work with the student, as far as it leaves words behind."""
    columns = [getattr(student, column.field) for column in COLUMNS]
    name, number, no, phone, email = (
        student.name,
        student.id_number,
        student.student_no,
        student.phone,
        student.email,
    )
    with school_scope(school):
        # a roster without the student, with somebody else under the same document number
        other = books.row(1, 证件号码=number, 性别="")
        for content in (books.roster(other, books.row(2)), books.xlsx(books.HEADINGS, [*columns])):
            row = roster_imports.upload_roster(
                school=school, season=season, content=content, filename="a.xlsx", by=owner
            )
            jobs.run(row.job_id)
            row.refresh_from_db()
            assert row.status == "preview"
            assert name not in str(row.report)
    exemptions.declare(student=student, kind="other", words=f"我是{name}", by=student)
    corrections.request_correction(
        student=student, field="name", wanted="欧阳晓明", explanation=f"{name}写错了", by=student
    )
    factories.photo(student, "rejected", appeal="other", appeal_words=f"{name} {phone}")
    decisions.lock(student=student, reason="photo of a screen", by=owner)
    consent_withdrawal.withdraw(student=student, by=student)
    Job.objects.create(kind="sheets", school=school, season=season, message=f"{no} {name}: 𠮷; 2 王二: 𠮷")
    words = (name, "欧阳晓明", number, no, phone, email)
    tables = {text.partition(":")[0] for text in every_text() if any(word in text for word in words)}
    assert tables >= {
        "students_rosterimport",
        "students_student",
        "students_correction",
        "portal_notification",
        "portal_job",
        "capture_exemption",
    }
    student.refresh_from_db()
    assert erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert [text for text in every_text() if any(word in text for word in words)] == []


def test_the_worker_that_checks_a_photo_stores_nothing_afterwards(student, center_admin):
    photo = factories.photo(student, "checking")
    claimed = judge.claim(photo.pk)
    judgement = judge.examine_photo(claimed)
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert judge.record_judgement(claimed, judgement) is None
    photo.refresh_from_db()
    assert photo.status == Photo.Status.WITHDRAWN
    assert not any((photo.original, photo.preview, photo.portrait))


def test_a_form_that_was_read_before_writes_nothing_back(student, center_admin, owner):
    read_before = Student.objects.get(pk=student.pk)
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    with pytest.raises(Conflict):
        records.change_student(student=read_before, by=owner, class_name="软件2309")
    with pytest.raises(Conflict):
        records.change_student(student=Student.objects.get(pk=student.pk), by=owner, class_name="软件2309")
    row = Student.objects.get(pk=student.pk)
    assert (row.name, row.class_name, row.phone) == (erasure.ERASED, "", "")


def test_a_photo_that_was_on_its_way_is_not_stored(student, enrolment, center_admin):
    sent = factories.photo(student, "rejected")
    read_before = Student.objects.get(pk=student.pk)
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    late = Photo(school=student.school, student=read_before, season=student.season, width=60, height=80)
    late.sha256, late.token = "1" * 64, uuid.uuid4()
    with pytest.raises(Conflict):
        intake._save_photo(read_before, enrolment, late, None, read_before, timezone.now())
    assert list(Photo.objects.filter(student=student)) == [sent]


def test_the_database_takes_nothing_for_an_erased_student_and_gives_nothing_back(student, center_admin):
    """Whatever rule forgets to look: the row and all that would be new for it are refused."""
    factories.photo(student, "rejected")
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    whose = {"school": student.school, "student": student}
    agreed = Consent.objects.get(student=student)
    agreed.pk, agreed.ended_at = None, timezone.now()
    late = [
        Photo(**whose, season=student.season, width=60, height=80, sha256="1" * 64, is_current=False),
        Exemption(**whose, season=student.season, kind="other", words="欧阳小明"),
        Correction(**whose, field="major", wanted="欧阳小明"),
        StudentSession(**whose, seen_at=timezone.now()),
        agreed,
    ]
    for row in late:
        with pytest.raises(IntegrityError, match="has ended"), transaction.atomic():
            row.save(force_insert=True)
    with pytest.raises(IntegrityError, match="stays as it is"), transaction.atomic():
        Student.objects.filter(pk=student.pk).update(phone=student.phone)


def test_the_name_of_the_guardian_goes_too(student, center_admin):
    consent.agree(student=student, season=student.season, version="1", by=student, guardian_name="王大")
    erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert [row.guardian_name for row in Consent.objects.filter(student=student)] == [""]


def test_sessions_and_tokens_of_an_erased_student_end(student, center_admin, enrolment):
    """Whoever is signed in while the row is erased sends no new photo."""
    client, header = sign_in(student), {"Authorization": f"Student {new_token(student)}"}
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
    recognise(student)
    assert Event.objects.get(kind="student.signed_in").actor_name == ""
    assert owner_client.get("/school/history/").content.decode().count("欧阳小明") >= 2


def exported(owner, student, *, filename="roster.csv"):
    return exports.start(
        Student.objects.filter(season=student.season),
        {},
        school=student.school,
        season=student.season,
        by=owner,
        file_format="csv",
        filename=filename,
    )


def test_a_file_that_a_job_made_before_goes_with_the_student(
    student, owner, center_admin, django_capture_on_commit_callbacks
):
    job = exported(owner, student)
    jobs.run(job.pk)
    job.refresh_from_db()
    with job.artefact.open("rb") as file:
        assert student.name in file.read().decode()
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(student=student, reason="asked for it", by=center_admin)
    assert not job.artefact.storage.exists(job.artefact.name)
    page = client_of(owner).get(f"/jobs/{job.pk}/").content.decode()
    assert said("A student was erased. This file may have held the student and was deleted: ask for it again.") in page
    assert client_of(owner).get(f"/jobs/{job.pk}/file/").status_code == 404


@pytest.mark.parametrize(("again", "status"), [(False, Job.Status.FAILED), (True, Job.Status.QUEUED)])
def test_a_job_that_read_the_student_before_the_erasure_gives_no_file(
    student, owner, center_admin, monkeypatch, again, status
):
    job, attach = exported(owner, student), jobs.attach_file

    def erased_meanwhile(*made):
        attach(*made)
        with outside_scopes(), system_scope():
            erasure.erase(student=student, reason="asked for it", by=center_admin)
            if again:
                jobs.retry(Job.objects.get(pk=job.pk), by=owner)

    monkeypatch.setattr(jobs, "attach_file", erased_meanwhile)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.status, bool(job.artefact)) == (status, False)
