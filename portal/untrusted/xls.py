"""Reading .xls (BIFF) by xlrd: the extent of a sheet is what its cells hold, not what it claims."""

import math

import xlrd
from xlrd.biffh import (
    XL_CELL_BOOLEAN,
    XL_CELL_DATE,
    XL_CELL_ERROR,
    XL_CELL_NUMBER,
    XL_CELL_TEXT,
    XLRDError,
    error_text_from_code,
)

from portal.untrusted import number_formats, sheets
from portal.untrusted.limits import Refused
from portal.untrusted.sheets import Budget, Sheet

ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # an .xlsx with a password is an OLE file with this stream


class _Silent:
    def write(self, _text: str) -> None: ...


def read(content: bytes) -> list[Sheet]:
    """The sheets in their order; hidden ones have no rows. Raises Refused."""
    if ENCRYPTED in content:
        raise Refused("password")
    try:
        return _read(content)
    except Refused:
        raise
    except XLRDError as error:
        raise Refused("password" if "encrypt" in str(error).lower() else "damaged") from error
    except MemoryError as error:
        raise Refused("too_large") from error
    except Exception as error:  # of xlrd, on a damaged file: many kinds, from struct.error to AssertionError
        raise Refused("damaged") from error


def _read(content: bytes) -> list[Sheet]:
    book = xlrd.open_workbook(
        file_contents=content, formatting_info=True, on_demand=True, ragged_rows=True, logfile=_Silent()
    )
    if book.nsheets > sheets.MAX_SHEETS:
        raise Refused("many_sheets", limit=sheets.MAX_SHEETS)
    budget = Budget()
    found = []
    for index, name in enumerate(book.sheet_names()):
        sheet = Sheet(name, budget, visible=book._sheet_visibility[index] == 0)
        if sheet.visible:
            _read_sheet(book, book.sheet_by_index(index), sheet)
            book.unload_sheet(index)
        found.append(sheet)
    return found


def _read_sheet(book: xlrd.Book, source: xlrd.sheet.Sheet, sheet: Sheet) -> None:
    for top, bottom, left, right in source.merged_cells:
        sheet.merge(top + 1, left, bottom, right - 1)
    for number in range(source.nrows):
        cells = [_text(book, cell) for cell in source.row(number)]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            info = source.rowinfo_map.get(number)
            sheet.add(number + 1, cells, hidden=bool(info and info.hidden))
    sheet.close()


def _text(book: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    kind = cell.ctype
    if kind == XL_CELL_TEXT:
        return sheets.plain(cell.value)
    if kind == XL_CELL_NUMBER:
        if not math.isfinite(cell.value):
            return f"{sheets.NUMBER}{cell.value}"
        return number_formats.show(cell.value, _format_of(book, cell))
    if kind == XL_CELL_DATE:
        return sheets.DATE + number_formats.date_text(cell.value, from_1904=book.datemode == 1)
    if kind == XL_CELL_ERROR:
        return sheets.ERROR + error_text_from_code.get(cell.value, "#N/A")
    if kind == XL_CELL_BOOLEAN:
        return sheets.truth(bool(cell.value))
    return ""


def _format_of(book: xlrd.Book, cell: xlrd.sheet.Cell) -> str | tuple[str, ...]:
    if cell.xf_index is None or cell.xf_index >= len(book.xf_list):
        return ""
    found = book.format_map.get(book.xf_list[cell.xf_index].format_key)
    kind = number_formats.kind_of(found.format_str) if found else ""
    return "" if kind == number_formats.DATE else kind
