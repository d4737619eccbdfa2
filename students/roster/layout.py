"""What a person sees of a roster to assign its headings: sheets, rows that may hold them, columns with samples."""

import re
from dataclasses import dataclass

from openpyxl.utils import get_column_letter

from portal.formatting import mask
from portal.untrusted import workbooks
from students.roster import cells, headings
from students.roster.headings import Assignment, Headings, RawRow
from students.roster.spreadsheet_reader import Table

SAMPLES = 3  # different cells shown of a column
_DOCUMENT = re.compile(r"[0-9]{14,17}[0-9Xx]").fullmatch


@dataclass(frozen=True)
class ColumnShown:
    """`key`: see `headings.keys_of`. `field`: what the column is taken for now, "" for nothing."""

    key: str
    letter: str
    label: str
    samples: list[str]
    field: str


@dataclass(frozen=True)
class Layout:
    """`assignment`: as given. `row`: where the headings are, NO_HEADINGS for nowhere. `rows`: [(number, its texts)] that may hold them."""

    sheets: list[str]
    sheet: str
    rows: list[tuple[int, str]]
    row: int
    columns: list[ColumnShown]
    assignment: Assignment


def layout_of(tables: list[Table], assignment: Assignment) -> Layout:
    """The layout as the file is read now. Where the assignment names no sheet and row, the likeliest.

    Raises UnreadableSheet.
    """
    if not tables:
        raise workbooks.UnreadableSheet(workbooks.refusal("no_spreadsheet", {}))
    by_name = {table.name: table for table in tables}
    table = by_name.get(assignment.sheet) or max(tables, key=lambda table: _known(table, assignment))
    row = assignment.row if table.name == assignment.sheet else None
    if row is None or row > len(table.head):
        row = _likely_row(table.head, assignment)
    found = headings.find_headings(table.head, assignment.fields, row=row)
    assert found
    return Layout(
        sheets=list(by_name),
        sheet=table.name,
        rows=[(number, _line(texts)) for number, texts in enumerate(table.head, 1) if sum(map(bool, texts)) > 1],
        row=found.row,
        columns=_columns(found, table.head),
        assignment=assignment,
    )


def _known(table: Table, assignment: Assignment) -> int:
    found = headings.find_headings(table.head, assignment.fields)
    return len(found.places) if found else 0


def _likely_row(head: list[RawRow], assignment: Assignment) -> int:
    found = headings.find_headings(head, assignment.fields)
    if found:
        return found.row
    filled = {number: sum(map(bool, row)) for number, row in enumerate(head, 1) if not headings.looks_like_data(row)}
    widest = max(filled, key=lambda number: filled[number], default=headings.NO_HEADINGS)
    return widest if filled.get(widest, 0) > 1 else headings.NO_HEADINGS


def _line(texts: RawRow) -> str:
    return " · ".join(_shown(text) for text in texts if text)[:60]


def _columns(found: Headings, head: list[RawRow]) -> list[ColumnShown]:
    fields = {index: name for name, index in found.places.items()}
    below = head[found.row :]
    columns = []
    for index, (key, label) in enumerate(zip(headings.keys_of(found.labels), found.labels, strict=True)):
        samples = list(dict.fromkeys(_shown(row[index]) for row in below if index < len(row) and row[index]))
        if label or samples:
            letter = get_column_letter(index + 1)
            columns.append(ColumnShown(key, letter, " ".join(label.split()), samples[:SAMPLES], fields.get(index, "")))
    return columns


def _shown(text: str) -> str:
    """A cell as people see it; what may be a document number is masked."""
    text = " ".join(cells.shown(text).split())
    return mask(text) if _DOCUMENT(text) else text[:24]
