"""An Alipay of our own: its gateway verifies the merchant's RSA2 signatures and signs its answers and notices."""

import base64
import csv
import datetime as dt
import hashlib
import io
import json
import secrets
import zipfile
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from billing.online.providers import CallbackMessage
from billing.online.providers.bills import ZONE
from tests.support.payment_peers.peer import (
    Booked,
    Peer,
    PeerHandler,
    certificate,
    certificate_pem,
    private_pem,
    public_pem,
    sign,
    yuan,
)

MERCHANT, APP = "2088102169481075", "2021000000000001"
PAGES = {"alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY", "alipay.trade.wap.pay": "QUICK_WAP_WAY"}
TRADE_HEAD = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
    "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
FUND_HEAD = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,"
    "业务类型,备注"
)
Answered = dict[str, Any]


def refused(code: str) -> Answered:
    return {"code": "40004", "msg": "Business Failed", "sub_code": code, "sub_msg": "refused"}


BUYER = "2088102177778888"  # the payer, for as long as the account lives


class AlipayPeer(Peer):
    """`orders` are its trades, `refunds` theirs, by the merchant's numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.own_certificate = certificate(self.platform_key, "CN", "Ant Financial", "Alipay", "Alipay Public")
        self.app_certificate = certificate(self.merchant_key, "CN", "Center", "Alipay", MERCHANT)
        self.roots = [certificate(self.stranger, "CN", "Ant", "Root", f"Root R{number}") for number in (1, 2)]

    def reset(self) -> None:
        super().reset()
        self.uses_certificates = False
        self.notify_addresses: dict[str, str] = {}

    def merchant(self, *, by_public_key: bool = True) -> dict[str, str]:
        """The merchant in settings.PAYMENT_MERCHANTS."""
        values = {
            "provider": "alipay",
            "address": f"{self.address}/gateway.do",
            "merchant": MERCHANT,
            "app": APP,
            "private_key": private_pem(self.merchant_key),
        }
        if by_public_key:  # as Alipay's pages show it, without the lines around it
            return values | {"public_key": "".join(public_pem(self.platform_key).splitlines()[1:-1])}
        return values | {
            "app_certificate": certificate_pem(self.app_certificate),
            "alipay_certificate": certificate_pem(self.own_certificate),
            "root_certificate": "".join(map(certificate_pem, self.roots)),
        }

    # What happens at Alipay without the merchant.

    def open(self, url: str) -> bool:
        """The payer signs in on the page at this address; whether the page takes the order."""
        return self._open(dict(parse_qsl(urlsplit(url).query)))

    def _open(self, asked: dict[str, str]) -> bool:
        if not self._is_signed_by_merchant(asked) or asked["method"] not in PAGES:
            return False
        order = json.loads(asked["biz_content"])
        ends = dt.datetime.strptime(order["time_expire"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
        if order["product_code"] != PAGES[asked["method"]] or ends < dt.datetime.now(ZONE):
            return False
        number = order["out_trade_no"]
        trade = self.orders.setdefault(number, self._trade(number, order["total_amount"], asked["method"]))
        self.notify_addresses[number] = asked["notify_url"]
        return trade["trade_status"] == "WAIT_BUYER_PAY"

    def pay(self, number: str, *, amount: int | None = None, **changed: Any) -> CallbackMessage:
        """The payer pays; returns the notice, which is delivered when, and as often as, the test likes."""
        trade = self.orders.setdefault(number, self._trade(number, yuan(amount or 0), ""))
        was_paid = trade["trade_status"] == "TRADE_SUCCESS"
        if amount is not None:
            trade["total_amount"] = yuan(amount)
        trade.update({"trade_status": "TRADE_SUCCESS", "send_pay_date": f"{self.now():%Y-%m-%d %H:%M:%S}"})
        if not was_paid:
            self.enter(number, "", trade["trade_no"], trade["trade_no"], fen(trade["total_amount"]))
        return self.notice(number, **changed)

    def pay_elsewhere(self, number: str) -> CallbackMessage:
        """A notice, rightly signed, of a payment to another merchant; here nothing is paid."""
        return self.notice(number, seller_id="2088000000009999", trade_status="TRADE_SUCCESS")

    def notice(self, number: str, **changed: Any) -> CallbackMessage:
        """Of the trade as it is, signed; with a refund it tells of the last one."""
        trade = self.orders[number]
        told = {
            "notify_type": "trade_status_sync",
            "notify_id": secrets.token_hex(16),
            "notify_time": f"{self.now():%Y-%m-%d %H:%M:%S}",
            "charset": "utf-8",
            "version": "1.0",
            "app_id": APP,
            "auth_app_id": APP,
            "seller_id": MERCHANT,
            "buyer_id": BUYER,
            "subject": "毕业照",
            "body": "",
            **{name: value for name, value in trade.items() if name not in ("method", "send_pay_date")},
        }
        refunds = [refund for refund in self.refunds.values() if refund["out_trade_no"] == number]
        if refunds:
            told["refund_fee"], told["out_biz_no"] = refunds[-1]["refund_amount"], refunds[-1]["out_request_no"]
            told["gmt_refund"] = told["notify_time"]
        return self.signed(told | changed)

    def signed(self, told: dict[str, str], fault: str = "") -> CallbackMessage:
        content = "&".join(f"{name}={value}" for name, value in sorted(told.items()))
        signature = sign(self.stranger if fault == "forged" else self.platform_key, content)
        body = urlencode(told | {"sign_type": "RSA2", "sign": signature})
        return CallbackMessage({"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"}, body.encode())

    # What the merchant asks for.

    def handle(self, http: PeerHandler) -> None:
        place = urlsplit(http.path)
        if place.path == "/bill":
            http.reply(200, self.files[parse_qs(place.query)["name"][0]], {}, "application/octet-stream")
            return
        if http.command == "GET" or place.path == "/cashier":
            self._show_page(http, place.path, dict(parse_qsl(place.query)))
            return
        asked = dict(parse_qsl(http.body(), keep_blank_values=True))
        method = asked.get("method", "")
        kind = {"alipay.trade.fastpay.refund.query": "query_refund"}.get(method, method.rpartition(".")[2])
        kind = "bill" if method.startswith("alipay.data.") else kind
        fault = self.take_fault(kind)
        if fault == "500":
            http.reply(500, "", {})
            return
        if self._is_signed_by_merchant(asked):
            answer = getattr(self, f"_{kind}")(json.loads(asked["biz_content"]))
        else:  # so it answers those whom it does not know: without a signature
            answer, fault = (
                {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.invalid-signature"},
                "unsigned",
            )
        if fault == "lost":
            http.hang_up()
            return
        http.reply(200, self.signed_answer(f"{method.replace('.', '_')}_response", answer, fault), {})

    def _show_page(self, http: PeerHandler, path: str, asked: dict[str, str]) -> None:
        """The page where the payer signs in, and what its button does. The notice of the payment never comes."""
        if path == "/cashier":
            self.pay(asked["number"])
            http.reply(302, "", {"Location": asked["back"]})
        elif self._open(asked):
            order = json.loads(asked["biz_content"])
            ask = urlencode({"number": order["out_trade_no"], "back": asked["return_url"]})
            page = f'<h1>{order["total_amount"]}</h1><form method="post" action="/cashier?{ask}"><button>OK</button></form>'
            http.reply(200, page, {}, "text/html; charset=utf-8")
        else:
            http.reply(400, "", {})

    def signed_answer(self, name: str, answer: Answered, fault: str = "") -> str:
        content = json.dumps(answer, ensure_ascii=False)
        if fault == "unsigned":
            return f'{{"{name}":{content}}}'
        signature = sign(self.stranger if fault == "forged" else self.platform_key, content)
        number = f'"alipay_cert_sn":"{certificate_number(self.own_certificate)}",' if self.uses_certificates else ""
        return f'{{"{name}":{content},{number}"sign":"{signature}"}}'

    def _is_signed_by_merchant(self, asked: dict[str, str]) -> bool:
        told = {name: value for name, value in asked.items() if name != "sign"}
        if self.uses_certificates:
            numbers = (asked.get("app_cert_sn"), asked.get("alipay_root_cert_sn"))
            roots = "_".join(map(certificate_number, self.roots))
            if numbers != (certificate_number(self.app_certificate), roots):
                return False
        message = "&".join(f"{name}={value}" for name, value in sorted(told.items())).encode()
        signature = base64.b64decode(asked.get("sign", ""))
        try:
            self.merchant_key.public_key().verify(signature, message, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return asked["app_id"] == APP and asked["sign_type"] == "RSA2"

    def _trade(self, number: str, amount: str, method: str) -> dict[str, Any]:
        return {
            "out_trade_no": number,
            "trade_no": f"{self.now():%Y%m%d}22001{secrets.randbelow(10**15):015d}",
            "trade_status": "WAIT_BUYER_PAY",
            "total_amount": amount,
            "method": method,
        }

    def _query(self, asked: dict[str, Any]) -> Answered:
        trade = self.orders.get(asked["out_trade_no"])
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        return {"code": "10000", "msg": "Success", **{name: trade[name] for name in trade if name != "method"}}

    def _close(self, asked: dict[str, Any]) -> Answered:
        trade = self.orders.get(asked["out_trade_no"])
        if trade is None:
            return refused("ACQ.TRADE_NOT_EXIST")
        if trade["trade_status"] != "WAIT_BUYER_PAY":
            return refused("ACQ.REASON_TRADE_STATUS_INVALID")
        trade["trade_status"] = "TRADE_CLOSED"
        return {"code": "10000", "msg": "Success", "out_trade_no": trade["out_trade_no"]}

    def _refund(self, asked: dict[str, Any]) -> Answered:
        paid = [trade for trade in self.orders.values() if trade["trade_no"] == asked["trade_no"]]
        known = self.refunds.get(asked["out_request_no"])
        if not known and (not paid or paid[0]["trade_status"] != "TRADE_SUCCESS"):
            return refused("ACQ.TRADE_STATUS_ERROR")
        number = paid[0]["out_trade_no"]
        if not known:
            self.make_refund(number, asked["out_request_no"], asked["refund_amount"])
        told = {"out_trade_no": number, "trade_no": asked["trade_no"], "refund_fee": asked["refund_amount"]}
        return {"code": "10000", "msg": "Success", **told, "fund_change": "N" if known else "Y"}

    def make_refund(self, number: str, request: str, amount: str) -> None:
        trade = self.orders[number]
        trade["trade_status"] = "TRADE_CLOSED"
        self.refunds[request] = {"out_trade_no": number, "out_request_no": request, "refund_amount": amount}
        self.enter(number, request, request, trade["trade_no"], fen(amount))

    def _query_refund(self, asked: dict[str, Any]) -> Answered:
        if asked["out_trade_no"] not in self.orders:
            return refused("ACQ.TRADE_NOT_EXIST")
        known = self.refunds.get(asked["out_request_no"])
        told = known | {"refund_status": "REFUND_SUCCESS"} if known else {}
        return {"code": "10000", "msg": "Success", **told}

    def _bill(self, asked: dict[str, Any]) -> Answered:
        rows = self.booked_on(asked["bill_date"])
        if not rows:
            return refused("isp.bill_not_exist")
        name = f"{asked['bill_type']}-{asked['bill_date']}"
        details = _trade_bill(rows) if asked["bill_type"] == "trade" else _fund_bill(rows)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as files:
            files.writestr(_Entry("2088_业务明细.csv"), details.encode("gbk"))
            files.writestr(_Entry("2088_业务明细(汇总).csv"), "#支付宝业务汇总查询\r\n".encode("gbk"))
        self.files[name] = packed.getvalue()
        return {"code": "10000", "msg": "Success", "bill_download_url": f"{self.address}/bill?name={name}"}


class _Entry(zipfile.ZipInfo):
    """Its name is written in GBK, without the mark of UTF-8, as Alipay packs."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:
        return self.filename.encode("gbk"), self.flag_bits


