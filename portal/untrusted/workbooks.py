"""Workbooks that people upload: .xlsx, .xls, .ods and delimited text, by their content.

They are read in a process of their own (`portal.untrusted.read_workbook`), which may be lost without harm.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.errors import PortalError
from portal.untrusted import process, sheets

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"  # of .xlsx
SECONDS = 150  # until the reader is killed; the caller works on the rows meanwhile
TEXT_SHEET = sheets.TEXT_SHEET  # name of the only sheet of a .csv

REFUSALS: dict[str, Any] = {
    "damaged": _("The file is damaged. Open it in Excel or WPS, save it as .xlsx and upload it again."),
    "password": _("The workbook is protected by a password. Remove the password and upload it again."),
    "too_large": _("The workbook is too large once unpacked. Copy the list alone into the template and upload that."),
    "far": _(
        "There is something in a cell far to the right or below row 150,000. Copy the list alone into the template."
    ),
    "many_sheets": _(
        "The workbook has more than %(limit)d sheets. Copy the list alone into the template and upload that."
    ),
    "no_xlsx": _("This is no .xlsx workbook. Open it in Excel or WPS, save it as .xlsx and upload it again."),
    "no_spreadsheet": _("This is no spreadsheet. Upload an .xlsx, .xls, .ods or .csv file."),
    "empty": _("The file is empty. Fill in the template and upload it."),
    "web_page": _(
        "This is a web page under the name of a spreadsheet. Open it in Excel or WPS, save it as .xlsx and upload that."
    ),
    "csv_line": _("Line %(line)d cannot be read as CSV. Save the file as .xlsx and upload that."),
    "damaged_text": _(
        "Line %(line)d holds a byte that is no character: %(byte)s, byte %(position)d of the file."
        " Type this place anew, or save the list as .xlsx and upload that."
    ),
    "lost": _(
        "This workbook cannot be read: it took too much memory or time. Copy the list alone into the template and upload that."
    ),
}


class UnreadableSheet(PortalError):
    """The file is not a sheet that we can read. The sentence says why and what to do."""


@dataclass
class Sheet:
    """A sheet. `head`: its first rows, (number from 1, texts). `hidden`: numbers of rows that a filter hides.

    `last`: its highest row that holds something. Texts that begin with NUL: see `portal.untrusted.sheets`.
    """

    name: str
    visible: bool
    head: list[tuple[int, list[str]]]
    hidden: frozenset[int]
    last: int
    merges: list[tuple[int, int, int, int]]
    chunks: int

    def head_rows(self) -> list[list[str]]:
        """The first rows without gaps: the first is row 1."""
        rows = dict(self.head)
        return [rows.get(number, []) for number in range(1, max(rows, default=0) + 1)]


class Workbook:
    """An open workbook. Its rows are read once, in their order. `line` gives the lines of the reader's answer."""

    def __init__(self, line: Callable[[], bytes]) -> None:
        self._line = line
        answer = json.loads(line())
        if "refused" in answer:
            raise UnreadableSheet(refusal(answer["refused"], answer["params"]))
        self.sheets = [
            Sheet(
                **facts | {"hidden": frozenset(facts["hidden"]), "head": [(row, cells) for row, cells in facts["head"]]}
            )
            for facts in answer["sheets"]
        ]

    def rows(self, wanted: set[int]) -> Iterator[tuple[int, int, list[str]]]:
        """(index of the sheet, row number, texts) of the wanted sheets: rows that are not empty.

        Cells that are merged over several rows have their text in each of them.
        """
        last = max(wanted, default=-1)
        for index, sheet in enumerate(self.sheets[: last + 1]):
            merged = _Merged(sheet.merges)
            for _chunk in range(sheet.chunks):
                line = self._line()
                if index in wanted:
                    for number, cells in json.loads(line):
                        yield index, number, merged.fill(number, cells) if sheet.merges else cells


class _Merged:
    """Fills merged cells downwards, row by row."""

    def __init__(self, merges: list[tuple[int, int, int, int]]) -> None:
        self._starting: dict[int, list[tuple[int, int]]] = {}
        for top, left, bottom, _end in merges:
            self._starting.setdefault(top, []).append((left, bottom))
        self._open: dict[int, tuple[int, str]] = {}  # column: (last row, text)

    def fill(self, number: int, cells: list[str]) -> list[str]:
        for column, (bottom, text) in list(self._open.items()):
            if number > bottom:
                del self._open[column]
            else:
                cells.extend([""] * (column + 1 - len(cells)))
                cells[column] = cells[column] or text
        for column, bottom in self._starting.get(number, ()):
            if column < len(cells) and cells[column]:
                self._open[column] = bottom, cells[column]
        return cells


@contextmanager
def opened(content: bytes) -> Iterator[Workbook]:
    """The workbook in the bytes of a file. Raises UnreadableSheet, at once and for good."""
    try:
        with process.reading("portal.untrusted.read_workbook", content, seconds=SECONDS) as reader:
            yield Workbook(reader.line)
    except process.Lost as error:
        raise UnreadableSheet(refusal("lost", {})) from error


def refusal(code: str, params: dict[str, Any]) -> str:
    """The sentence of a refusal by the reader."""
    text = str(REFUSALS.get(code, REFUSALS["damaged"]))
    return text % params if params else text
