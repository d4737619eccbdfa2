"""Reading bank statements: files as the bank exports them, made by the tests themselves."""

import datetime as dt
import io

import pytest
from openpyxl import Workbook

from billing.bank import reading
from billing.bank.columns import ICBC, Assignment, known_columns
from portal.untrusted.workbooks import UnreadableSheet
from tests.support.words import said

HEADINGS = ICBC
TITLE = ("中国工商银行 账户明细 账号：4301021109000123456 币种：人民币",)


def row(serial, moment, amount, balance, payer="湖畔大学", remark="采集费", direction=None):
    way = direction or ("贷" if amount > 0 else "借")
    out, money = (f"{-amount:,.2f}", "") if amount < 0 else ("", f"{amount:,.2f}")
    return (
        serial, "4301021109000123456", "320100001", moment, way, out, money, "102", "转账", remark, payer, f"{balance:,.2f}", ""
    )  # fmt: skip


ROWS = [
    row("B001", "2022-11-18 10:00:01", 15000, 115000),
    row("B002", "2022-11-18 11:20:00", -200.5, 114799.5, "办公用品有限公司", "货款"),
    row("B003", "2022-11-19 09:00:00", 4500, 119299.5, "江畔学院（财务处）", "TC221000278"),
]


def csv_file(*rows, headings=HEADINGS, title=TITLE, encoding="gb18030") -> bytes:
    lines = [title, headings, *rows] if title else [headings, *rows]
    return "\r\n".join(",".join(f'"{cell}"' for cell in line) for line in lines).encode(encoding)


def xlsx_file(*rows, headings=HEADINGS, title=TITLE) -> bytes:
    book = Workbook()
    for line in [title, headings, *rows]:
        book.active.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("make", [csv_file, xlsx_file])
def test_icbcs_export_is_understood_by_itself(make):
    found = reading.read(make(*ROWS))
    assert [line.amount for line in found.lines] == [1_500_000, -20_050, 450_000]
    first = found.lines[0]
    assert (first.serial, first.booked_on, first.booked_at) == ("B001", dt.date(2022, 11, 18), dt.time(10, 0, 1))
    assert (first.payer, first.payer_account) == ("湖畔大学", "320100001")
    assert "采集费" in first.remark
    assert found.account == "4301021109000123456"


@pytest.mark.parametrize(
    ("headings", "places"),
    [
        (
            "凭证号 对方账号 交易时间 借贷标志 对方单位 对方行号 用途 摘要 附言 回单个性化信息 转入金额 转出金额 支付凭证种类 余额",
            {
                "serial": [0],
                "date": [2],
                "payer": [4],
                "credit": [10],
                "debit": [11],
                "balance": [13],
                "remark": [6, 7, 8, 9],
            },
        ),
        (
            "对方账号 交易时间 对方单位 用途 摘要 附言 回单个性化信息 余额 转出金额 转入金额",
            {"date": [1], "payer": [2], "credit": [9], "debit": [8], "balance": [7], "remark": [3, 4, 5, 6]},
        ),
        (
            "账号 账户名称 交易时间 借方发生额（支取） 贷方发生额（收入） 余额 币种 对方户名 对方账号 记账日期 摘要 账户明细编号-交易流水号",
            {"serial": [11], "date": [2], "payer": [7], "credit": [4], "debit": [3], "balance": [5], "currency": [6]},
        ),
        (
            "会计日期 摘要 借方发生额（支出） 贷方发生额（收入） 账户余额 对方户名",
            {"date": [0], "payer": [5], "credit": [3], "debit": [2], "balance": [4], "remark": [1]},
        ),
        (
            "交易日期 交易金额 对方户名 对方账号 摘要 交易流水号 收/支",
            {"serial": [5], "date": [0], "payer": [2], "amount": [1], "direction": [6], "remark": [4]},
        ),
    ],
    ids=["icbc_with_direction", "icbc_without", "ccb", "bocom", "one_amount"],
)
def test_headings_of_other_exports_are_understood(headings, places):
    found = known_columns(1, headings.split())
    assert found.is_complete
    assert {name: found.places.get(name) for name in places} == places


@pytest.mark.parametrize(
    ("written", "amounts"),
    [
        (("-15.50", "-3.00", "1200.00"), [-1550, -300, 120_000]),  # the minus says it again
        (("15.50", "3.00", "1200.00"), [-1550, -300, 120_000]),
        (("15.50", "-3.00", "-1200.00"), [-1550, 300, -120_000]),  # reversals
    ],
)
def test_an_amount_with_a_minus_beside_its_direction(written, amounts):
    rows = [
        (f"2026-01-1{day} 08:00:00", amount, f"{day}", way)
        for day, (amount, way) in enumerate(zip(written, ("支出", "支出", "收入"), strict=True))
    ]
    content = csv_file(*rows, headings=("交易日期", "交易金额", "交易流水号", "收/支"), title=None)
    assert [line.amount for line in reading.read(content).lines] == amounts


