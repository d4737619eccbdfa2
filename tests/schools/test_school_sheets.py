import io
import re

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.errors import PortalError
from portal.models import Event
from portal.tenancy import center_scope
from portal.untrusted import workbooks
from schools import school_sheets
from schools.models import Enrolment, School
from tests.support.words import said


@pytest.fixture(autouse=True)
def _center():
    with center_scope():
        yield


def workbook(*rows) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


NO_HEADINGS = said(
    "The first row must hold the headings of the template. Missing: %(list)s.", list="学校代码、学校名称、片区"
)
HEADINGS = ("学校代码", "学校名称", "类型", "片区", "联系电话")


def load(*rows, by, season=None):
    return school_sheets.import_schools(workbook(HEADINGS, *rows), by=by, season=season)


def test_schools_are_added_changed_and_left_by_their_code(school, season, center_admin):
    report = load(
        (10001, "Lakeside University", "", "North", ""),
        (10005, "Hill College", "高职院校", "North", 13800000000),
        by=center_admin,
        season=season,
    )
    assert (report.new, report.changed, report.unchanged, report.enrolled) == (1, 0, 1, 1)
    hill = School.objects.get(code="10005")
    assert (hill.kind, hill.contact_phone) == ("college", "13800000000")
    assert Enrolment.objects.get(school=hill).status == "preparing"
    assert Event.objects.filter(kind="school.added", school=hill).count() == 1
    again = load((10005, "Hill College of Arts", "college", "North", 13800000000), by=center_admin)
    assert (again.new, again.changed) == (0, 1)
    assert School.objects.get(code="10005").name == "Hill College of Arts"


def test_an_import_asks_for_nothing_that_the_login_role_may_not_do(school, season, center_admin):
    with CaptureQueriesContext(connection) as asked:
        load((10005, "Hill College", "", "North", ""), by=center_admin)
    assert not [query["sql"] for query in asked if "setval" in query["sql"]]


def test_one_wrong_cell_and_nothing_is_written(school, season, center_admin):
    report = load(
        (10005, "Hill College", "", "North", ""),
        (10006, "Dale College", "", "Nowhere", ""),
        (10007, "", "Palace", "North", ""),
        by=center_admin,
    )
    assert [(number, column) for number, column, _ in report.wrong] == [(3, "片区"), (4, "学校名称"), (4, "类型")]
    assert said("“%(name)s” is no area. Known are: %(known)s.", name="Nowhere", known="North") in report.wrong[0][2]
    assert School.objects.count() == 1
    assert not Event.objects.filter(kind="school.added").exists()


def test_an_absent_column_leaves_what_the_register_holds(school, season, center_admin):
    School.objects.update(address="Lake Road 1")
    load((10001, "Lakeside University", "", "North", "1"), by=center_admin)
    assert School.objects.get().address == "Lake Road 1"


def test_the_export_can_be_imported_again_and_formulas_are_harmless(school, season, center_admin):
    School.objects.update(address="=1+1")
    content = school_sheets.write_sheet(School.objects.all())
    cells = [str(cell.value) for row in openpyxl.load_workbook(io.BytesIO(content)).active for cell in row]
    assert "学校代码" in cells
    assert "10001" in cells
    assert "=1+1" not in cells
    report = school_sheets.import_schools(content, by=center_admin)
    assert (report.new, report.wrong) == (0, [])


def far_cell() -> bytes:
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = "x"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a workbook", NO_HEADINGS),
        (b"PK\x03\x04 truncated", str(workbooks.REFUSALS["damaged"])),
        (b"\x89PNG\r\n\x00\x81", str(workbooks.REFUSALS["no_spreadsheet"])),
        (b"a,b\n1,2", NO_HEADINGS),
        (b"", str(workbooks.REFUSALS["empty"])),
        (far_cell(), str(workbooks.REFUSALS["far"])),
    ],
)
def test_a_sheet_that_is_none_is_refused_with_a_sentence(season, center_admin, content, sentence):
    with pytest.raises(PortalError, match=re.escape(sentence)):
        school_sheets.import_schools(content, by=center_admin)


def test_a_csv_of_a_chinese_spreadsheet_is_understood(school, season, center_admin):
    content = "学校代码,学校名称,片区\r\n10005,山丘学院,North\r\n".encode("gb18030")
    assert school_sheets.import_schools(content, by=center_admin).new == 1
