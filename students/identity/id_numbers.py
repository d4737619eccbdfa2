"""Checks of document numbers: GB 11643 for residents and 港澳台居民居住证, only the shape for others.

A GB 11643 number has 18 characters: 6 for the region, 8 for the date of birth, 3 for the serial
(odd: a man), and 1 check character by ISO 7064 MOD 11-2. All functions expect normalised numbers
(`students.identity.id_encryption.normalise`).
"""

import datetime as dt
import re
import time
from functools import lru_cache
from operator import mul

from students.models import Student
from students.roster.cell_problems import Problem

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
PROVINCES = frozenset((
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41",
    "42", "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71",
))  # fmt: skip
HMT_PREFIXES = frozenset(("81", "82", "83"))
YOUNGEST, OLDEST = 10, 100  # accepted age of a graduate, in years

_ASCII_ZEROS = 48 * sum(WEIGHTS)
_SHAPE = re.compile(r"[0-9]{17}[0-9X]").fullmatch
_DOCUMENT = re.compile(r"[A-Z0-9][A-Z0-9()\-]{3,18}[A-Z0-9)]").fullmatch
_EXPONENT = re.compile(r"[0-9](?:[.,][0-9]+)?E\+?[0-9]{1,3}").fullmatch
IdType = Student.IdType
_BY_GB_11643 = frozenset((IdType.RESIDENT.value, IdType.HMT_PERMIT.value))


def check_character(body: str) -> str:
    """The 18th character that belongs to 17 digits."""
    return CHECK_CHARACTERS[(sum(map(mul, body.encode(), WEIGHTS)) - _ASCII_ZEROS) % 11]


def gender_of(number: str) -> str:
    """The gender in the serial of a well-formed GB 11643 number."""
    return Student.Gender.MALE.value if int(number[16]) % 2 else Student.Gender.FEMALE.value


def says_gender(id_type: str) -> bool:
    return id_type in _BY_GB_11643


def birthday_of(number: str, id_type: str) -> dt.date | None:
    """The birthday that a number says; None for documents that say none."""
    if id_type not in _BY_GB_11643 or not _is_birthday(number[6:14]):
        return None
    return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def is_rounded(number: str) -> bool:
    """Whether a spreadsheet has rounded the number: 3.20102E+17, or zeros after 15 digits.

    Spreadsheets keep 15 significant digits. A true number may end in 000 too; its check character
    is then right.
    """
    if "E" in number and _EXPONENT(number):
        return True
    return (
        number.endswith("000")
        and len(number) >= 18
        and ends_rounded(number)
        and not (_SHAPE(number) and check_character(number[:17]) == number[17])
    )


def ends_rounded(number: str) -> bool:
    """Whether all digits after the fifteenth are 0."""
    return len(number) > 15 and number.isdigit() and not number[15:].strip("0")


def problem_of(number: str, id_type: str, gender: str = "") -> Problem | None:
    """The first problem of a number of this document type, or None. `gender` "" is not compared."""
    if is_rounded(number):
        return Problem("rounded")
    if id_type not in _BY_GB_11643:
        return None if _DOCUMENT(number) else Problem("id_document")
    return _gb_11643_problem(number, id_type, gender)


def _gb_11643_problem(number: str, id_type: str, gender: str) -> Problem | None:
    if not _SHAPE(number):
        return _shape_problem(number)
    if problem := _region_problem(number[:2], id_type):
        return problem
    if not _is_birthday(number[6:14]):
        return Problem("id_date")
    if check_character(number[:17]) != number[17]:
        return Problem("id_check")
    return Problem("id_sex") if gender and gender_of(number) != gender else None


def _shape_problem(number: str) -> Problem:
    if len(number) == 15 and number.isdigit():
        return Problem("id_old")
    return Problem("id_shape") if len(number) == 18 else Problem("id_length", {"length": len(number)})


def _region_problem(prefix: str, id_type: str) -> Problem | None:
    if id_type == IdType.HMT_PERMIT:
        return None if prefix in HMT_PREFIXES else Problem("id_not_hmt")
    if prefix in HMT_PREFIXES:
        return Problem("id_is_hmt")
    return None if prefix in PROVINCES else Problem("id_region")


@lru_cache(maxsize=20_000)
def _birth_year(digits: str) -> int:
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year
    except ValueError:
        return 0


def _is_birthday(digits: str) -> bool:
    return YOUNGEST <= time.localtime().tm_year - _birth_year(digits) <= OLDEST
