"""The columns of the roster in their order: their headings, fields and limits."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Column:
    """`heading` stands in the template and in exports. `names`: other headings that are accepted.

    `limit`: characters of a value. `width`: width of the spreadsheet column.
    """

    field: str
    heading: str
    label: Any
    names: tuple[str, ...]
    limit: int
    width: int
    required: bool = False


COLUMNS = (
    Column(
        "student_no",
        "学号",
        _("Student no."),
        ("学生学号", "学籍号", "学生编号", "xh", "studentno", "studentnumber", "studentid"),
        32,
        16,
        True,
    ),
    Column("name", "姓名", _("Name"), ("学生姓名", "中文姓名", "xm", "name", "fullname", "studentname"), 60, 14, True),
    Column("gender", "性别", _("Gender"), ("学生性别", "xb", "gender", "sex"), 10, 8),
    Column(
        "id_type",
        "证件类型",
        _("Document type"),
        ("身份证件类型", "证件类别", "证件名称", "sfzjlx", "zjlx", "idtype", "documenttype", "typeofdocument"),
        30,
        20,
    ),
    Column(
        "id_number",
        "证件号码",
        _("Document number"),
        ("身份证号", "身份证号码", "公民身份号码", "公民身份证号", "公民身份证号码", "身份证件号", "身份证件号码")
        + ("证件号", "居民身份证号", "居民身份证号码", "身份证", "身份号码", "sfzh", "sfzhm", "sfzjh", "zjhm")
        + ("idnumber", "idno", "idcardnumber", "documentnumber", "documentno"),
        32,
        24,
        True,
    ),
    Column(
        "level",
        "培养层次",
        _("Level"),
        ("层次", "学历层次", "办学层次", "层次名称", "学历", "pycc", "level", "degreelevel", "educationlevel"),
        20,
        12,
    ),
    Column(
        "college",
        "学院",
        _("College"),
        ("学院名称", "院系", "所属学院", "所在学院", "院系名称", "所在院系", "二级学院", "院系所", "院", "xymc", "yxmc")
        + ("系部", "系", "系名称", "college", "department", "faculty"),
        60,
        24,
    ),
    Column("major", "专业", _("Major"), ("专业名称", "所学专业", "zymc", "major", "majorname"), 60, 24, True),
    Column(
        "class_name",
        "班级",
        _("Class"),
        ("班级名称", "所在班级", "行政班级", "行政班", "班号", "班", "bjmc", "class", "classname"),
        60,
        20,
        True,
    ),
    Column(
        "phone",
        "手机号",
        _("Phone"),
        (
            "手机",
            "手机号码",
            "移动电话",
            "本人手机",
            "联系电话",
            "联系方式",
            "电话",
            "sjh",
            "sjhm",
            "lxdh",
            "phone",
            "mobile",
            "phonenumber",
            "mobilenumber",
        ),
        20,
        16,
    ),
    Column(
        "email",
        "邮箱",
        _("E-mail"),
        ("电子邮箱", "邮箱地址", "电子邮件", "电子信箱", "dzyx", "dzxx", "email", "mail", "emailaddress"),
        254,
        26,
    ),
)
FIELDS = tuple(column.field for column in COLUMNS)
REQUIRED = tuple(column for column in COLUMNS if column.required)
BY_FIELD = {column.field: column for column in COLUMNS}
# Columns that our workbook of wrong rows adds. The import ignores them without a warning.
OWN_EXTRAS = ("行号", "错误原因")

_BRACKETED = re.compile(r"[(\[【].*?[)\]】]")
_NOT_LETTERS = re.compile(r"[\W_]+")


def plain(heading: str) -> str:
    """'学号*（必填）' -> '学号', 'Student No.' -> 'studentno'."""
    folded = unicodedata.normalize("NFKC", heading).lower()
    return _NOT_LETTERS.sub("", _BRACKETED.sub("", folded))


_RANKS = {
    (column.field, plain(name)): place
    for column in COLUMNS
    for place, name in reversed(list(enumerate((column.heading, *column.names))))
}
_KNOWN = {plain(name): column for column in COLUMNS for name in (column.heading, *column.names)}


def column_of(heading: str) -> Column | None:
    """The column with this heading, or None."""
    return _KNOWN.get(plain(heading))


def rank(column: Column, heading: str) -> int:
    """0 for the heading of the template, then the others in their order."""
    return _RANKS[column.field, plain(heading)]
