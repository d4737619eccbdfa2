"""Export of the schools to a workbook, and import from one: all rows or none."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

import tablib
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from import_export.results import Result

from portal import history
from portal.errors import PortalError
from portal.models import User
from portal.untrusted import workbooks
from schools.enrolments import enrol
from schools.models import Enrolment, School, Season
from schools.register.columns import Column
from schools.register.school_list import Cell, SchoolList
from schools.resources import COLUMNS, REQUIRED, SchoolResource

MAX_ROWS = 2_000


@dataclass
class SheetReport:
    """Result of an import. `wrong`: (row number in the sheet, heading, sentence), sorted.

    When `wrong` is not empty, nothing was written.
    """

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    enrolled: int = 0
    wrong: list[tuple[int, str, str]] = field(default_factory=list)


def write_sheet(schools: Iterable[School]) -> bytes:
    """The schools as .xlsx. A text that could be a formula has an apostrophe, which the reader of workbooks removes."""
    dataset = SchoolResource().export(schools)
    dataset.title = "学校"
    return bytes(dataset.export("xlsx"))


def write_list(listed: SchoolList, *, file_format: str) -> bytes:
    """The list as it is filtered and sorted, "xlsx" or "csv" (UTF-8 with a byte order mark): the columns of
    `write_sheet`, which an import reads, and behind them what the rooms know. The headings are Chinese.
    """
    resource = SchoolResource()
    dataset = tablib.Dataset(title="学校")
    with translation.override("zh-hans"):
        states = dict(Enrolment.Status.choices)
        dataset.headers = [
            *COLUMNS,
            "状态",
            *(heading for _g, column in listed.columns for heading in headings(column)),
        ]
        for school in listed.found:
            figures = [value for cell in listed.cells(school) for value in cell_values(cell)]
            dataset.append([*resource.export_resource(school), str(states.get(school.state, "")), *figures])
    if file_format == "csv":
        return b"\xef\xbb\xbf" + str(dataset.export("csv")).encode()
    return bytes(dataset.export("xlsx"))


def headings(column: Column) -> list[str]:
    label = str(column.label)
    return [label, f"{label}（总人数）"] if column.kind == "share" else [label]


def cell_values(cell: Cell) -> list[Any]:
    """A share has two columns; an amount is in yuan."""
    if cell.column.kind == "share":
        return [cell.value, cell.whole]
    if cell.column.kind == "fen":
        return [None if cell.value is None else Decimal(cell.value) / 100]
    return [str(cell.label) if cell.column.kind == "state" else cell.value]


def import_schools(content: bytes, *, by: User, season: Season | None = None) -> SheetReport:
    """Add and change schools by their code; with `season`, enrol them in it too.

    One wrong cell is enough: then nothing is written.
    """
    dataset = read_sheet(content)
    with transaction.atomic():
        result = SchoolResource().import_data(dataset, dry_run=False, raise_errors=False, use_transactions=False)
        report = _report(result)
        if report.wrong:
            transaction.set_rollback(True)
            return report
        record_import(result, by=by)
        if season:
            rows = [row.instance for row in result.rows if row.instance]
            report.enrolled = len(enrol(rows, season=season, by=by))
    return report


def read_sheet(content: bytes) -> tablib.Dataset:
    """The rows under the headings of the first sheet. Raises PortalError with what to do."""
    with workbooks.opened(content) as book:
        rows = list(islice((cells for _sheet, _number, cells in book.rows({0})), MAX_ROWS + 2))
    headings = rows[0] if rows else []
    missing = [name for name in REQUIRED if name not in headings]
    if missing:
        raise PortalError(
            _("The first row must hold the headings of the template. Missing: %(list)s.") % {"list": "、".join(missing)}
        )
    if len(rows) - 1 > MAX_ROWS:
        raise PortalError(_("A sheet may hold at most %(n)d schools.") % {"n": MAX_ROWS})
    return _dataset(headings, rows[1:])


def _dataset(headings: list[str], rows: list[list[str]]) -> tablib.Dataset:
    """The known columns. A column that is absent leaves the stored value unchanged."""
    places = [(name, headings.index(name)) for name in COLUMNS if name in headings]
    dataset = tablib.Dataset(headers=[name for name, _place in places])
    for row in rows:
        dataset.append([_plain(row[place]) if place < len(row) else "" for _name, place in places])
    return dataset


def _plain(text: str) -> str:
    """The text of a cell. What has none, such as an error value, is shown as what it is: no field takes it."""
    if text.startswith("\0"):
        kind, _space, shown = text.partition(" ")
        return shown or kind[1:]
    return text


def _report(result: Result) -> SheetReport:
    report = SheetReport(result.totals["new"], result.totals["update"], result.totals["skip"])
    for row in result.invalid_rows:
        for name, sentences in row.error_dict.items():
            report.wrong.append((row.number + 1, _heading(name), " ".join(sentences)))
    for number, errors in result.row_errors():
        report.wrong.append((number + 1, "", _("This row cannot be read: %(reason)s") % {"reason": errors[0].error}))
    for error in result.base_errors:
        report.wrong.append((1, "", str(error.error)))
    report.wrong.sort()
    return report


def _heading(name: str) -> str:
    known = SchoolResource.fields.get(name)
    return known.column_name if known else ""


def record_import(result: Result, *, by: User) -> None:
    """Record an event for every school that was added or changed."""
    for row in result.rows:
        if row.is_new() or row.is_update():
            kind = "school.added" if row.is_new() else "school.changed"
            history.record(kind, row.instance, by=by, facts={"code": row.instance.code})
