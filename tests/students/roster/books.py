"""Roster files for tests, in the formats that spreadsheet programs write."""

import io
from typing import Any

import openpyxl

from students.roster.columns import COLUMNS
from tests.factories import id_number

HEADINGS = [column.heading for column in COLUMNS]


def row(n: int, **cells: Any) -> list[Any]:
    """A valid row of the template; `cells` replaces values by heading."""
    born = f"2001{n // 1000 % 12 + 1:02d}05"
    values = {
        "学号": f"2023{n:05d}",
        "姓名": "王小明",
        "性别": "男" if n % 2 else "女",
        "证件类型": "居民身份证",
        "证件号码": id_number(n % 1000, born=born),
        "培养层次": "本科",
        "学院": "信息学院",
        "专业": "软件工程",
        "班级": "软件2301",
        "手机号": "13800000000",
        "邮箱": "student@example.org",
    } | cells
    return [values[heading] for heading in HEADINGS]


def rows(number: int) -> list[list[Any]]:
    return [row(n) for n in range(1, number + 1)]


def xlsx(*lines: list[Any], title: str = "学生数据表", book: openpyxl.Workbook | None = None) -> bytes:
    """A workbook with the lines in its first sheet."""
    book = book or openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for line in lines:
        sheet.append(line)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def roster(*lines: list[Any]) -> bytes:
    """A workbook with the headings of the template, then the lines."""
    return xlsx(HEADINGS, *lines)


def csv_text(*lines: list[Any], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(str(cell) for cell in line) for line in (HEADINGS, *lines)) + "\r\n"
