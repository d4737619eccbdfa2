"""A roster import in the portal: upload, reading, preview, confirmation, result."""

import datetime as dt
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from portal.background import jobs
from portal.errors import Conflict, PortalError
from portal.models import Event, Job, Role
from portal.tenancy import center_scope, school_scope
from schools.models import Area, School
from students import records
from students.models import RosterImport, Student
from students.roster import checked_rows, importer, number_clashes, roster_imports
from tests import factories
from tests.conftest import client_of
from tests.students.roster import books
from tests.support.lost_connection import lost_at, stored_files
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = RosterImport.Status
TOO_MANY = (
    "Nothing was imported: too many rows have document numbers of other schools. The center has been told "
    "and sees them; when it has settled them, upload the file again."
)
EMPTY = said("The file is empty. Fill the template with your students and upload it.")


@pytest.fixture
def upload(scoped, season, owner):
    """Upload and read a file; returns the import."""

    def upload(content):
        row = roster_imports.upload_roster(
            school=scoped, season=season, content=content, filename="名单.xlsx", by=owner
        )
        jobs.run(row.job_id)
        row.refresh_from_db()
        return row

    return upload


def finish(row):
    jobs.run(row.job_id)
    row.refresh_from_db()
    return row


def test_upload_waits_for_its_job(scoped, season, owner):
    row = roster_imports.upload_roster(
        school=scoped, season=season, content=books.roster(books.row(1)), filename="a.xlsx", by=owner
    )
    assert row.status == Status.READING
    assert row.job.status == Job.Status.QUEUED
    assert row.job.params["roster"] == row.pk


def test_an_upload_that_was_not_committed_leaves_no_file(scoped, season, owner, upload):
    content = books.roster(books.row(1))
    with lost_at('INSERT INTO "portal_event"'):
        roster_imports.upload_roster(school=scoped, season=season, content=content, filename="a.xlsx", by=owner)
    assert stored_files() == set()
    assert not RosterImport.objects.exists()
    row = upload(content)
    assert row.file_size == row.file.size > len(content)
    roster_imports.discard_file(row)
    assert stored_files() == set()
    assert RosterImport.objects.get().file_size == 0


def test_a_newer_file_ends_the_unconfirmed_ones_and_their_files(upload, scoped, season, owner, owner_client):
    previewed = upload(books.roster(books.row(1)))
    waiting = [
        roster_imports.upload_roster(
            school=scoped, season=season, content=books.roster(books.row(2)), filename="b.xlsx", by=owner
        )
        for _click in range(3)
    ]
    ended = RosterImport.objects.filter(pk__in=[previewed.pk, *(row.pk for row in waiting[:2])])
    assert set(ended.values_list("status", "file", "file_size")) == {(Status.DROPPED, "", 0)}
    page = owner_client.get(reverse("students:roster_import_detail", args=[previewed.pk])).content.decode()
    assert said("A newer file was uploaded before this one was confirmed. Nothing of this file was imported.") in page
    for row in waiting:
        finish(row)
    assert [row.status for row in waiting] == [Status.DROPPED, Status.DROPPED, Status.PREVIEW]
    assert {row.job.queue for row in waiting} == {"imports"}


def test_a_file_that_is_ended_while_it_is_read_fails_no_job(upload, scoped, season, owner):
    row = roster_imports.upload_roster(
        school=scoped, season=season, content=books.roster(books.row(1)), filename="a.xlsx", by=owner
    )
    upload(books.roster(books.row(2)))
    roster_imports.read_import(row, progress=importer.no_progress)
    assert row.status == Status.DROPPED


def test_the_file_lies_encrypted(upload):
    row = upload(books.roster(books.row(1)))
    with row.file.open("rb") as file:
        sealed = file.read()
    assert not sealed.startswith(b"PK")
    assert roster_imports.uploaded_content(row).startswith(b"PK")


def test_reading_leaves_a_preview(upload):
    row = upload(books.roster(books.row(1), books.row(2, 姓名="")))
    assert (row.status, row.new, row.wrong) == (Status.PREVIEW, 1, 1)
    assert row.report["wrong"] == [{"row": 3, "cells": {"name": ["empty", {}]}}]
    assert Student.objects.count() == 0


