"""Roster files for tests, made by the programs that clerks' files come from."""

import io
from typing import Any

import openpyxl

from students.roster.columns import COLUMNS
from tests.factories import id_number

HEADINGS = [column.heading for column in COLUMNS]


def row(n: int, **cells: Any) -> list[Any]:
    """A right row of the template; `cells` by heading replace what it holds."""
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
    """A workbook whose first sheet holds the lines as given."""
    book = book or openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for line in lines:
        sheet.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def roster(*lines: list[Any]) -> bytes:
    """A workbook with the headings of the template above the lines."""
    return xlsx(HEADINGS, *lines)


def csv_text(*lines: list[Any], delimiter: str = ",") -> str:
    return "\r\n".join(delimiter.join(str(cell) for cell in line) for line in (HEADINGS, *lines)) + "\r\n"
