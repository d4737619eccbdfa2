"""The columns of every export of students, in the portals and in the admin (django-import-export).

Import does not use it: `students.roster.importer` is some forty times as fast.
"""

import csv
from collections.abc import Callable, Iterator
from functools import cache
from io import TextIOWrapper
from operator import attrgetter
from tempfile import TemporaryFile
from typing import IO, Any

from django.db.models import QuerySet
from import_export import fields, resources

from portal import formulas, text_workbooks
from portal.untrusted import workbooks
from schools.models import School
from students.models import Student
from students.roster import spreadsheet_writer
from students.roster.cells import GENDER_HEADINGS, SHOWN_ID_TYPES
from students.roster.columns import COLUMNS

CONTENT_TYPES = {"xlsx": workbooks.CONTENT_TYPE, "csv": "text/csv; charset=utf-8"}
CHUNK = 2000  # students read from the database at a time
REGISTRY_HEADING = "学信网编号"
Value = Callable[[Student], Any]


class ExportColumn(fields.Field):
    """One column: its heading, and a function that gives the value of a student."""

    def __init__(self, heading: str, value: Value) -> None:
        super().__init__(column_name=heading, readonly=True)
        self.value = value

    def export(self, instance: Any, **kwargs: Any) -> str:
        return formulas.harmless_delimited(str(self.value(instance)))


_SHOWN: dict[str, Value] = {
    "gender": lambda student: GENDER_HEADINGS.get(student.gender, ""),
    "id_type": lambda student: SHOWN_ID_TYPES[student.id_type],
    "id_number": lambda student: student.masked_id,
}


def _status_columns() -> dict[str, Value]:
    """Columns that no roster has. Labels are read once: get_…_display takes 30 µs a call."""
    stages = {stage.value: str(stage.label) for stage in Student.Stage}
    fees = {fee.value: str(fee.label) for fee in Student.FeeState}
    return {
        "采集状态": lambda student: stages[student.stage],
        "交费状态": lambda student: fees[student.fee_state],
        "是否锁定": lambda student: "是" if student.locked_at else "",
    }


class StudentResource(resources.ModelResource):
    """The columns of the template, then the status columns. `in_clear`: numbers are not masked."""

    class Meta:
        model = Student
        fields = ()

    def __init__(
        self, *, in_clear: bool = False, with_school: bool = False, with_registry: bool = False, **kwargs: Any
    ) -> None:
        """`with_registry`: a column of the registry's numbers, which are in clear too."""
        super().__init__(**kwargs)
        self.fields = {"school": ExportColumn("学校", _school_name())} if with_school else {}
        self.fields |= {
            column.field: ExportColumn(column.heading, _value_of(column.field, in_clear)) for column in COLUMNS
        }
        if in_clear and with_registry:
            self.fields[REGISTRY_HEADING] = ExportColumn(REGISTRY_HEADING, _registry_number)
        self.fields |= {heading: ExportColumn(heading, value) for heading, value in _status_columns().items()}
        self._values = [field.value for field in self.fields.values()]

    def export_resource(self, instance: Student, selected_fields: Any = None, **kwargs: Any) -> list[str]:
        """One row. The library's own method looks up every column again: twice the time."""
        if not selected_fields:
            return [formulas.harmless_delimited(str(value(instance))) for value in self._values]
        return [field.export(instance) for name, field in self.fields.items() if name in selected_fields]

    def get_export_order(self) -> tuple[str, ...]:
        return tuple(self.fields)


def _value_of(field: str, in_clear: bool) -> Value:
    if field == "id_number" and in_clear:
        return lambda student: student.printed_number
    return _SHOWN.get(field) or attrgetter(field)


def _school_name() -> Value:
    """All names with one query, when the first is asked for: a `School` for each student would take a tenth of the time."""
    names = cache(lambda: dict(School.objects.values_list("pk", "name")))
    return lambda student: names()[student.school_id]


def _registry_number(student: Student) -> str:
    return student.id_number if student.appeared_by_code else ""


def write_file(
    students: QuerySet[Student],
    *,
    file_format: str,
    in_clear: bool = False,
    with_school: bool = False,
    progress: Callable[[int], None] = lambda done: None,
) -> IO[bytes]:
    """The open file, "xlsx" or "csv". A CSV file is UTF-8 with a byte order mark, for spreadsheets.

    `progress` is called with the number of students written, every CHUNK of them.
    """
    with_registry = in_clear and students.filter(id_type=Student.IdType.REGISTRY).exists()
    resource = StudentResource(in_clear=in_clear, with_school=with_school, with_registry=with_registry)
    headings = [field.column_name for field in resource.fields.values()]
    rows = _rows(resource, students, progress)
    return _delimited(headings, rows) if file_format == "csv" else _workbook(headings, rows)


def _rows(
    resource: StudentResource, students: QuerySet[Student], progress: Callable[[int], None]
) -> Iterator[list[str]]:
    for done, student in enumerate(students.iterator(chunk_size=CHUNK), start=1):
        yield resource.export_resource(student)
        if done % CHUNK == 0:
            progress(done)


def _workbook(headings: list[str], rows: Iterator[list[str]]) -> IO[bytes]:
    widths = {column.heading: column.width for column in COLUMNS}
    columns = [(heading, widths.get(heading, 14)) for heading in headings]
    return text_workbooks.write(spreadsheet_writer.SHEET, columns, rows, neutralised=str)


def _delimited(headings: list[str], rows: Iterator[list[str]]) -> IO[bytes]:
    file = TemporaryFile()  # noqa: SIM115 (the caller closes it)
    lines = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(lines)
    writer.writerow(headings)
    writer.writerows(rows)
    lines.detach()
    file.seek(0)
    return file