def test_the_report_holds_no_document_number(upload):
    row = upload(
        books.roster(books.row(1), books.row(3, 证件号码=books.row(1)[4]), books.row(5, 证件号码="32010220010203"))
    )
    assert row.wrong == 3
    assert books.row(1)[4] not in str(row.report)
    assert "32010220010203" not in str(row.report)


def test_confirming_writes_and_leaves_no_file(upload, owner):
    row = upload(books.roster(*books.rows(3)))
    done = finish(roster_imports.confirm_import(row=row, by=owner))
    assert done.status == Status.DONE
    assert Student.objects.count() == 3
    assert not done.file
    assert Event.objects.filter(kind="rosterimport.done", actor_name=owner.actor_name).count() == 1


def test_writing_reads_no_file_again_and_says_what_the_preview_said(upload, owner):
    finish(roster_imports.confirm_import(row=upload(books.roster(books.row(7), books.row(8))), by=owner))
    rows = [
        books.row(1, 班级=r"软件\n01"),
        books.row(1, 学号="202300002"),
        books.row(3, 邮箱="无"),
        books.row(4, 姓名=""),
    ]
    row = upload(books.roster(*rows, books.row(5), books.row(7, 专业="网络工程"), ["合计", "5 人"]))
    before = row.report
    assert (row.new, row.changed, row.wrong, before["warned"]["count"]) == (2, 1, 3, 1)
    row.file.storage.delete(row.file.name)
    done = finish(roster_imports.confirm_import(row=row, by=owner))
    assert (done.status, done.new, done.changed, done.wrong) == (Status.DONE, 2, 1, 3)
    assert done.report == before
    assert {s.student_no[-1] for s in Student.objects.filter(import_no=row.pk)} == {"3", "5"}
    assert Student.objects.get(student_no="202300007").major == "网络工程"
    assert Student.objects.get(student_no="202300005").id_number == books.row(5)[4]


def test_a_cell_with_the_signs_of_copy_is_written_as_it_is(upload, owner):
    rows = [books.row(1, 班级=r"软件\n01"), books.row(2, 班级="\\N")]
    finish(roster_imports.confirm_import(row=upload(books.roster(*rows)), by=owner))
    assert sorted(Student.objects.values_list("class_name", flat=True)) == ["\\N", r"软件\n01"]


def test_checked_rows_lie_encrypted_until_they_are_written(upload, owner):
    rows = [upload(books.roster(books.row(1, 姓名="欧阳小明"), books.row(2, 姓名=""))) for _ in range(2)]
    assert bytes(rows[1].checked)
    assert "欧阳小明".encode() not in bytes(rows[1].checked)
    done = finish(roster_imports.confirm_import(row=rows[1], by=owner))
    assert done.file
    rows[0].refresh_from_db()
    assert {bytes(row.checked) for row in (rows[0], done)} == {b""}


def test_rows_that_were_checked_under_another_key_are_read_again(upload, owner, settings):
    row = upload(books.roster(*books.rows(2)))
    settings.ID_NUMBER_KEYS = settings.ID_NUMBER_KEYS | {9: "a-newer-key-of-many-characters-0123456789"}
    assert checked_rows.of_import(row) is None
    assert finish(roster_imports.confirm_import(row=row, by=owner)).status == Status.DONE
    settings.ID_NUMBER_KEYS = {9: settings.ID_NUMBER_KEYS[9]}
    assert Student.objects.get(student_no="202300001").id_number == books.row(1)[4]


def test_wrong_rows_keep_the_file_until_the_next_upload(upload, owner):
    row = finish(roster_imports.confirm_import(row=upload(books.roster(books.row(1), books.row(2, 姓名=""))), by=owner))
    assert row.file
    assert [(number, reasons) for number, _cells, reasons in roster_imports.wrong_rows(row, most=9)] == [
        (3, {"name": said("This must be filled.")})
    ]
    upload(books.roster(books.row(2)))
    row.refresh_from_db()
    assert not row.file
    with pytest.raises(PortalError, match=said("The file of this import is no longer kept. Upload it again.")):
        roster_imports.wrong_rows(row, most=9)


