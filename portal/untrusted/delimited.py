"""Reading .csv and other delimited text."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from portal.untrusted import sheets
from portal.untrusted.limits import Refused
from portal.untrusted.sheets import Budget, Sheet

DELIMITERS = ",\t;|"
ENCODINGS = ("utf-8", "gb18030")
DAMAGED_SHARE = 0.01  # bytes that cannot be read, of all; more: the file is no text


def read(content: bytes) -> list[Sheet]:
    """One sheet. Raises Refused."""
    text = decode(content)
    if text.lstrip("\ufeff \r\n\t").startswith("<"):
        raise Refused("web_page")
    csv.field_size_limit(sheets.MAX_CELL)
    sheet = Sheet(sheets.TEXT_SHEET, Budget())
    for number, row in enumerate(_rows(text, _delimiter(text)), 1):
        cells = [sheets.plain(value) for value in row]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            sheet.add(number, cells)
    sheet.close()
    return [sheet]


def _delimiter(text: str) -> str:
    """The delimiter that makes the most cells in the first rows."""
    return max(DELIMITERS, key=lambda sign: sum(len(row) - 1 for row in islice(_rows(text, sign), sheets.HEAD)))


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise Refused("csv_line", line=reader.line_num) from error
        yield row


def decode(content: bytes) -> str:
    """UTF-8 with or without a byte order mark, UTF-16 with one, else GB 18030.

    Raises Refused with the line and the byte when text has a damaged place, and for what is no text.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Refused("damaged_text", **_place(content[: error.start], content[error.start :], 2)) from error
    content = content.removeprefix(b"\xef\xbb\xbf")
    if b"\0" in content:
        raise Refused("no_spreadsheet")
    errors = []
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError as error:
            bad = content.decode(encoding, errors="replace").count("\ufffd")
            errors.append((bad, error.start))
    bad, start = min(errors)
    if bad > max(1, DAMAGED_SHARE * len(content)) or not _is_text(content):
        raise Refused("no_spreadsheet")
    raise Refused("damaged_text", **_place(content[:start], content[start:], 1))


def _place(before: bytes, rest: bytes, width: int) -> dict[str, int | str]:
    lines = before.count(b"\n") or before.count(b"\r")
    return {"line": lines + 1, "byte": rest[:width].hex().upper(), "position": len(before) + 1}


def _is_text(content: bytes) -> bool:
    """Whether it has lines of cells, and hardly any control characters."""
    controls = sum(content.count(bytes([code])) for code in range(32) if code not in (9, 10, 11, 12, 13))
    return controls * 100 <= len(content) and any(content.count(sign.encode()) >= 2 for sign in DELIMITERS)
