"""Cleaning the cells of a roster: one function for each field (`CLEANERS`).

Each takes the text of a cell that is not empty, and returns the clean text or a `Problem`.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from students.identity import id_encryption
from students.models import Student
from students.roster.cell_problems import Problem

Cleaned = str | Problem

_SIGNS = frozenset("=+-@＝＋－＠")
# Every Han character of Unicode 17 (up to extension J), whatever version this Python knows; the
# compatibility forms F900 to FAFF and 2F800 to 2FA1D only as far as they are assigned.
_HAN_RANGES = (
    "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufa6d\ufa70-\ufad9\U00020000-\U0002a6df\U0002a700-\U0002b81d"
    "\U0002b820-\U0002cead\U0002ceb0-\U0002ebe0\U0002ebf0-\U0002ee5d\U0002f800-\U0002fa1d"
    "\U00030000-\U0003134a\U00031350-\U00033479"
)
_HAN = f"[{_HAN_RANGES}]"
_IS_HAN = re.compile(_HAN).fullmatch
_SPACE_IN_HAN = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")
is_plain_name = re.compile(r"[\u4e00-\u9fff]{2,20}").fullmatch
_PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010ffff\ufffd]").search
_STUDENT_NO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/\-]*").fullmatch
_PHONE = re.compile(r"(?:1[3-9][0-9]{9}|00[0-9]{7,14}|0[0-9]{9,11}|[2-9][0-9]{6,10})").fullmatch
_COUNTRY = re.compile(r"^(?:0086|86)(?=1[3-9][0-9]{9}$)")
_PHONE_INSIDE = re.compile(r"(?<![0-9])1[3-9][0-9]{9}(?![0-9])").search
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]+@[A-Za-z0-9\-]+(?:\.[A-Za-z0-9\-]+)+").fullmatch
# What people type for the dot of a name; an ASCII dot only between Han characters.
_DOTS = str.maketrans(dict.fromkeys("•・･‧∙⋅．｡。●◦▪﹒᛫ㆍ", "·"))
_ASCII_DOT = re.compile(rf"(?<={_HAN})\s*\.\s*(?={_HAN})")
_DASH = re.compile(rf"(?<={_HAN})\s*-\s*{_HAN}").search
_AROUND_DOT = re.compile(r"\s*·[\s·]*")
_RADICALS = re.compile(r"[\u2e80-\u2fdf]")
# Format characters without a meaning in these fields: zero width spaces and joiners, marks of direction,
# soft hyphens, variation selectors.
_MEANINGLESS = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f\U000e0100-\U000e01ef]+"
)
_JOINED_SCRIPTS = re.compile(r"[\u0600-\u0dff\u1780-\u18af]").search  # where a joiner changes what is read
_HIDDEN = ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp")
# Texts for "there is none". "NaN" is what other programs write for an empty number.
FILLERS = frozenset(
    (
        "无",
        "暂无",
        "没有",
        "空",
        "未填",
        "未知",
        "不详",
        "none",
        "null",
        "nil",
        "nan",
        "n/a",
        "na",
        "(null)",
        "undefined",
    )
)
_FILLER_SIGNS = re.compile(r"[-\u2010-\u2015\u2212－—/／\\、.。*＊?？×_~～]+").fullmatch
_ERROR_VALUE = re.compile(
    r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|BUSY!|UNKNOWN!|GETTING_DATA)",
    re.I,
).fullmatch
_MASKED = re.compile(r"[*＊•●×]{2,}").search
# Rows below a list that are no students.
NOTE = re.compile(
    r"(?:合\s*计|总\s*计|小\s*计|共\s*计|总人数|人数合计|制表|填表|填报|审核|复核|负责人|经办|联系人|说明|备注|注[:：]|日期|盖章|签[字名章]"
    r"|共\s*\d+\s*[人名]|第\s*\d+\s*页|total\b|sum\b|notes?\b[:：])",
    re.I,
).match
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DATE = re.compile(
    rf"(?:19|20)\d\d[-/.年]\d{{1,2}}[-/.月]\d{{1,2}}日?(?:[ T]\d{{1,2}}:\d\d(?::\d\d)?)?|\d{{1,2}}月\d{{1,2}}日"
    rf"|\d{{1,2}}-(?:{_MONTHS})(?:-\d\d)?|(?:{_MONTHS})-\d\d",
    re.I,
).fullmatch

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
ID_TYPE_HEADINGS = {key: names[0] for key, names in ID_TYPES.items()}  # what a roster may have
SHOWN_ID_TYPES = ID_TYPE_HEADINGS | {Student.IdType.REGISTRY.value: "学信网采集码"}  # what may be of a student
GENDER_HEADINGS = {"male": "男", "female": "女"}
_ID_TYPE_OF = {name: key for key, names in ID_TYPES.items() for name in names}


def marked_problem(value: str) -> Problem | None:
    """The problem of a cell that has no plain text: see `portal.untrusted.sheets`."""
    if value.startswith("\0"):
        kind, _space, shown = value[1:].partition(" ")
        return Problem(kind, {"value": shown} if shown else {})
    return Problem("error", {"value": value}) if value[0] == "#" and _ERROR_VALUE(value) else None


def shown(value: str) -> str:
    """What a person sees in the cell."""
    return value.partition(" ")[2] if value.startswith("\0") else value


def is_filler(value: str) -> bool:
    """Whether the text stands for an empty cell: 无, none, -, /."""
    return len(value) <= 10 and (value.lower() in FILLERS or _FILLER_SIGNS(value) is not None)


def without_invisible(value: str) -> str:
    """The text without invisible characters that mean nothing, and with plain spaces."""
    if value.isascii():
        return value
    if not _JOINED_SCRIPTS(value):
        value = _MEANINGLESS.sub("", value)
    if not value.isprintable():
        value = "".join(" " if unicodedata.category(c) == "Zs" else c for c in value)
    return value.strip()


def hidden_problem(value: str) -> Problem | None:
    """A problem that names the first character that cannot be seen; line ends and tabs are spaces."""
    if value.isprintable():
        return None
    hidden = next((c for c in value if unicodedata.category(c) in _HIDDEN and c not in "\t\r\n" and not _IS_HAN(c)), "")
    return Problem("characters", {"character": f"U+{ord(hidden):04X}"}) if hidden else None


def named(character: str) -> str:
    """The character, with its code point where many look alike."""
    return character if character.isascii() else f"{character} (U+{ord(character):04X})"


def date_problem(value: str) -> Problem | None:
    """A problem for a class or major that a spreadsheet took for a date, such as 3-1."""
    return Problem("date", {"value": value}) if value[0] in "123456789JFMASONDjfmasond" and _DATE(value) else None


def half_width(value: str) -> str:
    """Full-width letters and digits of Chinese input methods, converted to half-width (NFKC)."""
    return value if value.isascii() else unicodedata.normalize("NFKC", value)


def formula_sign_problem(value: str) -> Problem | None:
    """A problem for a text that a spreadsheet would read as a formula."""
    return Problem("sign", {"sign": value[0]}) if value[0] in _SIGNS else None


def name(value: str) -> Cleaned:
    if is_plain_name(value):
        return value
    if problem := hidden_problem(value):
        return Problem("private_character") if _PRIVATE(value) else problem
    value = _RADICALS.sub(lambda found: unicodedata.normalize("NFKC", found[0]), value)
    value = unicodedata.normalize("NFC", value)
    value = _SPACE_IN_HAN.sub("", " ".join(value.split())).translate(_DOTS)
    value = _AROUND_DOT.sub("·", _ASCII_DOT.sub("·", value))
    if not (unicodedata.category(value[0]).startswith(("L", "N")) or _IS_HAN(value[0])):
        return formula_sign_problem(value) or Problem("name")
    if _DASH(value):
        return Problem("name_sign", {"sign": "-"})
    if strange := next((c for c in value if not _is_name_character(c)), ""):
        return Problem("name" if strange.isalnum() or strange in "?？" else "name_sign", {"sign": named(strange)})
    return Problem("name") if value[-1] == "·" else value


def _is_name_character(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in " ·.'-’〇" or bool(_IS_HAN(character))


@lru_cache(maxsize=20_000)
def plain_text(value: str) -> Cleaned:
    """Colleges, majors, classes and levels: any printed characters."""
    if _PRIVATE(value):
        return Problem("private_character")
    if problem := hidden_problem(value):
        return problem
    value = " ".join(value.split())
    return formula_sign_problem(value) or date_problem(value) or value


def student_no(value: str) -> Cleaned:
    value = half_width(value)
    if _STUDENT_NO(value):
        return value
    if re.fullmatch(r"[0-9.]+E\+[0-9]+", value):
        return Problem("rounded")
    return formula_sign_problem(value) or hidden_problem(value) or Problem("student_no")


@lru_cache(maxsize=1000)
def gender(value: str) -> Cleaned:
    return GENDERS.get(half_width(value).lower()) or Problem("gender")


@lru_cache(maxsize=1000)
def id_type(value: str) -> Cleaned:
    return _ID_TYPE_OF.get("".join(half_width(value).lower().split())) or Problem("id_type")


def id_number(value: str) -> Cleaned:
    if _MASKED(value):
        return Problem("masked")
    number = id_encryption.normalise(half_width(value))
    return Problem("id_document") if not number else formula_sign_problem(number) or hidden_problem(number) or number


def phone(value: str) -> Cleaned:
    if _PHONE(value):
        return value
    plain = re.sub(r"[\s()\-\u2010-\u2015\u2212]", "", half_width(value)).removeprefix("+86")
    if plain.startswith("+"):
        plain = "00" + plain[1:]
    plain = _COUNTRY.sub("", plain)
    if _PHONE(plain):
        return plain
    if _PHONE_INSIDE(plain):
        return Problem("phone_unclear")
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
