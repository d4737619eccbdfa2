"""Reading a roster file (.xlsx, .xls or .csv, by its content): sheet, heading row, then the rows.

The values are checked in `validation`.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, pairwise
from typing import Any

import python_calamine
from django.utils.translation import gettext as _

from portal import workbooks
from portal.workbooks import UnreadableSheet
from students.roster import cells
from students.roster.columns import COLUMNS, OWN_EXTRAS, REQUIRED, Column, column_of, plain

MAX_ROWS = 60_000
HEADING_ROWS = 30  # rows in which the headings are searched
EXAMPLE = "示例"
_OLE, _ZIP = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PK\x03\x04"
_DELIMITERS = ",\t;|"
_ENCODINGS = ("utf-8", "gb18030")

RawRow = list[Any]


@dataclass
class Headings:
    """The heading row. `row`: its number, from 1. `places`: {field: index in the row}."""

    row: int
    places: dict[str, int]
    ignored: list[str]
    twice: list[str] = field(default_factory=list)

    @property
    def missing(self) -> list[Column]:
        return [column for column in REQUIRED if column.field not in self.places]


@dataclass
class Sheet:
    """A readable roster. `rows` yields (row number, texts in the order of COLUMNS), no empty rows.

    `total`: number of rows, estimated.
    """

    name: str
    headings: Headings
    total: int
    rows: Iterator[tuple[int, list[str]]]


def open_roster(content: bytes) -> Sheet:
    """Find the sheet and its headings. Raises UnreadableSheet, whose sentence says what to do."""
    if not content.strip(b"\0 \r\n\t"):
        raise UnreadableSheet(_("The file is empty. Fill the template with your students and upload it."))
    if content.startswith(_ZIP):
        return _open_workbook(content, workbooks.inspect(content))
    if content.startswith(_OLE):
        return _open_workbook(content, workbooks.Inspection())
    return _open_text(content)


# workbooks


def _open_workbook(content: bytes, inspection: workbooks.Inspection) -> Sheet:
    if content.startswith(_OLE) and "EncryptedPackage".encode("utf-16-le") in content:
        raise UnreadableSheet(workbooks.password_message())
    book = workbooks.read_safely(lambda: python_calamine.load_workbook(io.BytesIO(content)))
    best: tuple[Headings, Any] | None = None
    for sheet in _visible_sheets(book):
        head = list(islice(sheet.iter_rows(), HEADING_ROWS))
        headings = find_headings(head)
        if headings and (best is None or len(headings.places) > len(best[0].places)):
            best = headings, sheet
    if best is None:
        raise UnreadableSheet(_no_headings(", ".join(book.sheet_names[:8])))
    headings, sheet = best
    total = max((sheet.total_height or 0) + 1 - headings.row, 0)
    source = _marked(sheet, inspection.formulas.get(sheet.name, set()))
    return _sheet(sheet.name, headings, total, source)


def _visible_sheets(book: Any) -> Iterator[Any]:
    for index, sheet in enumerate(book.sheets_metadata):
        is_sheet = sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        if is_sheet and sheet.visible == python_calamine.SheetVisibleEnum.Visible:
            yield workbooks.read_safely(partial(book.get_sheet_by_index, index))


def _marked(sheet: Any, formulas: set[tuple[int, int]]) -> Iterator[RawRow]:
    """All rows; a formula without a result becomes cells.FORMULA."""
    if not formulas or sheet.start is None:
        yield from sheet.iter_rows()
        return
    left, rows = sheet.start[1], {row for row, _column in formulas}
    for number, row in enumerate(sheet.iter_rows()):
        if number in rows:
            row = [
                cells.FORMULA if value == "" and (number, left + i) in formulas else value
                for i, value in enumerate(row)
            ]
        yield row


# text


def _open_text(content: bytes) -> Sheet:
    text = decode(content)
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        raise UnreadableSheet(
            _(
                "This is a web page under the name of a spreadsheet. Open it in Excel or WPS, save it as .xlsx and upload that."
            )
        )
    best: tuple[Headings, str] | None = None
    for delimiter in _DELIMITERS:
        headings = find_headings(list(islice(_csv_rows(text, delimiter), HEADING_ROWS)))
        if headings and (best is None or len(headings.places) > len(best[0].places)):
            best = headings, delimiter
    if best is None:
        raise UnreadableSheet(_no_headings(""))
    return _sheet("CSV", best[0], text.count("\n"), _csv_rows(text, best[1]))


def decode(content: bytes) -> str:
    """Decode UTF-8 with or without a byte order mark, UTF-16 with one, else GB 18030."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    content = content.removeprefix(b"\xef\xbb\xbf")
    for encoding in _ENCODINGS if b"\0" not in content else ():
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableSheet(_("This is no spreadsheet. Upload an .xlsx, .xls or .csv file."))