def test_wrong_rows_stay_when_the_next_file_is_refused(upload, owner):
    row = finish(roster_imports.confirm_import(row=upload(books.roster(books.row(1), books.row(2, 姓名=""))), by=owner))
    assert upload(books.xlsx(["收入", "支出"], [1, 2])).status == Status.REFUSED
    row.refresh_from_db()
    assert [number for number, _cells, _reasons in roster_imports.wrong_rows(row, most=9)] == [3]


def test_confirming_twice_is_a_conflict(upload, owner):
    row = upload(books.roster(books.row(1)))
    roster_imports.confirm_import(row=row, by=owner)
    with pytest.raises(Conflict):
        roster_imports.confirm_import(row=RosterImport.objects.get(pk=row.pk), by=owner)


def test_dropping_changes_nothing_and_removes_the_file(upload, owner):
    row = upload(books.roster(books.row(1)))
    name, storage = row.file.name, row.file.storage
    roster_imports.drop_import(row=row, by=owner)
    assert row.status == Status.DROPPED
    assert not storage.exists(name)
    with pytest.raises(Conflict):
        roster_imports.confirm_import(row=row, by=owner)


def test_nothing_to_import_says_so(upload, owner):
    finish(roster_imports.confirm_import(row=upload(books.roster(books.row(1))), by=owner))
    with pytest.raises(PortalError, match=said("There is nothing to import: no row of this file is new or changed.")):
        roster_imports.confirm_import(row=upload(books.roster(books.row(1))), by=owner)


def test_a_roster_that_changed_since_the_preview_is_shown_again(upload, owner):
    row = upload(books.roster(*books.rows(2)))
    roster_imports.confirm_import(row=row, by=owner)
    finish(roster_imports.confirm_import(row=upload(books.roster(books.row(1))), by=owner))
    again = finish(row)
    assert again.status == Status.PREVIEW
    assert (
        said("The roster has changed since this preview. Look at the new figures and confirm again.") in again.message
    )
    assert (again.new, again.unchanged) == (1, 1)
    assert finish(roster_imports.confirm_import(row=again, by=owner)).status == Status.DONE


def test_a_file_that_is_no_roster_is_refused_with_its_sentence(upload):
    row = upload(books.xlsx(["收入", "支出"], [1, 2]))
    assert row.status == Status.REFUSED
    assert "学号" in row.message
    assert not row.file


def test_headings_without_students_are_refused(upload):
    assert said("There are headings but no students below them.") in upload(books.roster()).message


def test_jobs_are_safe_to_run_twice(upload, owner):
    row = upload(books.roster(*books.rows(2)))
    roster_imports.confirm_import(row=row, by=owner)
    roster_imports.write_import(RosterImport.objects.get(pk=row.pk), by=owner, progress=importer.no_progress)
    done = roster_imports.write_import(RosterImport.objects.get(pk=row.pk), by=owner, progress=importer.no_progress)
    assert done.status == Status.DONE
    assert Event.objects.filter(kind="rosterimport.done").count() == 1


def test_a_fault_of_ours_gives_the_import_back(upload, owner, monkeypatch):
    row = upload(books.roster(books.row(1)))
    monkeypatch.setattr("students.roster.staging._ADD", "SELECT broken")
    back = finish(roster_imports.confirm_import(row=row, by=owner))
    assert back.status == Status.PREVIEW
    assert (
        said("The work stopped because of a fault on our side. It has been reported; try again later.") in back.message
    )


def test_old_files_are_purged(upload, owner):
    done = finish(
        roster_imports.confirm_import(row=upload(books.roster(books.row(1), books.row(2, 姓名=""))), by=owner)
    )
    forgotten = upload(books.roster(books.row(3)))
    assert roster_imports.purge_files(older_than=timezone.now() - dt.timedelta(days=1)) == 0
    assert roster_imports.purge_files(older_than=timezone.now()) == 1  # reading the second file has deleted the first
    for row, status in ((done, Status.DONE), (forgotten, Status.DROPPED)):
        row.refresh_from_db()
        assert (row.status, bool(row.file)) == (status, False)


def test_large_and_empty_files_are_refused_at_once(scoped, season, owner, settings):
    settings.UPLOAD_MAX_BYTES = {"roster": 1024 * 1024}
    too_large = said("The file is larger than %(limit)d MB. Copy the roster alone into the template.", limit=1)
    for size, sentence in ((0, EMPTY), (2 * 1024 * 1024, too_large)):
        with pytest.raises(PortalError, match=sentence):
            roster_imports.upload_roster(school=scoped, season=season, content=b"x" * size, filename="a.xlsx", by=owner)


