"""The columns of a bank's export: which headings are known, and what people have said about others.

ICBC's corporate export has the headings `ICBC` below a title line. Its other exports (转入金额 and 转出金额, with or without
借贷标志) and those of other banks that say the same in other words are known too: the headings are those that programs published
by others read. No export of a real account has been seen.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from students.roster.headings import RawRow, keys_of

ICBC = (
    "凭证号", "本方账号", "对方账号", "交易时间", "借/贷", "借方发生额", "贷方发生额", "对方行号", "摘要", "用途", "对方单位名称", "余额", "个性化信息"
)  # fmt: skip
# {field: (label, known headings)}. The first heading of a field that a file has is taken.
FIELDS: dict[str, tuple[Any, tuple[str, ...]]] = {
    "serial": (
        _("Bank reference"),
        (
            "交易流水号",
            "银行流水号",
            "核心流水号",
            "业务流水号",
            "流水号",
            "交易参考号",
            "账户明细编号-交易流水号",
            "账户明细编号",
            "凭证号",
            "凭证号码",
        ),
    ),
    "date": (
        _("Date"),
        (
            "交易时间",
            "交易日期",
            "记账日期",
            "入账日期",
            "入账时间",
            "记账时间",
            "交易日",
            "记账日",
            "会计日期",
            "发生时间",
            "起息日",
            "日期",
        ),
    ),
    "credit": (
        _("Money in"),
        (
            "贷方发生额",
            "贷方金额",
            "贷方",
            "收入金额",
            "收入",
            "转入金额",
            "存入金额",
            "贷方发生额(收入)",
            "贷方发生额/元(收入)",
            "收入(贷方)",
            "收方金额",
            "转入",
        ),
    ),
    "debit": (
        _("Money out"),
        (
            "借方发生额",
            "借方金额",
            "借方",
            "支出金额",
            "支出",
            "转出金额",
            "支取金额",
            "借方发生额(支取)",
            "借方发生额/元(支取)",
            "借方发生额(支出)",
            "支出(借方)",
            "付方金额",
            "取出金额",
            "转出",
        ),
    ),
    "amount": (_("Amount, with a sign or beside 借/贷"), ("交易金额", "发生额", "金额")),
    "direction": (_("In or out (借/贷)"), ("借/贷", "借贷标志", "借贷方向", "收支方向", "收/支", "借贷")),
    "balance": (_("Balance"), ("余额", "账户余额", "当前余额", "本次余额", "交易后余额")),
    "payer": (
        _("Other party"),
        (
            "对方单位名称",
            "对方户名",
            "对方账户名称",
            "对方名称",
            "对方单位",
            "对方账号名称",
            "对方账户名",
            "对方客户名",
            "交易对方",
            "付款人名称",
            "付款人户名",
        ),
    ),
    "payer_account": (_("Account of the other party"), ("对方账号", "对方账户", "对方账户号", "付款人账号")),
    "account": (_("Own account"), ("本方账号", "本方账户", "账号")),
    "currency": (_("Currency"), ("币种", "货币", "货币种类")),
    "remark": (
        _("Remark"),
        ("附言", "用途", "摘要", "备注", "个性化信息", "交易附言", "交易摘要", "回单个性化信息", "交易用途"),
    ),
}
MANY = ("remark",)  # several columns may be one
KNOWN = {heading: name for name, (_label, headings) in FIELDS.items() for heading in headings}
_UNIT = re.compile(r"[(/\[](?:单位:?)?(?:人民币)?元[)\]]?$")


@dataclass(frozen=True)
class Assignment:
    """What a person has said. `fields`: {key of a column: field, or "" for none}; `row`: that of the headings."""

    fields: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""
    row: int | None = None

    @property
    def stored(self) -> dict[str, Any]:
        return {"fields": dict(self.fields), "sheet": self.sheet, "row": self.row}


UNASSIGNED = Assignment()


@dataclass
class Columns:
    """The heading row. `places`: {field: indexes of its columns}."""

    row: int
    labels: RawRow
    places: dict[str, list[int]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether a line's date and amount can be read."""
        return "date" in self.places and ("amount" in self.places or "credit" in self.places)

    def label(self, name: str) -> str:
        """The heading as the file has it."""
        return self.labels[self.places[name][0]] if name in self.places else str(FIELDS[name][0])

    @property
    def fields(self) -> dict[int, str]:
        return {index: name for name, indexes in self.places.items() for index in indexes}


def row_key(labels: RawRow) -> str:
    """What a row of headings is remembered by."""
    return "\n".join(keys_of(labels))


def plain(label: str) -> str:
    """A heading as it is compared: without white space, unit and colon."""
    text = "".join(unicodedata.normalize("NFKC", label).split()).rstrip(":")
    return _UNIT.sub("", text)


def known_columns(number: int, labels: RawRow) -> Columns:
    """What the headings of a row say by themselves."""
    found = Columns(number, labels)
    ranks: dict[str, int] = {}
    for index, label in enumerate(labels):
        heading = plain(label)
        name = KNOWN.get(heading)
        if name is None:
            continue
        rank = FIELDS[name][1].index(heading)
        if name in MANY:
            found.places.setdefault(name, []).append(index)
        elif rank < ranks.get(name, len(KNOWN)):
            found.places[name], ranks[name] = [index], rank
    if "credit" in found.places and "amount" in found.places:
        del found.places["amount"]
    return found


def assigned_columns(number: int, labels: RawRow, fields: Mapping[str, str]) -> Columns:
    found = Columns(number, labels)
    for index, key in enumerate(keys_of(labels)):
        if name := fields.get(key):
            found.places.setdefault(name, []).append(index)
    return found


def find_columns(head: list[RawRow], remembered: Mapping[str, Mapping[str, str]]) -> Columns | None:
    """The heading row among the first rows: one that is remembered, else the one with the most known headings."""
    for number, labels in enumerate(head, 1):
        if fields := remembered.get(row_key(labels)):
            return assigned_columns(number, labels, fields)
    found = [known_columns(number, labels) for number, labels in enumerate(head, 1)]
    best = max(found, key=lambda columns: len(columns.fields), default=None)
    return best if best and best.is_complete else None
