"""Students are told of a notice, read and confirm it, and are reminded when they have not."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.background import jobs
from portal.models import Job, Notification
from portal.tenancy import center_scope, school_scope, system_scope
from schools.models import NoticeReceipt
from schools.notices import publishing, reading
from students.announcing import notices
from students.identity import student_access
from students.models import Student
from students.privacy import erasure
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def notice(school, season, student, center_admin):
    with center_scope():
        draft = publishing.create(season, by=center_admin, title="须知", body="带好学号", for_students=True)
        publishing.publish(draft, by=center_admin)
    return draft


def run_jobs() -> None:
    for job in Job.objects.filter(status=Job.Status.QUEUED):
        jobs.run(job.pk)


def told() -> list[tuple[str, str]]:
    with system_scope():
        rows = Notification.objects.filter(kind__startswith="notice_students").order_by("pk")
        return list(rows.values_list("kind", "recipient_key"))


def signed_in(student: Student) -> Client:
    client = Client()
    session = client.session
    student_access.begin(session, student)
    session.save()
    return client


def url(name, notice, *more):
    return reverse(f"students:{name}", args=[notice.pk, *more])


def test_a_student_is_told_reads_and_confirms(notice, student, school):
    run_jobs()
    assert told() == [("notice_students", student.actor_key)]
    client = signed_in(student)
    assert '<span class="count">1</span>' in client.get(reverse("students:own_notices")).content.decode()
    page = client.get(url("own_notice", notice)).content.decode()
    assert "带好学号" in page
    assert '<span class="count">' not in client.get(reverse("students:own_notices")).content.decode()
    client.post(url("own_notice_confirm", notice), {"version": 1})
    with center_scope():
        row = reading.addressees(notice).get()
        assert (row.student_readers, row.is_confirmed) == (1, False)  # a student does not confirm for the school
        assert NoticeReceipt.objects.get().confirmed_number == 1


def test_a_notice_for_schools_alone_is_not_a_students(notice, student, season, center_admin):
    with center_scope():
        other = publishing.create(season, by=center_admin, title="学校", body="x")
        publishing.publish(other, by=center_admin)
    assert signed_in(student).get(url("own_notice", other)).status_code == 404


def test_only_those_who_have_not_confirmed_are_reminded_and_once_a_day(notice, student, school, season, center_admin):
    silent = factories.student(school, season)
    run_jobs()
    with school_scope(school):
        reading.confirm(notice, 1, reader=student, school=school)
    for _twice in range(2):
        with center_scope():
            reading.remind(notice, by=center_admin)
        run_jobs()
    reminders = [key for kind, key in told() if kind == "notice_students_reminder"]
    assert reminders == [silent.actor_key]


def statements_of_telling(season, by, **fields) -> int:
    with center_scope():
        draft = publishing.create(season, by=by, title="须知", body="x", for_students=True, **fields)
        publishing.publish(draft, by=by)
    (job,) = Job.objects.filter(status=Job.Status.QUEUED)
    with CaptureQueriesContext(connection) as queries:
        jobs.run(job.pk)
    job.refresh_from_db()
    number = Student.objects.exclude(stage=Student.Stage.LEFT).count()
    assert (job.status, job.done, job.total) == (Job.Status.DONE, number, number)
    return len(queries)


def test_more_schools_take_no_more_statements(school, other_school, season, student, center_admin):
    with system_scope():
        one = statements_of_telling(season, center_admin)
        for at in (school, other_school, other_school):
            factories.student(at, season)
        factories.student(other_school, season, stage=Student.Stage.LEFT)
        assert statements_of_telling(season, center_admin) == one
        rows = Notification.objects.filter(kind="notice_students").values_list("school", flat=True)
        assert sorted(rows) == sorted([school.pk] * 3 + [other_school.pk] * 2)


def test_a_job_that_begins_again_tells_nobody_twice(notice, other_school, season, student):
    (job,) = Job.objects.filter(kind="notice_students")
    with system_scope():
        notices.tell_students(job)
        notices.tell_students(Job.objects.get(pk=job.pk))
    assert told() == [("notice_students", student.actor_key)]


def test_an_erased_student_has_read_nothing(notice, student, school, center_admin):
    with center_scope():
        reading.read(notice, student, school=school)
        erasure.erase(student=student, reason="asked", by=center_admin)
        assert not NoticeReceipt.objects.exists()
