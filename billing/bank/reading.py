"""Reading a bank's file: its lines in the order of time, what is wrong, and whether the balances agree.

The file is opened by `portal.untrusted.workbooks`, in a process of its own. Nothing here knows the database.
"""

import datetime as dt
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from billing.bank import cells
from billing.bank.cells import WrongCell
from billing.bank.columns import UNASSIGNED, Assignment, Columns, assigned_columns, find_columns
from portal.untrusted import workbooks
from portal.untrusted.workbooks import UnreadableSheet
from students.roster.headings import RawRow, looks_like_data

MAX_ROWS = 20_000
MAX_PROBLEMS = 100
_ACCOUNT = re.compile(r"(?:本方|查询)?(?:账号|账户|卡号)[:\s]*([0-9][0-9 -]{6,38}[0-9])").search
_BALANCE = r"[:\s]*(?:CNY|RMB|人民币|¥)?\s*(-?[0-9][0-9,]*(?:\.[0-9]{1,2})?)"
_OPENING = re.compile(r"(?:期初|上期|承前|上日|起始)余额" + _BALANCE).search
_CLOSING = re.compile(r"(?:期末|本期|终止|截止|结束)余额" + _BALANCE).search
_NOTE = re.compile(
    r"(?:合计|总计|小计|本页|累计|期初|期末|上期|本期|承前|过次|打印|制表|注|说明|备注|总笔数|借方|贷方|共\d*笔|以下空白|---|\*\*\*)"
).match


class Problem(NamedTuple):
    """A wrong cell: row number, heading of its column, code and parameters of its sentence."""

    row: int
    column: str
    code: str
    params: dict[str, str] = {}

    def __str__(self) -> str:
        sentence = str(cells.REASONS[self.code]) % self.params if self.params else str(cells.REASONS[self.code])
        return _("Row %(row)d, %(column)s: %(sentence)s") % {
            "row": self.row,
            "column": self.column,
            "sentence": sentence,
        }


@dataclass
class Line:
    """One movement. Amounts in hundredth parts: received is positive. `key`: the same movement in every file.

    `is_out`: what a column of its own says of the direction; None without one.
    """

    row: int
    booked_on: dt.date
    booked_at: dt.time | None
    amount: int
    serial: str = ""
    currency: str = "CNY"
    balance: int | None = None
    payer: str = ""
    payer_account: str = ""
    account: str = ""
    remark: str = ""
    key: str = ""
    is_out: bool | None = None


class Break(NamedTuple):
    """The balance of a row is not that of the row before it with its amount: lines are missing, or changed."""

    row: int
    expected: int
    found: int


