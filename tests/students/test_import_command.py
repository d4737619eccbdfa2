import json

import pytest
from django.core.management import CommandError, call_command

from portal.models import Event
from portal.tenancy import school_scope
from students.models import RosterHeading, Student
from tests.students.roster import books
from tests.support.words import said

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(school, tmp_path, capsys):
    def run(content, *options, code=school.code):
        path = tmp_path / "roster.xlsx"
        path.write_bytes(content)
        call_command("import_roster", code, str(path), *options)
        return capsys.readouterr().out

    return run


def count(school):
    with school_scope(school):
        return Student.objects.count()


def test_json_is_one_object_with_the_figures(run, school):
    found = json.loads(run(books.roster(books.row(1), books.row(2, 姓名="")), "--json"))
    assert found == {
        "new": 1,
        "changed": 0,
        "unchanged": 0,
        "wrong": 1,
        "errors": [{"row": 3, "column": "姓名", "code": "empty", "message": said("This must be filled.")}],
        "ignored_columns": [],
        "missing": 0,
        "sheets": ["学生数据表"],
        "sheets_not_read": [],
        "hidden_rows": 0,
        "skipped_rows": 0,
        "warnings": 0,
    }
    assert count(school) == 1
    event = Event.objects.get(kind="roster.imported")
    assert (event.source, event.facts["file"], event.facts["new"]) == ("command", "roster.xlsx", 1)


def test_dry_run_writes_nothing(run, school):
    assert json.loads(run(books.roster(books.row(1)), "--dry-run", "--json"))["new"] == 1
    assert count(school) == 0


def test_text_for_people(run):
    message = "new %(new)d, changed %(changed)d, unchanged %(unchanged)d, wrong %(wrong)d"
    counts = said(message, new=1, changed=0, unchanged=0, wrong=0)
    assert run(books.roster(books.row(1))) == f"{counts}\n"


def test_refusals_are_sentences(run, school, tmp_path):
    with pytest.raises(CommandError, match=said("There is no school with the code %(code)s.", code=404)):
        run(books.roster(books.row(1)), code="404")
    with pytest.raises(CommandError, match=said("This is no spreadsheet. Upload an .xlsx, .xls, .ods or .csv file.")):
        run(b"\x89PNG\x00")
    missing = tmp_path / "missing.xlsx"
    with pytest.raises(CommandError, match=said("The file %(file)s cannot be read.", file=missing)):
        call_command("import_roster", school.code, str(missing))


def test_headings_are_assigned_and_remembered(run, school):
    content = books.xlsx(["考号", *books.HEADINGS[1:]], books.row(1))
    option = "--heading=考号=学号"
    assert "新增 1" in run(content, "--dry-run", option)
    with pytest.raises(CommandError, match="学号"):
        run(content)
    assert "新增 1" in run(content, option)
    assert "未变 1" in run(content)
    with school_scope(school):
        assert RosterHeading.objects.get().field == "student_no"
    with pytest.raises(CommandError, match="绰号"):
        run(content, "--heading=考号=绰号")


def test_notices_follow_the_wrong_rows(run):
    head = [*books.HEADINGS, "备注"]
    found = run(books.xlsx(head, [*books.row(1, 邮箱="无"), "班长"], head, ["合计：1人"]), "--dry-run")
    assert found.splitlines()[1:] == [
        "2\t邮箱\t" + said("“%(value)s” was left out: the cell stays empty.", value="无"),
        said("Columns that are not kept:") + " 备注",
        said("Skipped: %(headings)s repeated heading rows, %(notes)s rows that are no students.", headings=1, notes=1),
    ]
