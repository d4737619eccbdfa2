"""What a roster changes, who is no longer in it, and cancelling it while a worker reads or writes."""

import io

import openpyxl
import pytest
from django.urls import reverse

from portal.background import jobs
from portal.errors import Conflict
from portal.models import Event
from students import progress
from students.models import RosterImport, Student
from students.roster import changes, roster_imports
from tests import factories
from tests.students.roster import books
from tests.support.lost_connection import stored_files
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status, Stage = RosterImport.Status, Student.Stage


@pytest.fixture
def upload(scoped, season, owner):
    def upload(*rows):
        row = roster_imports.upload_roster(
            school=scoped, season=season, content=books.roster(*rows), filename="名单.xlsx", by=owner
        )
        return finish(row)

    return upload


def finish(row):
    jobs.run(row.job_id)
    row.refresh_from_db()
    return row


@pytest.fixture
def imported(upload, owner):
    """Three students on the roster."""
    finish(roster_imports.confirm_import(row=upload(*books.rows(3)), by=owner))
    return {student.student_no[-1]: student for student in Student.objects.all()}


def pages(client, name, row, **asked):
    return client.get(reverse(f"students:{name}", args=[row.pk]), asked).content.decode()


def test_changes_are_named_by_student_and_field_before_anything_is_written(upload, imported):
    row = upload(books.row(1, 姓名="王大明", 手机号="13900000001"), books.row(2, 班级="软件2302"), books.row(3))
    assert row.report["fields"] == {"name": 1, "class_name": 1, "phone": 1}
    found = [(c.student_no, [tuple(f) for f in c.fields]) for c in changes.changes_of(row)]
    assert found == [
        ("202300001", [("name", "王小明", "王大明"), ("phone", "13800000000", "13900000001")]),
        ("202300002", [("class_name", "软件2301", "软件2302")]),
    ]
    assert Student.objects.filter(class_name="软件2302").count() == 0


def test_a_changed_document_number_is_named_and_not_shown(upload, imported):
    other = books.row(5)[4]
    row = upload(books.row(1, 证件号码=other))
    (change,) = changes.changes_of(row)
    assert [f.field for f in change.fields] == ["id_number"]
    assert other not in str(change)


def test_changes_lie_encrypted_and_go_with_the_file(upload, imported, owner):
    row = upload(books.row(1, 姓名="王大明"))
    assert "王大明".encode() not in bytes(row.changes)
    roster_imports.drop_import(row=row, by=owner)
    row.refresh_from_db()
    assert bytes(row.changes) == b""
    assert changes.changes_of(row) == []


