"""How a spreadsheet shows a number: dates, and digits that the number itself does not have."""

import datetime as dt
import re
from functools import lru_cache

# Built-in formats of dates and times, with those of Chinese and Japanese programs (ECMA-376, 18.8.30).
DATE_IDS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))
_TOKEN = re.compile(r'"([^"]*)"|\\(.)|\[([^\]]*)\]|[_*](.)|(.)', re.DOTALL)
_ELAPSED = re.compile(r"[hms]+", re.IGNORECASE).fullmatch
GENERAL = ("general", "g/通用格式", "@", "")
DATE, PLAIN = "date", ""
MAX_FORMAT = 255
DIGITS_KEPT = 10**15  # spreadsheets round numbers from here on


@lru_cache(maxsize=1000)
def kind_of(code: str) -> str | tuple[str, ...]:
    """DATE, PLAIN, or the signs of a format of digits and fixed texts ("0", "#" and the texts)."""
    section = code[:MAX_FORMAT].split(";")[0]
    if section.lower() in GENERAL:
        return PLAIN
    signs: list[str] = []
    others = ""
    for quoted, escaped, bracket, _filled, sign in _TOKEN.findall(section):
        if bracket:
            others += "h" if _ELAPSED(bracket) else ""
        elif quoted or escaped:
            signs.append(" " + (quoted or escaped))
        elif sign in ("0", "#", "?"):
            signs.append("0" if sign == "0" else "#")
        elif sign in "ymdhsYMDHS":
            others += "d"
        elif sign in ".,%/@" or sign.isalpha():
            others += "."
        elif sign:
            signs.append(" " + sign)
    if "d" in others or "h" in others:
        return DATE
    return PLAIN if "." in others or "0" not in signs else tuple(signs)


def show(value: float, kind: str | tuple[str, ...]) -> str:
    """A number as text: with the zeros and fixed texts of its format, otherwise plain.

    A number from DIGITS_KEPT on becomes 3.20102E+17: its digits are lost.
    """
    if abs(value) >= DIGITS_KEPT:
        return f"{value:.5E}"
    plain = str(int(value)) if value == int(value) else repr(value)
    if type(kind) is not tuple or value < 0 or value != int(value):
        return plain
    return _fill(plain, kind)


def _fill(digits: str, signs: tuple[str, ...]) -> str:
    """The digits from the right into the places of the format; those left over stand before the first place."""
    shown: list[str] = []
    left = digits
    places = sum(1 for sign in signs if sign[0] != " ")
    for sign in reversed(signs):
        if sign[0] == " ":
            shown.append(sign[1:])
            continue
        places -= 1
        if not places:
            shown.append(left or ("0" if sign == "0" else ""))
            left = ""
        elif left:
            shown.append(left[-1])
            left = left[:-1]
        elif sign == "0":
            shown.append("0")
    return "".join(reversed(shown))


def date_text(serial: float, *, from_1904: bool) -> str:
    """The ISO date or time of a serial number; the number itself when it is no day of the calendar."""
    if not 0 <= serial < 2_958_466:
        return repr(serial)
    # 1900 was no leap year, but day 60 of spreadsheets is its 29 February.
    day = dt.date(1904, 1, 1) if from_1904 else dt.date(1899, 12, 30 if serial >= 60 else 31)
    moment = dt.datetime.combine(day, dt.time()) + dt.timedelta(days=serial)
    if serial < 1:
        return moment.time().isoformat("minutes")
    return moment.date().isoformat() if serial == int(serial) else moment.isoformat(" ", "minutes")
