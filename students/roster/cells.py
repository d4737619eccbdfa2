"""Cleaning the cells of a roster: one function for each field (`CLEANERS`).

Each takes the text of a cell that is not empty, and returns the clean text or a `Problem`.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from students import id_encryption
from students.models import Student
from students.roster.cell_problems import Problem

Cleaned = str | Problem
FORMULA = "\0formula"  # text of a cell that holds a formula without a result
DIGITS_KEPT = 10**15  # spreadsheets round numbers from here on

_SIGNS = frozenset("=+-@")
_HAN = r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_SPACE_IN_HAN = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fff]{2,20}").fullmatch
_PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010ffff\ufffd]").search
_STUDENT_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/\-]*").fullmatch
_PHONE = re.compile(r"(?:1[3-9][0-9]{9}|00[0-9]{7,14}|0[0-9]{9,11}|[2-9][0-9]{6,10})").fullmatch
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+").fullmatch
_DOTS = str.maketrans("•・‧∙⋅．｡●", "········")

GENDERS = {
    "男": "male", "男性": "male", "m": "male", "male": "male", "1": "male",
    "女": "female", "女性": "female", "f": "female", "female": "female", "2": "female",
}  # fmt: skip
ID_TYPES = {
    Student.IdType.RESIDENT.value: ("居民身份证", "身份证", "中华人民共和国居民身份证", "二代身份证", "resident", "residentidentitycard"),
    Student.IdType.HMT_PERMIT.value: ("港澳台居民居住证", "港澳居民居住证", "台湾居民居住证", "hmtpermit", "hmt_permit"),
    Student.IdType.PASSPORT.value: ("护照", "外国护照", "普通护照", "passport"),
    Student.IdType.OTHER.value: (
        "其他", "其他证件", "other", "港澳居民来往内地通行证", "港澳通行证", "台湾居民来往大陆通行证", "台胞证",
        "外国人永久居留身份证", "军官证", "士兵证",
    ),
}  # fmt: skip
ID_TYPE_HEADINGS = {key: names[0] for key, names in ID_TYPES.items()}
GENDER_HEADINGS = {"male": "男", "female": "女"}
_ID_TYPE_OF = {name: key for key, names in ID_TYPES.items() for name in names}


def text(value: Any) -> str:
    """A cell as text. A number from DIGITS_KEPT on becomes 3.20102E+17: rounded."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).upper()
    if isinstance(value, float | int):
        return _number(value)
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _number(value: float) -> str:
    if abs(value) >= DIGITS_KEPT:
        return f"{value:.5E}"
    return str(int(value)) if value == int(value) else repr(value)


def unwrap(value: str) -> str:
    """The text in ="…" or after an apostrophe: both protect the numbers of a CSV from rounding."""
    if value.startswith('="') and value.endswith('"') and len(value) > 2:
        return value[2:-1].strip()
    return value[1:].strip() if value.startswith("'") else value


def half_width(value: str) -> str:
    """Full-width letters and digits of Chinese input methods, converted to half-width (NFKC)."""
    return value if value.isascii() else unicodedata.normalize("NFKC", value)


def formula_sign_problem(value: str) -> Problem | None:
    """A problem for a text that a spreadsheet would read as a formula."""
    return Problem("sign", {"sign": value[0]}) if value[0] in _SIGNS else None


def name(value: str) -> Cleaned:
    if _PLAIN_NAME(value):
        return value
    value = _SPACE_IN_HAN.sub("", " ".join(value.split())).translate(_DOTS)
    if _PRIVATE(value):
        return Problem("private_character")
    if not unicodedata.category(value[0]).startswith(("L", "N")) or not all(_is_name_character(c) for c in value):
        return formula_sign_problem(value) or Problem("name")
    return value


def _is_name_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in " ·.'-’〇"


@lru_cache(maxsize=20_000)
def plain_text(value: str) -> Cleaned:
    """Colleges, majors, classes and levels: any printed characters."""
    value = " ".join(value.split())
    if problem := formula_sign_problem(value):
        return problem
    if _PRIVATE(value):
        return Problem("private_character")
    hidden = next((c for c in value if unicodedata.category(c) in ("Cc", "Cf", "Cn", "Cs")), "")
    return Problem("characters", {"character": f"U+{ord(hidden):04X}"}) if hidden else value


def student_no(value: str) -> Cleaned:
    value = half_width(value)
    if _STUDENT_NO(value):
        return value
    return (
        Problem("rounded")
        if re.fullmatch(r"[0-9.]+E\+[0-9]+", value)
        else formula_sign_problem(value) or Problem("student_no")
    )


@lru_cache(maxsize=1000)
def gender(value: str) -> Cleaned:
    return GENDERS.get(half_width(value).lower()) or Problem("gender")


@lru_cache(maxsize=1000)
def id_type(value: str) -> Cleaned:
    return _ID_TYPE_OF.get("".join(half_width(value).lower().split())) or Problem("id_type")


def id_number(value: str) -> Cleaned:
    number = id_encryption.normalise(half_width(value))
    return formula_sign_problem(number) or number


def phone(value: str) -> Cleaned:
    if _PHONE(value):
        return value
    plain = re.sub(r"[\s()\-]", "", half_width(value)).removeprefix("+86")
    if plain.startswith("+"):
        plain = "00" + plain[1:]
    if _PHONE(plain):
        return plain
    return Problem("rounded") if "E+" in plain else Problem("phone")


def email(value: str) -> Cleaned:
    value = half_width(value)
    return formula_sign_problem(value) or (value if _EMAIL(value) else Problem("email"))


CLEANERS: dict[str, Callable[[str], Cleaned]] = {
    "student_no": student_no,
    "name": name,
    "gender": gender,
    "id_type": id_type,
    "id_number": id_number,
    "level": plain_text,
    "college": plain_text,
    "major": plain_text,
    "class_name": plain_text,
    "phone": phone,
    "email": email,
}