# the pages


def page(client, name, *args, **options):
    return client.get(reverse(f"students:{name}", args=args), **options)


def post_file(client, content, name="名单.xlsx"):
    return client.post(reverse("students:roster_import"), {"file": SimpleUploadedFile(name, content)})


def test_a_clerk_imports_a_roster(owner_client, school, season):
    assert said("Upload and check") in page(owner_client, "roster_import").content.decode()
    answer = post_file(owner_client, books.roster(books.row(1), books.row(2, 姓名="")))
    with school_scope(school):
        row = RosterImport.objects.get()
    assert answer.headers["Location"] == reverse("students:roster_import_detail", args=[row.pk])
    waiting = page(owner_client, "roster_import_detail", row.pk, headers={"HX-Request": "true"}).content.decode()
    assert "every 1s" in waiting
    jobs.run(row.job_id)
    preview = page(owner_client, "roster_import_detail", row.pk).content.decode()
    assert said("Import %(n)s student", n="1") in preview
    assert said("This must be filled.") in preview
    assert "every 1s" not in preview
    owner_client.post(reverse("students:roster_confirm", args=[row.pk]))
    with school_scope(school):
        row.refresh_from_db()
        jobs.run(row.job_id)
        assert Student.objects.count() == 1
    assert said("%(n)d student imported.", n=1) in page(owner_client, "roster_import_detail", row.pk).content.decode()


def test_the_preview_masks_numbers_that_are_right(owner_client, upload):
    row = upload(books.roster(books.row(1, 姓名=""), books.row(2, 证件号码="32010220010203")))
    preview = page(owner_client, "roster_import_detail", row.pk).content.decode()
    assert books.row(1)[4] not in preview
    assert "32010220010203" in preview


def test_wrong_rows_come_as_a_workbook_to_mend(owner_client, upload):
    row = upload(books.roster(books.row(1), books.row(2, 姓名="=1+1", 手机号="1")))
    answer = owner_client.post(reverse("students:roster_wrong", args=[row.pk]))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [cell.value for cell in sheet[1]][:2] == ["学号*", "姓名*"]
    assert [cell.value for cell in sheet[1]][-2:] == ["错误原因", "行号"]
    assert sheet["J2"].fill.fgColor.rgb == "00FFD9D6"
    assert said("Not a phone number.") in sheet["J2"].comment.text
    assert sheet["M2"].value == 3
    assert Event.objects.filter(kind="rosterimport.wrong_rows").count() == 1


def test_the_template_is_a_workbook_with_text_cells_and_lists(owner_client, season):
    book = openpyxl.load_workbook(io.BytesIO(page(owner_client, "roster_template").content))
    assert book.sheetnames == ["学生数据表", "填写说明", "选项"]
    sheet = book["学生数据表"]
    assert [cell.value.rstrip("*") for cell in sheet[1]] == books.HEADINGS
    assert sheet["A3"].number_format == sheet["E4000"].number_format == "@"
    assert sheet["E1"].comment is not None
    ranges = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert ranges["D2:D5002"] == "选项!$B$1:$B$4"


def test_a_refused_file_says_why(owner_client, school, season):
    answer = post_file(owner_client, b"")
    assert answer.status_code == 422
    assert "空文件" in answer.content.decode()  # Django says it in the form


def test_other_schools_imports_are_not_there(outsider_client, upload):
    row = upload(books.roster(books.row(1)))
    for name in ("roster_import_detail",):
        assert page(outsider_client, name, row.pk).status_code == 404
    for name in ("roster_confirm", "roster_drop", "roster_wrong"):
        assert outsider_client.post(reverse(f"students:{name}", args=[row.pk])).status_code == 404


def test_a_double_click_on_confirm_is_told(owner_client, upload):
    row = upload(books.roster(books.row(1)))
    url = reverse("students:roster_confirm", args=[row.pk])
    assert owner_client.post(url).status_code == 302
    assert owner_client.post(url).status_code == 409


