"""One workbook of the center for several schools."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal.background import jobs
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.models import RosterBundle, RosterImport, Student
from students.roster import bundles, checked_rows, excerpt, headings, importer, roster_imports
from tests.students.roster import books
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _every_school(school, other_school):
    with system_scope():
        yield


def workbook(*rows, heading="学校代码"):
    return books.xlsx([heading, *books.HEADINGS], *rows)


@pytest.fixture
def divided(season, center_admin):
    """Upload, divide, and read the part of each school."""

    def divided(content):
        row = bundles.upload(season=season, content=content, filename="全省.xlsx", by=center_admin)
        jobs.run(row.job_id)
        for each in row.imports.all():
            jobs.run(each.job_id)
        row.refresh_from_db()
        return row

    return divided


BOTH = (
    ["10001", *books.row(1)],
    ["Riverside University", *books.row(2)],
    ["10001", *books.row(3, 姓名="")],
    ["99999", *books.row(4)],
)


def test_each_school_gets_its_part_and_rows_of_no_school_are_named(divided, school, other_school):
    row = divided(workbook(*BOTH))
    found = {each.school_id: (each.status, each.new, each.wrong) for each in row.imports.all()}
    assert found == {school.pk: ("preview", 1, 1), other_school.pk: ("preview", 1, 0)}
    assert row.report["unknown"] == [["99999", 1]]
    assert Student.objects.count() == 0
    row.refresh_from_db()
    assert not row.file


def test_confirming_writes_each_school_by_its_own_import(divided, center_client, school):
    row = divided(workbook(*BOTH))
    page = center_client.get(reverse("students:roster_bundle", args=[row.pk])).content.decode()
    assert "Riverside University" in page
    center_client.post(reverse("students:roster_bundle_confirm", args=[row.pk]))
    for each in row.imports.all():
        jobs.run(each.job_id)
    assert {s.school_id: s.student_no for s in Student.objects.all()}[school.pk] == books.row(1)[0]
    assert set(row.imports.values_list("status", flat=True)) == {"done"}


def test_the_rows_of_a_part_are_not_read_a_second_time_unless_columns_are_assigned(season, center_admin, school):
    row = bundles.upload(season=season, content=workbook(*BOTH), filename="全省.xlsx", by=center_admin)
    jobs.run(row.job_id)
    part = row.imports.select_related("school", "season").get(school=school)
    read = importer.check_file(roster_imports.uploaded_content(part), school=school, season=season)
    assert (read.wrong, read.cells) == (checked_rows.of_import(part).wrong, checked_rows.of_import(part).cells)
    part.file.storage.delete(part.file.name)
    jobs.run(part.job_id)
    part.refresh_from_db()
    assert (part.status, part.new, part.wrong) == ("preview", 1, 1)
    assert [(number, cells[0]) for number, cells, _reasons in roster_imports.wrong_rows(part, most=9)] == [
        (3, "202300003")
    ]
    assert excerpt.excerpt_of(part).tables[0].head[0][:2] == ["行号", "学号"]
    assignment = headings.Assignment({"专业": "major"})
    with school_scope(school):
        roster_imports.assign_headings(row=part, assignment=assignment, labels={"专业": "专业"}, by=center_admin)
    assert checked_rows.of_import(part) is None


def test_a_school_whose_roster_is_closed_is_named_with_the_reason(divided, other_school):
    Enrolment.objects.filter(school=other_school).update(status=Enrolment.Status.RECEIVED)
    row = divided(workbook(*BOTH))
    ((code, _name, reason),) = row.report["refused"]
    assert code == "10002"
    assert reason


def test_a_workbook_without_the_school_is_refused_and_kept_nowhere(divided):
    row = divided(books.roster(books.row(1)))
    assert row.status == RosterBundle.Status.REFUSED
    assert "学校代码" in row.message
    assert not row.file


def test_a_second_run_divides_nothing_again(divided, center_admin):
    row = divided(workbook(*BOTH))
    bundles.divide(row, by=center_admin, progress=lambda done, total: None)
    assert RosterImport.objects.count() == 2


def test_what_is_not_confirmed_can_be_dropped(divided, center_client):
    row = divided(workbook(*BOTH))
    center_client.post(reverse("students:roster_bundle_drop", args=[row.pk]))
    assert set(row.imports.values_list("status", flat=True)) == {"dropped"}


def test_the_center_uploads_and_a_school_does_not(center_client, owner_client):
    address = reverse("students:roster_bundles")
    file = lambda: SimpleUploadedFile("a.xlsx", workbook(*BOTH))  # noqa: E731
    assert owner_client.post(address, {"file": file()}).status_code in (403, 404)
    assert center_client.post(address, {"file": file()}).status_code == 302
    assert (
        said("The workbook is being divided by school")
        in center_client.get(reverse("students:roster_bundle", args=[RosterBundle.objects.get().pk])).content.decode()
    )