@dataclass
class Reading:
    """What a file says. `lines` in the order of time, without `again`: (row, row that it repeats)."""

    head: "Head"
    columns: Columns
    lines: list[Line] = field(default_factory=list)
    again: list[tuple[int, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    account: str = ""
    opening: int | None = None
    closing: int | None = None
    breaks: list[Break] = field(default_factory=list)

    @property
    def moved(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def difference(self) -> int:
        """Closing balance without opening balance and movements: 0 when they agree."""
        if self.opening is None or self.closing is None:
            return 0
        return self.closing - self.opening - self.moved


class Head(NamedTuple):
    """The name of a sheet and its first rows, from which a person may say what its columns are."""

    sheet: str
    rows: list[RawRow]


class UnknownColumns(UnreadableSheet):
    """The file is a table whose columns are not known: a person may assign them."""

    def __init__(self, message: str, head: Head) -> None:
        super().__init__(message)
        self.head = head


def read(
    content: bytes, *, assignment: Assignment = UNASSIGNED, remembered: Mapping[str, Mapping[str, str]] | None = None
) -> Reading:
    """Read a file. `remembered`: {key of a heading row: {key of a column: field}}.

    Raises UnknownColumns, or UnreadableSheet for what is no table; wrong cells are in `problems`.
    """
    if not content.strip(b"\0 \r\n\t"):
        raise UnreadableSheet(_("The file is empty. Export the statement again and upload that."))
    with workbooks.opened(content) as book:
        index, columns = _table(book, assignment, remembered or {})
        reading = Reading(_head(book.sheets[index]), columns)
        below: list[str] = []
        _read_rows(book, index, reading, below)
    above = reading.head.rows[: max(columns.row - 1, 0)]
    _read_titles([" ".join(filter(None, row)) for row in above] + below, reading)
    if not reading.lines and not reading.problems:
        raise UnreadableSheet(_("There are headings but no movements below them."))
    _finish(reading)
    return reading


def _head(sheet: workbooks.Sheet) -> Head:
    return Head(sheet.name, sheet.head_rows())


def _table(
    book: workbooks.Workbook, assignment: Assignment, remembered: Mapping[str, Mapping[str, str]]
) -> tuple[int, Columns]:
    """The sheet with the movements, and its columns."""
    is_table = False
    for index, sheet in enumerate(book.sheets):
        if not sheet.visible:
            continue
        head = sheet.head_rows()
        is_table = is_table or any(sum(map(bool, row)) >= 3 for row in head)
        if assignment.row is not None:
            if sheet.name == assignment.sheet and 0 < assignment.row <= len(head):
                return index, assigned_columns(assignment.row, head[assignment.row - 1], assignment.fields)
        elif columns := find_columns(head, remembered):
            return index, columns
    if not is_table:
        raise UnreadableSheet(_("No table was found in this file. Export the movements as .xlsx or .csv."))
    longest = max((sheet for sheet in book.sheets if sheet.visible), key=lambda sheet: sheet.last)
    raise UnknownColumns(
        _("The columns of this file are not known yet. Say what they are; it is remembered."), _head(longest)
    )


def _read_rows(book: workbooks.Workbook, index: int, reading: Reading, below: list[str]) -> None:
    columns = reading.columns
    for _sheet, number, texts in book.rows({index}):
        if number <= columns.row or texts == columns.labels:
            continue
        if len(reading.lines) >= MAX_ROWS:
            raise UnreadableSheet(
                _("More than %(limit)d movements. Export a shorter period and upload that.") % {"limit": MAX_ROWS}
            )
        if len(reading.problems) >= MAX_PROBLEMS:
            return
        row = _Row(number, texts, columns)
        if row.is_note:
            below.append(" ".join(filter(None, texts)))
            continue
        try:
            reading.lines.append(row.line())
        except _WrongRow as wrong:
            reading.problems += wrong.problems


class _WrongRow(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


class _Row:
    """One row below the headings."""

    def __init__(self, number: int, texts: RawRow, columns: Columns) -> None:
        self.number, self.texts, self.columns = number, texts, columns
        self.problems: list[Problem] = []
        self.is_out: bool | None = None

    def texts_of(self, name: str) -> list[str]:
        return [self.texts[at] for at in self.columns.places.get(name, ()) if at < len(self.texts)]

    def text(self, name: str) -> str:
        return next(iter(self.texts_of(name)), "")

    @property
    def is_note(self) -> bool:
        """Whether the row is a sum or a remark around the list: it has no date."""
        first = next((text for text in self.texts if text), "")
        date = self.text("date")
        has_no_date = not date.startswith("\0") and not any(map(str.isdigit, date))
        return has_no_date and (bool(_NOTE(cells.words(first))) or sum(map(bool, self.texts)) <= 2)

    def _read(self, name: str, function: Any, otherwise: Any) -> Any:
        try:
            return function(self.text(name))
        except WrongCell as wrong:
            self.problems.append(Problem(self.number, self.columns.label(name), wrong.code, wrong.params))
            return otherwise

    def line(self) -> Line:
        """Raises _WrongRow."""
        booked_on, booked_at = self._read("date", cells.moment, (dt.date.min, None))
        amount = self._amount()
        balance = self._read("balance", cells.amount, 0) if self._has_figure("balance") else None
        currency = self._read("currency", cells.currency, "CNY")
        named = {name: self._read(name, cells.plain, "") for name in ("serial", "payer_account", "account")}
        payer = cells.words(self._read("payer", cells.plain, ""))
        if self.problems:
            raise _WrongRow(self.problems)
        return Line(
            row=self.number,
            booked_on=booked_on,
            booked_at=booked_at,
            amount=amount,
            serial=named["serial"].replace(" ", "")[:64] if named["serial"].strip("0 ") else "",
            currency=currency,
            balance=balance,
            payer=payer[:120],
            payer_account=named["payer_account"].replace(" ", "")[:64],
            account=named["account"].replace(" ", "")[:40],
            remark=self._remark(),
            is_out=self.is_out,
        )

    def _has_figure(self, name: str) -> bool:
        return any(map(str.isdigit, self.text(name)))

    def _remark(self) -> str:
        texts = [cells.words(text) for text in self.texts_of("remark") if not text.startswith("\0")]
        return " ".join(dict.fromkeys(filter(None, texts)))[:400]

    def _amount(self) -> int:
        if "amount" in self.columns.places:
            amount = int(self._read("amount", cells.amount, 1))
            if "direction" in self.columns.places:
                self.is_out = not self._read("direction", cells.is_in, True)
                amount = -amount if self.is_out else amount
            column = "amount"
        else:
            credit, debit = self._read("credit", cells.amount, 1), self._read("debit", cells.amount, 0)
            if credit and debit and not self.problems:
                self.problems.append(Problem(self.number, self.columns.label("credit"), "both"))
            amount, column = int(credit - debit), "credit"
        if not amount and not self.problems:
            self.problems.append(Problem(self.number, self.columns.label(column), "no_money"))
        return amount


def _read_titles(texts: list[str], reading: Reading) -> None:
    """Account and balances from the lines around the table."""
    for text in (unicodedata.normalize("NFKC", text) for text in texts):
        if (match := _ACCOUNT(text)) and not reading.account:
            reading.account = re.sub(r"[ -]", "", match[1])[:40]
        if (match := _OPENING(text)) and reading.opening is None:
            reading.opening = cells.amount(match[1])
        if (match := _CLOSING(text)) and reading.closing is None:
            reading.closing = cells.amount(match[1])


def _finish(reading: Reading) -> None:
    """Order by time, leave repeated rows out, compare the balances, give each line its key."""
    _use_signs(reading.lines)
    if _is_newest_first(reading.lines):
        reading.lines.reverse()
    _leave_repeated_out(reading)
    lines = reading.lines
    reading.account = reading.account or next((line.account for line in lines if line.account), "")
    with_balance = [line for line in lines if line.balance is not None]
    if with_balance and len(with_balance) == len(lines):
        first, last = lines[0], lines[-1]
        assert first.balance is not None
        if reading.opening is None:
            reading.opening = first.balance - first.amount
        if reading.closing is None:
            reading.closing = last.balance
        before = reading.opening
        for line in lines:
            assert line.balance is not None
            if before + line.amount != line.balance:
                reading.breaks.append(Break(line.row, before + line.amount, line.balance))
            before = line.balance


def _use_signs(lines: list[Line]) -> None:
    """Where all amounts that went out have a minus beside the word, it says the same twice; a single one is a reversal."""
    out = [line for line in lines if line.is_out]
    if all(line.amount > 0 for line in out):
        for line in out:
            line.amount = -line.amount


def _is_newest_first(lines: list[Line]) -> bool:
    """By the balances where they say it, else by the dates."""
    pairs = [(one, other) for one, other in pairwise(lines) if one.balance is not None and other.balance is not None]
    onwards = sum(one.balance + other.amount == other.balance for one, other in pairs)  # type: ignore[operator]
    backwards = sum(other.balance + one.amount == one.balance for one, other in pairs)  # type: ignore[operator]
    if onwards != backwards:
        return backwards > onwards
    return len(lines) > 1 and (lines[0].booked_on, lines[0].booked_at or dt.time()) > (
        lines[-1].booked_on,
        lines[-1].booked_at or dt.time(),
    )


def _leave_repeated_out(reading: Reading) -> None:
    """Give each line its key. The same line twice in a file is one; two movements that look alike are two.

    They are two when the balance of the second follows from the line before it, or when nothing (neither a number
    of the bank nor a balance) says that they are one.
    """
    kept: list[Line] = []
    seen: Counter[tuple[object, ...]] = Counter()
    rows: dict[tuple[object, ...], int] = {}
    for line in reading.lines:
        identity = _identity(line)
        before = kept[-1].balance if kept else None
        follows = line.balance is not None and before is not None and before + line.amount == line.balance
        is_unmarked = not line.serial and line.balance is None
        if seen[identity] and not follows and not is_unmarked:
            reading.again.append((line.row, rows[identity]))
            continue
        seen[identity] += 1
        rows.setdefault(identity, line.row)
        text = "\x1f".join(map(str, (*identity, seen[identity])))
        line.key = hashlib.sha256(text.encode()).hexdigest()
        kept.append(line)
    reading.lines = kept


def _identity(line: Line) -> tuple[object, ...]:
    if line.serial:
        return line.serial, line.booked_on, line.amount
    party = re.sub(r"\W", "", unicodedata.normalize("NFKC", line.payer_account or line.payer))
    return "", line.booked_on, line.amount, party, "" if line.balance is None else line.balance


def likely_row(head: list[RawRow]) -> int:
    """The row that most likely holds headings, where none are known."""
    filled = {number: sum(map(bool, row)) for number, row in enumerate(head, 1) if not looks_like_data(row)}
    return max(filled, key=lambda number: (filled[number], -number), default=1)
