"""The list of a hand-over package: the columns of the registry, one row a student.

The registry publishes no format of this list; another one is another COLUMNS.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO

from portal import text_workbooks
from schools.models import School
from students.roster.cells import GENDER_HEADINGS, SHOWN_ID_TYPES

NAME = "名单.xlsx"


@dataclass(frozen=True, slots=True)
class Handed:
    """One student of a package, with everything that the package says of the student."""

    student: int
    photo: int
    portrait: str  # name of the stored file
    student_no: str
    name: str
    gender: str
    id_type: str
    id_number: str  # of whom a capture code has said it: the registry's number
    id_masked: str  # then the document number in stars, else empty
    level: str
    college: str
    major: str
    class_name: str
    replaces: int  # number of the package that had the student before; 0: none


@dataclass(frozen=True, slots=True)
class Row:
    """A student with the file in the package."""

    handed: Handed
    file: str
    sha256: str


Value = Callable[[Row], str]
COLUMNS: tuple[tuple[str, float, Value], ...] = (
    ("学号", 16, lambda row: row.handed.student_no),
    ("姓名", 14, lambda row: row.handed.name),
    ("性别", 8, lambda row: GENDER_HEADINGS.get(row.handed.gender, "")),
    ("证件类型", 20, lambda row: SHOWN_ID_TYPES[row.handed.id_type]),
    ("证件号码", 24, lambda row: row.handed.id_masked or row.handed.id_number),
    ("学信网编号", 24, lambda row: row.handed.id_number if row.handed.id_masked else ""),
    ("培养层次", 12, lambda row: row.handed.level),
    ("学院", 24, lambda row: row.handed.college),
    ("专业", 24, lambda row: row.handed.major),
    ("班级", 20, lambda row: row.handed.class_name),
    ("图像文件", 36, lambda row: row.file),
    ("图像SHA-256", 70, lambda row: row.sha256),
    ("变更", 20, lambda row: f"更正，替换第 {row.handed.replaces} 号包" if row.handed.replaces else "新增"),
)


def write(rows: Iterable[Row], *, school: School, graduating_class: int) -> IO[bytes]:
    """The open workbook. Every cell is text, so that no program rounds a document number."""
    first = (("学校代码", 10), ("学校名称", 24), ("毕业年份", 10))
    columns = [*first, *((heading, width) for heading, width, _value in COLUMNS)]
    values = [value for _heading, _width, value in COLUMNS]
    start = [school.code, school.name, str(graduating_class)]
    return text_workbooks.write("名单", columns, ([*start, *(value(row) for value in values)] for row in rows))
