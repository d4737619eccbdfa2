"""Tables of amounts as .xlsx. No cell is a formula."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from portal import formulas

YUAN, DAY = "#,##0.00", "yyyy-mm-dd"


def yuan(fen: int) -> Decimal:
    """An amount as the number of a cell, in yuan."""
    return Decimal(fen) / 100


def write(title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """The open file. Decimals are written as amounts, dates as days, all else as text or whole numbers."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for index in range(1, len(headings) + 1):
        sheet.column_dimensions[get_column_letter(index)].width = 18
    sheet.append([_cell(sheet, heading, bold=True) for heading in headings])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    file = TemporaryFile()  # noqa: SIM115 (the caller sends it)
    book.save(file)
    file.seek(0)
    return file


def _cell(sheet: Any, value: Any, *, bold: bool = False) -> Any:
    if isinstance(value, str):
        value = formulas.harmless(value)
        if not bold:
            return value
    cell = WriteOnlyCell(sheet, value)
    if bold:
        cell.font = Font(bold=True)
    elif isinstance(value, Decimal):
        cell.number_format = YUAN
    elif isinstance(value, dt.date):
        cell.number_format = DAY
    return cell
