"""The text of WeChat Pay's bills: a head, lines whose values begin with a backtick, and two lines of totals."""

from billing.online.providers.base import BillKind, BillRow, FundRow, ProviderError
from billing.online.providers.bills import fen, moment

PAID, REFUND = "SUCCESS", "REFUND"  # 交易状态
NOT_REFUNDED = ("FAIL", "CHANGE")  # 退款状态


def trades(text: str) -> list[BillRow]:
    lines, totals = _read(text)
    rows = [_trade(line) for line in lines if _moved_money(line)]
    _require(totals["总交易单数"] == str(len(lines)), "lines")
    paid = sum(row.amount_fen for row in rows if row.kind == BillKind.PAYMENT)
    _require(fen(totals["订单总金额"]) == paid, "amounts")
    return rows


def _moved_money(line: dict[str, str]) -> bool:
    state = line["交易状态"]
    return state == PAID or (state == REFUND and line["退款状态"] not in NOT_REFUNDED)


def _trade(line: dict[str, str]) -> BillRow:
    order, fee, at = line["商户订单号"], fen(line["手续费"]), moment(line["交易时间"])
    if line["交易状态"] == PAID:
        return BillRow(BillKind.PAYMENT, order, "", line["微信订单号"], fen(line["订单金额"]), fee, at)
    number, external_id = line["商户退款单号"], line["微信退款单号"]
    return BillRow(BillKind.REFUND, order, number, external_id, fen(line["申请退款金额"]), fee, at)


def funds(text: str) -> list[FundRow]:
    lines, totals = _read(text)
    rows = [_fund(line) for line in lines]
    _require(totals["资金流水总笔数"] == str(len(rows)), "lines")
    for name, sign in (("收入金额", 1), ("支出金额", -1)):
        _require(
            fen(totals[name]) == sum(sign * row.amount_fen for row in rows if sign * row.amount_fen > 0), "amounts"
        )
    return rows


def _fund(line: dict[str, str]) -> FundRow:
    sign = {"收入": 1, "支出": -1}[line["收支类型"]]
    return FundRow(
        number=line["资金流水单号"],
        external_id=line["微信支付业务单号"],
        kind=line["业务类型"],
        amount_fen=sign * fen(line["收支金额(元)"]),
        balance_fen=fen(line["账户结余(元)"]),
        at=moment(line["记账时间"]),
        remarks=line["备注"],
    )


def _read(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The lines and the totals, by the names of their columns."""
    head, *lines = text.removeprefix("\ufeff").strip().splitlines()
    *lines, totals_head, totals = lines
    return [_by_name(head, line) for line in lines], _by_name(totals_head, totals)


def _by_name(head: str, line: str) -> dict[str, str]:
    return dict(zip(head.split(","), line.removeprefix("`").split(",`"), strict=True))


def _require(is_right: bool, what: str) -> None:
    if not is_right:
        raise ProviderError(f"The {what} of WeChat Pay's bill are not those of its totals.")
