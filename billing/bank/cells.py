"""Reading the cells of a bank statement: amounts, dates, which way the money went.

Each function takes the text of a cell and returns its value, or raises WrongCell with a code of REASONS.
"""

import datetime as dt
import re
import unicodedata
from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.untrusted import sheets

REASONS: dict[str, Any] = {
    "amount": _("“%(value)s” is no amount."),
    "date": _("“%(value)s” is no date."),
    "direction": _("“%(value)s” says neither in nor out: 借 or 贷 is expected."),
    "empty": _("This must be filled."),
    "formula": _("This cell holds a formula without a result. Save the bank's file as it came."),
    "no_money": _("No money moves in this row."),
    "both": _("Money in and money out in one row."),
}
MOST = 10**13  # fen: a hundred milliards of yuan
_AMOUNT = re.compile(r"([+-]?)(\d+|\d{1,3}(?:,\d{3})+)(?:\.(\d{1,2})0*)?").fullmatch
_AROUND_AMOUNT = re.compile(r"^(?:CNY|RMB|人民币|¥)|元$")
_NOTHING = re.compile(r"[-—–/]*").fullmatch
_DATE = re.compile(
    r"(20\d\d)(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})|年(\d{1,2})月(\d{1,2})日|(\d\d)(\d\d))"
    r"(?:[ T-]*(\d{1,2})[:.时]?(\d\d)(?:[:.分]?(\d\d)秒?(?:[.,]\d+)?)?)?"
).fullmatch
_IN, _OUT = (
    ("贷", "收", "c", "cr", "in", "+", "转入", "收入", "来账"),
    ("借", "付", "支", "d", "dr", "out", "-", "转出", "支出", "往账"),
)


class WrongCell(Exception):
    """A cell cannot be read. `code` of REASONS with its `params`."""

    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(code)
        self.code, self.params = code, {"value": value[:40]} if value else {}


def plain(text: str) -> str:
    """The text of a cell without white space around it, and without what a spreadsheet puts before a date."""
    if text.startswith(sheets.DATE):
        return text.removeprefix(sheets.DATE).strip()
    if text.startswith("\0"):
        raise WrongCell("formula")
    return " ".join(unicodedata.normalize("NFKC", text).split())


def words(text: str) -> str:
    """A name or a remark: what no reader can show is left out."""
    return " ".join("".join(sign for sign in text if sign.isprintable() or sign.isspace()).split())


def amount(text: str) -> int:
    """In hundredth parts; 0 for an empty cell or a dash."""
    value = plain(text)
    if _NOTHING(value):
        return 0
    bare = _AROUND_AMOUNT.sub("", value).replace(" ", "")
    in_brackets = bare.startswith("(") and bare.endswith(")")
    match = _AMOUNT(bare[1:-1] if in_brackets else bare)
    if match is None:
        raise WrongCell("amount", value)
    sign, whole, part = match.groups()
    found = int(whole.replace(",", "")) * 100 + int((part or "").ljust(2, "0"))
    if found > MOST:
        raise WrongCell("amount", value)
    return -found if (sign == "-") != in_brackets else found


def moment(text: str) -> tuple[dt.date, dt.time | None]:
    """The day, and the time where the cell has one."""
    value = plain(text)
    if not value:
        raise WrongCell("empty")
    match = _DATE(value)
    if match is None:
        raise WrongCell("date", value)
    year, *rest = match.groups()
    month, day = (int(number) for number in rest[:-3] if number)
    hours, minutes, seconds = rest[-3:]
    try:
        time = dt.time(int(hours), int(minutes), int(seconds or 0)) if hours else None
        return dt.date(int(year), month, day), time
    except ValueError as error:
        raise WrongCell("date", value) from error


def is_in(text: str) -> bool:
    """Whether the money came in."""
    value = plain(text).lower()
    if value.startswith(_IN) == value.startswith(_OUT):
        raise WrongCell("direction" if value else "empty", value)
    return value.startswith(_IN)


def currency(text: str) -> str:
    """The code of the currency; CNY where nothing is said."""
    value = plain(text).upper()
    if value in ("", "人民币", "RMB", "CNY", "156", "001", "01", "人民币元", "CNH"):
        return "CNY"
    return CURRENCIES.get(value, value[:3])


CURRENCIES = {"美元": "USD", "港币": "HKD", "港元": "HKD", "欧元": "EUR", "日元": "JPY", "英镑": "GBP", "014": "USD"}
