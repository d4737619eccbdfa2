"""Headings that a person assigns: which row they are in, what they mean, and that it is remembered."""

from pathlib import Path

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from portal.background import jobs
from portal.models import Event
from portal.tenancy import school_scope
from portal.untrusted import workbooks
from students.models import RosterHeading, RosterImport, Student
from students.roster import headings, layout, remembered_headings, roster_imports, spreadsheet_reader
from students.roster.columns import BY_FIELD
from students.roster.headings import Assignment, keys_of
from students.roster.spreadsheet_reader import UnassignedHeadings, open_roster
from tests.students.roster import books
from tests.support.words import said

pytestmark = pytest.mark.django_db
Status = RosterImport.Status
# A file of another system: what its five required columns are is not known.
STRANGE = ["考号", "学生", "证件", "方向", "行政单位", "备注"]
FIELDS = ["student_no", "name", "id_number", "major", "class_name", ""]


def line(n):
    values = books.row(n)
    return [values[0], values[1], values[4], "软件工程", "软件2301", "班长"]


def strange(*rows):
    return books.xlsx(["毕业生名册"], STRANGE, *(rows or (line(1), line(2))))


def assigned(labels=STRANGE, fields=FIELDS, **place):
    return Assignment(dict(zip(keys_of(labels), fields, strict=True)), **place)


def read(content, assignment=headings.UNASSIGNED):
    with open_roster(content, assignment) as roster:
        return roster, list(roster.rows)


@pytest.fixture
def upload(scoped, season, owner):
    def upload(content):
        row = roster_imports.upload_roster(
            school=scoped, season=season, content=content, filename="名单.xlsx", by=owner
        )
        return finish(row)

    return upload


def finish(row):
    jobs.run(row.job_id)
    row.refresh_from_db()
    return row


def assign(row, owner, labels=STRANGE, fields=FIELDS, **place):
    found = assigned(labels, fields, **place)
    roster_imports.assign_headings(
        row=row, assignment=found, labels=dict(zip(found.fields, labels, strict=True)), by=owner
    )
    return finish(row)


# reading


def test_a_table_without_known_headings_waits_for_somebody_and_no_table_does_not():
    with pytest.raises(UnassignedHeadings):
        read(strange())
    roster, rows = read(strange(), assigned())
    assert [(number, texts[0]) for number, texts in rows] == [(3, books.row(1)[0]), (4, books.row(2)[0])]
    assert roster.ignored == ["备注"]


def test_an_assigned_heading_wins_over_a_known_one():
    head = [*books.HEADINGS, "家长电话"]
    content = books.xlsx(head, [*books.row(1), "13911112222"])
    phone = books.HEADINGS.index("手机号")
    assert read(content)[1][0][1][phone] == "13800000000"
    roster, rows = read(content, Assignment({"家长电话": "phone"}))
    assert (rows[0][1][phone], roster.ignored) == ("13911112222", ["手机号"])


def test_a_column_that_is_not_wanted_is_left_out_though_it_is_known():
    roster, rows = read(books.roster(books.row(1)), Assignment({"手机号": ""}))
    assert (rows[0][1][books.HEADINGS.index("手机号")], roster.ignored) == ("", ["手机号"])


def test_two_headings_for_one_column_are_a_question():
    content = books.xlsx(["学号", *books.HEADINGS], ["1", *books.row(1)])
    with pytest.raises(UnassignedHeadings, match="学号"):
        read(content)
    assert read(content, Assignment({"学号 1": "", "学号 2": "student_no"}))[1][0][1][0] == books.row(1)[0]


def test_columns_of_one_heading_are_told_apart_and_those_without_go_by_their_letter():
    assert keys_of(["电话", "Ｘ 号", "", "电话", "电话（家长）"]) == ["电话 1", "x号", " C", "电话 2", "电话(家长)"]
    assert [headings.is_lasting(key) for key in ("电话 1", "x号", " C")] == [False, True, False]


def test_a_file_without_headings_goes_by_letters():
    content = books.xlsx(line(1), line(2))
    by_letter = Assignment(dict(zip(keys_of([""] * 6), FIELDS, strict=True)), "学生数据表", headings.NO_HEADINGS)
    assert [number for number, _texts in read(content, by_letter)[1]] == [1, 2]


def test_the_row_that_was_chosen_counts_and_its_repetition_is_skipped():
    content = books.xlsx(books.HEADINGS, ["x", "y"], STRANGE, line(1), STRANGE, line(2))
    roster, rows = read(content, assigned(sheet="学生数据表", row=3))
    assert ([number for number, _texts in rows], roster.headings_again) == ([4, 6], 1)


