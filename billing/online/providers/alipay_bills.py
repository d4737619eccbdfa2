"""The text of Alipay's bills: lines of remarks that begin with #, a head, lines, totals in the remarks."""

import csv
import re

from billing.online.providers.base import BillKind, BillRow, FundRow, ProviderError
from billing.online.providers.bills import fen, moment

KINDS = {"交易": BillKind.PAYMENT, "退款": BillKind.REFUND}
SUMMARY = "汇总"  # in the names of the files that hold no lines
TRADE_TOTALS = re.compile(r"#(交易|退款)合计：(\d+)笔")


def trades(files: dict[str, bytes]) -> list[BillRow]:
    lines, remarks = _read(files)
    rows = [_trade(line) for line in lines if line["业务类型"] in KINDS]
    for word, told in TRADE_TOTALS.findall(remarks):
        if int(told) != sum(row.kind == KINDS[word] for row in rows):
            raise ProviderError("The lines of Alipay's bill are not those of its totals.")
    return rows


def _trade(line: dict[str, str]) -> BillRow:
    kind, number = KINDS[line["业务类型"]], line["退款批次号/请求号"]
    is_refund = kind == BillKind.REFUND
    return BillRow(
        kind=kind,
        order_number=line["商户订单号"],
        refund_number=number if is_refund else "",
        external_id=number if is_refund else line["支付宝交易号"],
        amount_fen=abs(fen(line["订单金额（元）"])),
        fee_fen=-fen(line["服务费（元）"]),  # what the merchant pays is negative there
        at=moment(line["完成时间"]),
    )


def funds(files: dict[str, bytes]) -> list[FundRow]:
    lines, _remarks = _read(files)
    return [_fund(line) for line in lines]


def _fund(line: dict[str, str]) -> FundRow:
    return FundRow(
        number=line["账务流水号"],
        external_id=line["业务流水号"],
        kind=line["业务类型"],
        amount_fen=fen(line["收入金额（+元）"] or "0") - abs(fen(line["支出金额（-元）"] or "0")),
        balance_fen=fen(line["账户余额（元）"]),
        at=moment(line["发生时间"]),
        remarks=line["备注"],
    )


def _read(files: dict[str, bytes]) -> tuple[list[dict[str, str]], str]:
    """The lines of the file of details by the names of their columns, and all remarks."""
    contents = [content.decode("gb18030") for name, content in files.items() if SUMMARY not in name]
    if len(contents) != 1:
        raise ProviderError("Alipay's bill holds no file of details.")
    written = contents[0].removeprefix("\ufeff").splitlines()
    lines = list(csv.reader(line for line in written if line.strip() and not line.startswith("#")))
    remarks = "\n".join(line for line in written if line.startswith("#"))
    if not lines:
        return [], remarks
    head, *rows = [[value.strip() for value in line] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows], remarks