def test_the_imports_page_asks_the_same_number_of_queries_for_1_and_3(
    owner_client, upload, django_assert_max_num_queries, django_assert_num_queries
):
    upload(books.roster(books.row(1)))
    with django_assert_max_num_queries(20) as first:
        page(owner_client, "roster_import")
    upload(books.roster(books.row(1)))
    upload(books.roster(books.row(1)))
    with django_assert_num_queries(len(first)):
        page(owner_client, "roster_import")


@pytest.mark.urls("config.urls")
def test_pages_work_without_a_season(center_client, db):
    row = School.objects.create(code="1", name="A", area=Area.objects.create(code="a", name="A"))
    client = client_of(factories.person("clerk", Role.SCHOOL_ADMIN, row))
    for name in ("roster", "roster_import", "student_add"):
        assert page(client, name).status_code == 200
    assert page(client, "roster_template").status_code == 400
    assert page(center_client, "center_students").status_code == 200


def test_the_center_sees_rows_whose_number_another_school_has(upload, owner, other_school, season, center_client):
    theirs = factories.student(other_school, season, id_number=books.row(1)[4], name="欧阳小明")
    row = upload(books.roster(books.row(1), books.row(2)))
    assert (row.new, row.wrong) == (2, 0)
    page = reverse("students:number_clashes")
    assert "欧阳小明" not in center_client.get(page).content.decode()
    done = finish(roster_imports.confirm_import(row=row, by=owner))
    assert (done.status, done.new, done.wrong, bool(done.file)) == (Status.DONE, 1, 1, True)
    listed = center_client.get(page).content.decode()
    assert f"{theirs.student_no} 欧阳小明" in listed
    assert str(other_school) in listed
    callout = center_client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert said("%(n)s student was not imported, because another school has the document number.", n="1") in callout
    event = Event.objects.get(kind="roster.number_elsewhere")
    assert (event.school, event.actor_name, event.facts) == (
        row.school,
        owner.actor_name,
        {"import": row.pk, "count": 1},
    )
    finish(roster_imports.confirm_import(row=upload(books.roster(books.row(3))), by=owner))
    assert "欧阳小明" in center_client.get(page).content.decode()  # another import wipes nothing
    center_client.post(reverse("students:number_clashes_settle", args=[row.pk]))
    assert "欧阳小明" not in center_client.get(page).content.decode()
    assert Event.objects.get(kind="roster.clashes_settled").facts == {"import": row.pk, "count": 1}


def test_a_number_that_is_free_again_waits_for_nobody(upload, owner, other_school, season, center_client):
    theirs = [factories.student(other_school, season, id_number=books.row(n)[4]) for n in (1, 2)]
    finish(roster_imports.confirm_import(row=upload(books.roster(*books.rows(3))), by=owner))
    with center_scope():
        assert [clash.student for clash in number_clashes.of_season(season)] == [each.pk for each in theirs]
    with school_scope(other_school):
        records.remove_students(students=[theirs[0].pk], school=other_school, season=season, by=owner)
        records.change_student(student=theirs[1], by=owner, gender="", id_number=books.row(12)[4])
    with center_scope():
        assert number_clashes.of_season(season) == []


def test_too_many_numbers_of_other_schools_import_nothing(upload, owner, other_school, season, monkeypatch):
    monkeypatch.setattr(number_clashes, "MOST_OPEN", 2)
    theirs = [factories.student(other_school, season, id_number=books.row(n)[4]) for n in (1, 2, 3)]

    def confirmed(*numbers):
        return finish(
            roster_imports.confirm_import(row=upload(books.roster(*(books.row(n) for n in numbers))), by=owner)
        )

    assert confirmed(1, 2, 5).status == Status.DONE
    assert confirmed(1, 2, 6).status == Status.DONE  # the same students again are no more
    refused = confirmed(3, 4)
    assert refused.status == Status.REFUSED
    assert refused.message == said(TOO_MANY)
    assert Student.objects.filter(student_no="202300004").count() == 0
    assert Event.objects.filter(kind="roster.number_elsewhere").first().facts == {"import": refused.pk, "count": 1}
    with center_scope():
        assert {clash.student for clash in number_clashes.of_season(season)} == {each.pk for each in theirs}
        for row in RosterImport.objects.all():
            number_clashes.settle(row, by=owner)
    assert confirmed(3, 4).status == Status.DONE