def layout_of(content):
    with workbooks.opened(content) as book:
        return layout.layout_of(spreadsheet_reader.tables_of(book), headings.UNASSIGNED)


def test_the_layout_shows_samples_and_masks_what_may_be_a_number():
    shown = layout_of(strange())
    assert (shown.sheet, shown.row, [c.label for c in shown.columns]) == ("学生数据表", 2, STRANGE)
    assert shown.columns[0].samples == [books.row(1)[0], books.row(2)[0]]
    assert {sample.count("*") for sample in shown.columns[2].samples} == {16}
    assert layout_of(books.xlsx(line(1))).row == headings.NO_HEADINGS


# the import


def test_columns_are_assigned_once_and_the_next_file_is_understood(upload, owner):
    row = upload(strange())
    assert (row.status, bool(row.file)) == (Status.HEADINGS, True)
    assert "学号" in row.message
    again = assign(row, owner)
    assert (again.status, again.new, again.wrong, again.message) == (Status.PREVIEW, 2, 0, "")
    finish(roster_imports.confirm_import(row=again, by=owner))
    assert Student.objects.get(student_no=books.row(1)[0]).class_name == "软件2301"
    next_year = upload(strange(line(3)))
    assert (next_year.status, next_year.new) == (Status.PREVIEW, 1)
    assert dict(RosterHeading.objects.values_list("heading", "field")) == dict(zip(STRANGE[:5], FIELDS, strict=False))


def test_another_school_has_its_own_headings(upload, owner, other_school):
    assign(upload(strange()), owner)
    with school_scope(other_school):
        assert not remembered_headings.of_school(other_school).fields


def test_a_remembered_heading_does_not_change_an_import_that_was_previewed(upload, owner):
    row = assign(upload(strange()), owner)
    other = assigned(STRANGE, ["student_no", "name", "id_number", "class_name", "major", ""])
    labels = dict(zip(other.fields, STRANGE, strict=True))
    remembered_headings.remember(school=row.school, assignment=other, labels=labels, by=owner)
    assert finish(roster_imports.confirm_import(row=row, by=owner)).status == Status.DONE
    assert Student.objects.first().class_name == "软件2301"


def test_what_the_import_takes_by_itself_is_not_remembered_but_a_choice_between_two_is(upload, owner):
    labels = ["学号", "姓名", "证件号码", "专业", "班级", "手机", "联系电话"]
    fields = ["student_no", "name", "id_number", "major", "class_name", "phone", ""]
    content = books.xlsx(labels, [*line(1)[:5], "13800000000", "13911112222"])
    row = upload(content)
    assert row.status == Status.PREVIEW
    row = assign(row, owner, labels, fields)
    assert not RosterHeading.objects.exists()
    assign(row, owner, labels, [*fields[:5], "", "phone"])
    assert list(RosterHeading.objects.values_list("label", "field")) == [("联系电话", "phone")]


def test_a_row_of_a_student_is_no_heading(upload, owner):
    with pytest.raises(
        roster_imports.PortalError, match=said("This row holds a student, no headings. Choose another row.")
    ):
        assign(upload(strange()), owner, labels=line(1))
    assert not RosterHeading.objects.exists()


# the pages


def page_of(row):
    return reverse("students:roster_headings", args=[row.pk])


def test_a_clerk_assigns_the_columns_and_changes_them_later(owner_client, school, season):
    owner_client.post(reverse("students:roster_import"), {"file": SimpleUploadedFile("名单.xlsx", strange())})
    with school_scope(school):
        row = finish(RosterImport.objects.get())
    assert page_of(row) in owner_client.get(reverse("students:roster_import_detail", args=[row.pk])).content.decode()
    page = owner_client.get(page_of(row)).content.decode()
    assert books.row(1)[0] in page
    assert books.row(1)[4] not in page
    place = {"sheet": "学生数据表", "row": 2}
    chosen = {f"column_{letter}": field for letter, field in zip("ABCDEF", FIELDS, strict=True)}
    twice = owner_client.post(page_of(row), place | chosen | {"column_F": "name", "column_D": ""})
    assert twice.status_code == 422
    wrong = twice.content.decode()
    assert (
        said("%(column)s is already taken from “%(other)s”. Choose one of the two.", column="姓名", other="B 学生")
        in wrong
    )
    assert said("No column is assigned to %(columns)s.", columns="专业") in wrong
    owner_client.post(page_of(row), place | chosen)
    with school_scope(school):
        row.refresh_from_db()
        assert finish(row).status == Status.PREVIEW
        kept = RosterHeading.objects.get(heading="行政单位")
    assert Event.objects.filter(kind="rosterimport.assigned").count() == 1
    remembered = reverse("students:remembered_headings")
    assert "行政单位" in owner_client.get(remembered).content.decode()
    with school_scope(school):
        others = {f"heading_{other.pk}": "forget" for other in RosterHeading.objects.exclude(pk=kept.pk)}
    owner_client.post(remembered, {f"heading_{kept.pk}": "college"} | others)
    with school_scope(school):
        assert list(RosterHeading.objects.values_list("label", "field")) == [("行政单位", "college")]