def test_opening_and_movements_make_the_closing_balance():
    found = reading.read(csv_file(*ROWS))
    assert (found.opening, found.closing, found.difference, found.breaks) == (10_000_000, 11_929_950, 0, [])


def test_newest_first_is_read_in_the_order_of_time():
    onwards, backwards = reading.read(csv_file(*ROWS)), reading.read(csv_file(*reversed(ROWS)))
    assert [line.key for line in onwards.lines] == [line.key for line in backwards.lines]
    assert backwards.opening == 10_000_000


def test_a_missing_line_is_told_with_its_row():
    found = reading.read(csv_file(ROWS[0], ROWS[2]))
    assert found.breaks == [reading.Break(4, 11_950_000, 11_929_950)]
    assert found.difference == -20_050


def test_balances_of_the_title_are_held_against_the_movements():
    title = ("账号：4301021109000123456 期初余额：100,000.00 期末余额：120,000.00",)
    found = reading.read(csv_file(*ROWS, title=title))
    assert found.difference == 70_050


def test_one_line_twice_in_a_file_is_one():
    found = reading.read(csv_file(ROWS[0], ROWS[0], ROWS[1]))
    assert len(found.lines) == 2
    assert found.again == [(4, 3)]


def test_two_payments_that_look_alike_are_two():
    twins = [row("B009", "2022-11-18", 15000, 115000), row("B009", "2022-11-18", 15000, 130000)]
    found = reading.read(csv_file(*twins))
    assert len({line.key for line in found.lines}) == 2
    assert not found.again


def test_without_number_and_balance_each_row_counts():
    headings = ("交易日期", "收入", "支出", "对方户名", "附言")
    rows = [("20221118", "150.00", "", "湖畔大学", ""), ("20221118", "150.00", "", "湖畔大学", "")]
    found = reading.read(csv_file(*rows, headings=headings, title=None))
    assert len({line.key for line in found.lines}) == 2
    assert found.opening is None


def test_the_key_is_the_same_in_a_file_of_another_kind():
    one, other = reading.read(csv_file(*ROWS)), reading.read(xlsx_file(*ROWS[:2]))
    assert {line.key for line in other.lines} < {line.key for line in one.lines}


def test_sums_below_the_list_are_no_movements():
    found = reading.read(csv_file(*ROWS, ("合计", "", "", "", "", "200.50", "19,500.00")))
    assert len(found.lines) == 3


@pytest.mark.parametrize(
    ("cell", "value", "code"),
    [
        (6, "一万五", "amount"),
        (6, "15000.123", "amount"),
        (3, "2022-13-40", "date"),
        (6, "", "no_money"),
        (5, "1.00", "both"),
        (11, "x1", "amount"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(cell, value, code):
    wrong = list(ROWS[0])
    wrong[cell] = value
    found = reading.read(csv_file(wrong, ROWS[1]))
    column = HEADINGS[6] if code == "both" else HEADINGS[cell]
    assert [(each.row, each.column, each.code) for each in found.problems] == [(3, column, code)]
    assert str(found.problems[0]).startswith("第 3 行")


def test_unknown_columns_are_read_as_a_person_assigned_them():
    headings = ("Wann", "Wieviel", "Wer", "Rest")
    content = csv_file(("2022/11/18", "+15.00", "湖畔大学", "115.00"), headings=headings, title=None)
    with pytest.raises(reading.UnknownColumns):
        reading.read(content)
    fields = {"wann": "date", "wieviel": "amount", "wer": "payer", "rest": "balance"}
    found = reading.read(content, assignment=Assignment(fields, "CSV", 1))
    assert (found.lines[0].amount, found.lines[0].payer, found.opening) == (1500, "湖畔大学", 10_000)
    assert reading.read(content, remembered={"wann\nwieviel\nwer\nrest": fields}).lines == found.lines


def test_foreign_money_keeps_its_currency():
    headings = (*HEADINGS, "币种")
    found = reading.read(csv_file((*ROWS[0], "美元"), (*ROWS[1], "人民币"), headings=headings))
    assert [line.currency for line in found.lines] == ["USD", "CNY"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"\x00\x01\x02" * 50, b"<html><table></table></html>"])
def test_what_is_no_statement_is_refused_with_a_sentence(content):
    with pytest.raises(UnreadableSheet):
        reading.read(content)


def test_a_table_without_movements_is_refused():
    with pytest.raises(UnreadableSheet, match=said("There are headings but no movements below them.")):
        reading.read(csv_file())