def _csv_rows(text: str, delimiter: str) -> Iterator[RawRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableSheet(
                _("Line %(line)d cannot be read as CSV. Save the file as .xlsx and upload that.")
                % {"line": reader.line_num}
            ) from error
        yield [cells.unwrap(value.strip()) for value in row]


# headings and rows


def find_headings(head: list[RawRow]) -> Headings | None:
    """The row with the most known headings, or None. Headings may be merged over two rows."""
    found = [_headings_of(number, row) for number, row in enumerate(head, 1)]
    found += [_headings_of(number, _merged(above, row)) for number, (above, row) in enumerate(pairwise(head), 2)]
    best = max(found, key=lambda headings: (len(headings.places), -len(headings.ignored)), default=None)
    return best if best and len(best.places) >= 2 else None


def _merged(above: RawRow, row: RawRow) -> RawRow:
    """Two rows as one: an empty cell of the lower row takes the text above it."""
    width = max(len(above), len(row))
    upper, lower = (list(part) + [""] * (width - len(part)) for part in (above, row))
    return [low or high for high, low in zip(upper, lower, strict=True)]


def _headings_of(number: int, row: RawRow) -> Headings:
    headings = Headings(number, {}, [])
    for index, value in enumerate(row):
        label = cells.text(value)
        column = column_of(label)
        if column is None:
            if plain(label) and label not in OWN_EXTRAS:
                headings.ignored.append(label[:30])
        elif column.field in headings.places:
            headings.twice.append(column.heading)
        else:
            headings.places[column.field] = index
    return headings


def _sheet(name: str, headings: Headings, total: int, source: Iterable[RawRow]) -> Sheet:
    """The sheet. Raises UnreadableSheet when a required column is missing or one comes twice."""
    if headings.missing:
        raise UnreadableSheet(
            _(
                "These columns are missing: %(columns)s. Headings were found in row %(row)d of “%(sheet)s”. Compare with the template."
            )
            % {"columns": "、".join(c.heading for c in headings.missing), "row": headings.row, "sheet": name}
        )
    if headings.twice:
        raise UnreadableSheet(
            _("These columns come twice: %(columns)s. Keep one of each.") % {"columns": "、".join(headings.twice)}
        )
    return Sheet(name, headings, min(total, MAX_ROWS), _rows(headings, source))


def _rows(headings: Headings, source: Iterable[RawRow]) -> Iterator[tuple[int, list[str]]]:
    places = [headings.places.get(column.field, -1) for column in COLUMNS]
    count = 0
    for number, row in enumerate(islice(source, headings.row, None), headings.row + 1):
        texts = _texts(row, places)
        if not any(texts) or texts[0].startswith(EXAMPLE):
            continue
        count += 1
        if count > MAX_ROWS:
            raise UnreadableSheet(
                _("More than %(limit)d rows. Upload the roster in parts, by college for example.") % {"limit": MAX_ROWS}
            )
        yield number, texts


def _texts(row: RawRow, places: list[int]) -> list[str]:
    width = len(row)
    picked = [row[place] if 0 <= place < width else "" for place in places]
    return [value.strip() if type(value) is str else cells.text(value) for value in picked]


def _no_headings(sheets: str) -> str:
    wanted = "、".join(column.heading for column in REQUIRED)
    if not sheets:
        return _("No row with the headings %(wanted)s was found. Use the template.") % {"wanted": wanted}
    return _("No sheet with the headings %(wanted)s was found in: %(sheets)s. Use the template.") % {
        "wanted": wanted,
        "sheets": sheets,
    }