def _trade_bill(rows: list[Booked]) -> str:
    lines = [_trade_line(row) for row in rows]
    parts = []
    for word, sign_of in (("交易", 1), ("退款", -1)):
        amounts = [row.sign * row.amount_fen for row in rows if row.sign == sign_of]
        parts.append(f"#{word}合计：{len(amounts)}笔，商家实收共{yuan(sum(amounts))}元，商家优惠共0.00元")
    return _file("业务明细", TRADE_HEAD, lines, parts)


def _trade_line(row: Booked) -> list[str]:
    amount, at = yuan(row.sign * row.amount_fen), f"{row.at:%Y-%m-%d %H:%M:%S}"
    begin = [
        f"{row.trade_id}\t",
        f"{row.order_number}\t",
        "退款" if row.refund_number else "交易",
        "毕业照, 电子版",
        at,
        at,
    ]
    middle = ["", "", "", "", "buy***@example.org", amount, amount, *["0.00"] * 5, "", "0.00", "0.00"]
    return [*begin, *middle, row.refund_number and f"{row.refund_number}\t", yuan(-row.fee_fen), "0.00", ""]


def _fund_bill(rows: list[Booked]) -> str:
    lines, balance = [], 0
    for row in rows:
        kind = "退款（交易退款）" if row.refund_number else "在线支付"
        for what, amount in ((kind, row.sign * row.amount_fen), ("收费", -row.fee_fen)):
            balance += amount
            came, went = (yuan(amount), "") if amount > 0 else ("", yuan(amount))
            numbers = [f"{secrets.randbelow(10**18):018d}\t", f"{row.external_id}\t", f"{row.order_number}\t"]
            at = f"{row.at:%Y-%m-%d %H:%M:%S}"
            lines.append([*numbers, "毕业照", at, "buy***", came, went, yuan(balance), "支付宝", what, ""])
    return _file("账务明细", FUND_HEAD, lines, [f"#收支合计：{len(lines)}笔"])


def _file(word: str, head: str, lines: list[list[str]], totals: list[str]) -> str:
    written = io.StringIO()
    written.write(
        f"#支付宝{word}查询\r\n#账号：[20881021694810750156]\r\n#{'-' * 20}{word}列表{'-' * 20}\r\n{head}\r\n"
    )
    csv.writer(written).writerows(lines)
    written.write(f"#{'-' * 20}{word}列表结束{'-' * 20}\r\n" + "\r\n".join(totals) + "\r\n")
    return written.getvalue()


def fen(amount: str) -> int:
    whole, _point, parts = amount.partition(".")
    return int(whole) * 100 + int(parts)


def certificate_number(made: x509.Certificate) -> str:
    """MD5 over the issuer and the serial number, as Alipay's documents say."""
    kinds = (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.ORGANIZATION_NAME, NameOID.COUNTRY_NAME)
    names = [made.issuer.get_attributes_for_oid(kind)[0].value for kind in kinds]
    words = ",".join(f"{name}={value}" for name, value in zip(("CN", "OU", "O", "C"), names, strict=True))
    return hashlib.md5(f"{words}{made.serial_number}".encode()).hexdigest()