def test_the_row_of_the_headings_can_be_chosen(owner_client, upload):
    row = upload(strange())
    other = owner_client.get(page_of(row), {"before": "学生数据表", "sheet": "学生数据表", "row": "0"}).content.decode()
    assert said("Column %(letter)s", letter="A") in other
    assert "毕业生名册" in owner_client.get(page_of(row), {"sheet": "学生数据表", "row": "1"}).content.decode()
    assert owner_client.get(page_of(row), {"sheet": "?", "row": "99"}).status_code == 200


def test_only_the_job_opens_the_file_and_what_the_pages_show_goes_with_it(owner_client, upload, owner):
    row = upload(strange())
    Path(row.file.path).unlink()
    assert books.row(1)[0] in owner_client.get(page_of(row)).content.decode()
    row = assign(upload(strange(line(1), ["20239", "", *line(2)[2:]])), owner)
    Path(row.file.path).unlink()
    assert "20239" in owner_client.get(reverse("students:roster_import_detail", args=[row.pk])).content.decode()
    assert books.row(1)[0] in owner_client.get(page_of(row)).content.decode()
    workbook = owner_client.post(reverse("students:roster_wrong", args=[row.pk])).content
    assert [texts[0] for _number, texts in read(workbook)[1]] == ["20239"]
    assert books.row(2)[4].encode() not in row.excerpt
    roster_imports.drop_import(row=row, by=owner)
    row.refresh_from_db()
    assert (row.file.name, bytes(row.excerpt)) == ("", b"")


def test_an_import_that_is_over_has_no_columns_to_assign(owner_client, upload, owner):
    row = upload(strange())
    roster_imports.drop_import(row=row, by=owner)
    assert owner_client.get(page_of(row)).status_code == 302


def test_every_field_of_a_roster_can_be_chosen(owner_client, upload):
    page = owner_client.get(page_of(upload(strange()))).content.decode()
    assert all(f'value="{field}"' in page for field in BY_FIELD)


# several sheets


def sheets(**named):
    """A workbook with a sheet a class, and no column that says so."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, numbers in named.items():
        sheet = book.create_sheet(title)
        sheet.append([name for name in books.HEADINGS if name != "班级"])
        for number in numbers:
            sheet.append([text for name, text in zip(books.HEADINGS, books.row(number), strict=True) if name != "班级"])
    return books.saved(book)


CLASSES = {"软件2301": (1, 2), "软件2302": (3,), "已退学": (4, 5)}


def test_the_name_of_a_sheet_is_the_class_when_somebody_says_so():
    with pytest.raises(UnassignedHeadings):
        read(sheets(**CLASSES))
    _roster, rows = read(sheets(**CLASSES), Assignment(class_from_sheet=True))
    place = books.HEADINGS.index("班级")
    assert [texts[place] for _number, texts in rows] == ["软件2301", "软件2301", "软件2302", "已退学", "已退学"]


def test_the_class_of_a_row_comes_before_the_name_of_its_sheet():
    _roster, rows = read(books.roster(books.row(1), books.row(2, 班级="")), Assignment(class_from_sheet=True))
    assert [texts[books.HEADINGS.index("班级")] for _number, texts in rows] == ["软件2301", "学生数据表"]


def test_only_the_chosen_sheets_are_imported_and_the_others_are_named(upload, owner_client):
    row = upload(sheets(**CLASSES))
    assert row.status == Status.HEADINGS
    address = reverse("students:roster_headings", args=[row.pk])
    form = owner_client.get(address).context["form"]
    posted = {name: form[name].value() or "" for name in form.fields if name.startswith("column_")}
    posted |= {"sheet": "软件2301", "row": "1", "class_from_sheet": "on"}
    nothing = owner_client.post(address, posted)
    assert said("Choose at least one sheet.") in nothing.content.decode()
    assert owner_client.post(address, posted | {"sheets": ["软件2301", "软件2302"]}).status_code == 302
    row.refresh_from_db()
    finish(row)
    assert (row.status, row.new, row.report["sheets"]) == (Status.PREVIEW, 3, ["软件2301", "软件2302"])
    assert row.report["left_out"] == ["已退学"]
    assert headings.of_stored(row.assigned).sheets == ("软件2301", "软件2302")