def test_the_page_filters_changes_and_gives_them_as_a_workbook(upload, imported, owner_client):
    factories.photo(imported["2"])
    row = upload(
        books.row(1, 姓名="王大明"), books.row(2, 班级="软件2302"), books.row(3, 姓名="王中明", 班级="软件2303")
    )
    whole = pages(owner_client, "roster_changes", row)
    assert "王大明" in whole
    assert "软件2302" in whole
    assert "王大明" not in pages(owner_client, "roster_changes", row, field="class_name")
    assert "王大明" not in pages(owner_client, "roster_changes", row, photographed="yes")
    assert "王中明" not in pages(owner_client, "roster_changes", row, q="202300001")
    answer = owner_client.post(reverse("students:roster_changes_file", args=[row.pk]), {"field": "name"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    lines = [[cell or "" for cell in line] for line in sheet.iter_rows(min_row=2, max_col=5, values_only=True)]
    assert ["202300001", "王小明", "姓名", "王小明", "王大明"] in lines
    assert len(lines) == 3
    assert Event.objects.filter(kind="rosterimport.changes", facts__count=2).count() == 1


def test_who_is_not_in_the_file_stays_unless_the_clerk_says_otherwise(upload, imported, owner):
    row = upload(books.row(1), books.row(9))
    assert row.report["missing"] | {"first": []} == {
        "count": 2,
        "first": [],
        "leaving": 2,
        "photographed": 0,
        "paid": 0,
    }
    finish(roster_imports.confirm_import(row=row, by=owner))
    assert Student.objects.filter(stage=Stage.LEFT).count() == 0


def test_who_has_left_is_marked_but_never_who_is_photographed_or_paid_for(upload, imported, owner, owner_client):
    factories.photo(imported["2"])
    Student.objects.filter(pk=imported["3"].pk).update(fee_state=Student.FeeState.WAIVED)
    finish(roster_imports.confirm_import(row=upload(*books.rows(3), books.row(4)), by=owner))
    row = upload(books.row(1))
    missing = row.report["missing"]
    assert (missing["count"], missing["leaving"], missing["photographed"], missing["paid"]) == (3, 1, 1, 1)
    assert said("What happens to them") in pages(owner_client, "roster_import_detail", row)
    owner_client.post(reverse("students:roster_confirm", args=[row.pk]), {"missing": "left"})
    row.refresh_from_db()
    assert finish(row).status == Status.DONE
    assert list(Student.objects.filter(stage=Stage.LEFT).values_list("student_no", flat=True)) == ["202300004"]
    assert Event.objects.filter(kind="student.left", facts__import=row.pk).count() == 1


def test_who_has_left_is_not_counted_and_counts_again_when_a_file_has_them(upload, imported, owner, scoped, season):
    finish(roster_imports.confirm_import(row=upload(books.row(1)), by=owner, marks_left=True))
    assert progress.school_counts(scoped, season).total == 1
    row = upload(*books.rows(2))
    assert (row.report["returning"], row.new, row.changed) == (1, 0, 0)
    finish(roster_imports.confirm_import(row=row, by=owner))
    assert progress.school_counts(scoped, season).total == 2
    assert Event.objects.filter(kind="student.came_back").count() == 1


def test_a_photo_taken_since_the_preview_asks_again(upload, imported, owner):
    row = upload(books.row(1))
    row = roster_imports.confirm_import(row=row, by=owner, marks_left=True)
    factories.photo(imported["2"])
    again = finish(row)
    assert (again.status, again.report["missing"]["leaving"]) == (Status.PREVIEW, 1)
    assert Student.objects.filter(stage=Stage.LEFT).count() == 0


def test_cancelling_while_the_file_is_read_ends_the_reader(scoped, season, owner, owner_client):
    row = roster_imports.upload_roster(
        school=scoped, season=season, content=books.roster(books.row(1)), filename="a.xlsx", by=owner
    )
    seen = []

    def cancel(done, total):
        seen.append(done)
        owner_client.post(reverse("students:roster_cancel", args=[row.pk]))

    read = RosterImport.objects.select_related("school", "season").get(pk=row.pk)
    roster_imports.read_import(read, progress=cancel)
    assert seen
    assert read.status == Status.CANCELLED
    assert stored_files() == set()
    page = pages(owner_client, "roster_import_detail", row)
    assert owner.actor_name in page
    assert str(Status.CANCELLED.label) in pages_of_imports(owner_client)


def pages_of_imports(client):
    return client.get(reverse("students:roster_import")).content.decode()


def test_cancelling_while_the_students_are_written_leaves_nothing(upload, imported, owner, owner_client):
    row = roster_imports.confirm_import(row=upload(books.row(1, 姓名="王大明"), books.row(7)), by=owner)
    writing = RosterImport.objects.select_related("school", "season").get(pk=row.pk)
    cancel = lambda done, total: owner_client.post(reverse("students:roster_cancel", args=[row.pk]))  # noqa: E731
    roster_imports.write_import(writing, by=owner, progress=cancel)
    row.refresh_from_db()
    assert row.status == writing.status == Status.CANCELLED
    assert Student.objects.count() == 3
    assert not Student.objects.filter(name="王大明").exists()
    assert not Event.objects.filter(kind="student.changed").exists()
    jobs.run(row.job_id)
    row.job.refresh_from_db()
    assert row.job.message == row.message


def test_it_can_be_too_late_to_cancel(upload, owner):
    row = finish(roster_imports.confirm_import(row=upload(books.row(1)), by=owner))
    with pytest.raises(Conflict, match=said("It is too late to cancel this: the work was done before.")):
        roster_imports.cancel_import(row=row, by=owner)
    assert Student.objects.count() == 1
