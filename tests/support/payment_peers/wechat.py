"""A WeChat Pay of our own: it speaks version 3 over HTTP, verifies the merchant's signatures, and signs its own.

Beside the faults of every peer there are
    probe       does what was asked, and answers with a signature that is wrong on purpose
    old         does it, and signs with a clock that is six minutes late
"""

import base64
import datetime as dt
import gzip
import hashlib
import json
import re
import secrets
import time
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billing.online.providers import CallbackMessage
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

MERCHANT, APP = "1900000109", "wxd678efh567hg6787"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092024"
AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(.+?)",nonce_str="(.+?)",signature="(.+?)",timestamp="(\d+)",serial_no="(.+?)"'
)
TRADE_HEAD = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TRADE_TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
FUND_HEAD = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,"
    "备注,业务凭证号"
)
FUND_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
Answered = tuple[int, dict[str, Any] | None]


class WeChatPeer(Peer):
    """`orders` and `refunds` are its books, by the merchant's numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.certificate = certificate(self.platform_key)
        self.api_key = secrets.token_hex(16)

    def reset(self) -> None:
        super().reset()
        self.has_certificates = True
        self.codes: dict[str, str] = {}  # of wx.login, and whose they are
        self.uses_public_key = True

    def merchant(self, *, by_public_key: bool = True) -> dict[str, str]:
        """The merchant in settings.PAYMENT_MERCHANTS."""
        values = {
            "provider": "wechat",
            "address": self.address,
            "sign_in_address": self.address,
            "merchant": MERCHANT,
            "app": APP,
            "certificate_serial": "444F4864EA9B34415",
            "private_key": private_pem(self.merchant_key),
            "api_key": self.api_key,
            "app_secret": "secret of the app",
        }
        key = {"public_key_id": PUBLIC_KEY_ID, "public_key": public_pem(self.platform_key)}
        return values | key if by_public_key else values

    # What happens at WeChat without the merchant.

    def pay(self, number: str, *, amount: int | None = None, **changed: Any) -> CallbackMessage:
        """The payer pays; returns the message, which is delivered when, and as often as, the test likes."""
        order = self.orders.setdefault(number, self._order(number, amount or 0))
        was_paid = order["trade_state"] == "SUCCESS"
        order.update({"trade_state": "SUCCESS", "transaction_id": f"42{secrets.randbelow(10**20):020d}"})
        if amount is not None:
            order["amount"]["total"] = amount
        if not was_paid:
            self.enter(number, "", order["transaction_id"], order["transaction_id"], order["amount"]["total"])
        return self.message("TRANSACTION.SUCCESS", order | changed)

    def pay_elsewhere(self, number: str) -> CallbackMessage:
        """A message, rightly signed, of a payment to another merchant; here nothing is paid."""
        changed = {"mchid": "1900009999", "transaction_id": f"43{number}", "trade_state": "SUCCESS"}
        return self.message("TRANSACTION.SUCCESS", self.orders[number] | changed)

    def finish_refund(self, number: str, status: str = "SUCCESS") -> CallbackMessage:
        refund = self.refunds[number]
        if status == "SUCCESS" != refund["status"]:
            at_wechat = refund["refund_id"], refund["transaction_id"]
            self.enter(refund["out_trade_no"], number, *at_wechat, refund["amount"]["refund"])
        refund["status"] = status
        told = {name: value for name, value in refund.items() if name != "status"}
        return self.message(f"REFUND.{status}", told | {"refund_status": status, "mchid": MERCHANT})

    def message(self, event: str, resource: dict[str, Any]) -> CallbackMessage:
        nonce, kind = secrets.token_hex(6), event.partition(".")[0].lower()
        sealed = AESGCM(self.api_key.encode()).encrypt(nonce.encode(), json.dumps(resource).encode(), kind.encode())
        body = {
            "id": secrets.token_hex(16),
            "create_time": dt.datetime.now(dt.UTC).isoformat(),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "resource": {
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "nonce": nonce,
                "associated_data": kind,
            },
        }
        text = json.dumps(body)
        return CallbackMessage(self.signature_headers(text), text.encode())

    def signature_headers(self, body: str, fault: str = "") -> dict[str, str]:
        now = str(int(time.time()) - (360 if fault == "old" else 0))
        nonce = secrets.token_hex(16)
        signature = sign(self.stranger if fault == "forged" else self.platform_key, f"{now}\n{nonce}\n{body}\n")
        return {
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PUBLIC_KEY_ID if self.uses_public_key else f"{self.certificate.serial_number:X}",
            "Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{signature}" if fault == "probe" else signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Timestamp": now,
        }

    # What the merchant asks for.

    def handle(self, http: PeerHandler) -> None:
        if http.path.startswith("/sns/jscode2session?"):
            http.reply(200, json.dumps(self._identify(parse_qs(http.path.partition("?")[2]))), {})
            return
        body = http.body()
        kind, number = _kind(http.command, http.path)
        fault = self.take_fault(kind)
        if fault == "500":
            http.reply(500, "", {})
            return
        if kind == "download" and self._is_signed_by_merchant(http, body):
            content = gzip.compress(b"another file") if fault == "forged" else self.files[number]
            http.reply(200, content, {}, "application/octet-stream")
            return
        if self._is_signed_by_merchant(http, body):
            status, answer = getattr(self, f"_{kind}")(number, json.loads(body or "{}"))
        else:
            status, answer = 401, {"code": "SIGN_ERROR", "message": "the signature is wrong"}
        if fault == "lost":
            http.hang_up()
            return
        text = "" if answer is None else json.dumps(answer)
        http.reply(status, text, {} if fault == "unsigned" else self.signature_headers(text, fault))

    def _identify(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        """A code is good once, and only with the secret of the app."""
        if (asked["appid"], asked["secret"]) != ([APP], ["secret of the app"]):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        openid = self.codes.pop(asked["js_code"][0], None)
        return {"openid": openid, "session_key": "…"} if openid else {"errcode": 40163, "errmsg": "code been used"}

    def _is_signed_by_merchant(self, http: PeerHandler, body: str) -> bool:
        found = AUTHORIZATION.fullmatch(http.headers.get("Authorization", ""))
        if not found or found[1] != MERCHANT:
            return False
        message = "".join(f"{line}\n" for line in (http.command, http.path, found[4], found[2], body)).encode()
        try:
            self.merchant_key.public_key().verify(base64.b64decode(found[3]), message, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def _order(self, number: str, total: int) -> dict[str, Any]:
        return {
            "mchid": MERCHANT,
            "appid": APP,
            "out_trade_no": number,
            "trade_state": "NOTPAY",
            "amount": {"total": total, "currency": "CNY"},
        }

    def _start(self, way: str, asked: dict[str, Any]) -> Answered:
        needed = {"native": [], "h5": ["scene_info"], "jsapi": ["payer"]}[way]
        expires = dt.datetime.fromisoformat(asked["time_expire"])
        if any(name not in asked for name in needed) or asked["appid"] != APP or expires < dt.datetime.now(dt.UTC):
            return 400, {"code": "PARAM_ERROR", "message": "a parameter is wrong"}
        known = self.orders.setdefault(
            asked["out_trade_no"], self._order(asked["out_trade_no"], asked["amount"]["total"])
        )
        if known.setdefault("asked", {"way": way, **asked}) != {"way": way, **asked}:
            return 400, {"code": "INVALID_REQUEST", "message": "this number was used with other parameters"}
        if known["trade_state"] != "NOTPAY":
            code = {"SUCCESS": "ORDERPAID", "CLOSED": "ORDER_CLOSED"}.get(known["trade_state"], "INVALID_REQUEST")
            return 400, {"code": code, "message": "not any more"}
        given = {
            "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={number_of(asked)}"},
            "h5": {"h5_url": f"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx{number_of(asked)}"},
            "jsapi": {"prepay_id": f"wx{number_of(asked)}"},
        }
        return 200, given[way]

    def _query(self, number: str, asked: dict[str, Any]) -> Answered:
        if number not in self.orders:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "no such order"}
        return 200, {name: value for name, value in self.orders[number].items() if name != "asked"}

    def _close(self, number: str, asked: dict[str, Any]) -> Answered:
        order = self.orders.get(number)
        if order is None:
            return 404, {"code": "ORDER_NOT_EXIST", "message": "no such order"}
        if order["trade_state"] != "NOTPAY":
            return 400, {"code": "ORDERPAID", "message": "the order is paid"}
        order["trade_state"] = "CLOSED"
        return 204, None

    def _refund(self, _number: str, asked: dict[str, Any]) -> Answered:
        known = self.refunds.get(asked["out_refund_no"])
        paid = [order for order in self.orders.values() if order.get("transaction_id") == asked["transaction_id"]]
        if not known and (not paid or paid[0]["trade_state"] != "SUCCESS"):
            return 403, {"code": "NOT_ENOUGH", "message": "nothing to refund"}
        if not known:
            paid[0]["trade_state"] = "REFUND"
            known = self.refunds[asked["out_refund_no"]] = {
                "refund_id": f"50{secrets.randbelow(10**20):020d}",
                "out_refund_no": asked["out_refund_no"],
                "out_trade_no": paid[0]["out_trade_no"],
                "transaction_id": asked["transaction_id"],
                "amount": asked["amount"],
                "status": "PROCESSING",
            }
        return 200, known

    def _query_refund(self, number: str, asked: dict[str, Any]) -> Answered:
        if number not in self.refunds:
            return 404, {"code": "RESOURCE_NOT_EXISTS", "message": "no such refund"}
        return 200, self.refunds[number]

    def _certificates(self, _number: str, asked: dict[str, Any]) -> Answered:
        if not self.has_certificates:
            return 403, {"code": "NO_AUTH", "message": "this merchant uses the public key"}
        pem, nonce = certificate_pem(self.certificate).encode(), secrets.token_hex(6)
        sealed = AESGCM(self.api_key.encode()).encrypt(nonce.encode(), pem, b"certificate")
        row = {
            "serial_no": f"{self.certificate.serial_number:X}",
            "effective_time": "2020-01-01T00:00:00+08:00",
            "expire_time": "2099-01-01T00:00:00+08:00",
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }
        return 200, {"data": [row]}

    def _tradebill(self, day: str, asked: dict[str, Any]) -> Answered:
        rows = self.booked_on(day)
        lines = [_trade_line(row) for row in rows]
        paid, back = (sum(row.amount_fen for row in rows if row.sign == sign) for sign in (1, -1))
        fees = sum(row.fee_fen for row in rows)
        totals = (str(len(rows)), yuan(paid), yuan(back), "0.00", f"{yuan(fees)}000", yuan(paid), yuan(back))
        return self._offer(f"trade-{day}", TRADE_HEAD, lines, TRADE_TOTALS, totals)

    def _fundflowbill(self, day: str, asked: dict[str, Any]) -> Answered:
        moves, balance = [], 0
        for row in self.booked_on(day):
            for kind, amount in (
                ("退款" if row.refund_number else "交易", row.sign * row.amount_fen),
                ("扣除交易手续费", -row.fee_fen),
            ):
                balance += amount
                moves.append((row, kind, amount, balance))
        lines = [_fund_line(index, *move) for index, move in enumerate(moves)]
        came, went = ([abs(amount) for _r, _k, amount, _b in moves if (amount > 0) == is_in] for is_in in (True, False))
        totals = (str(len(moves)), str(len(came)), yuan(sum(came)), str(len(went)), yuan(sum(went)))
        return self._offer(f"fund-{day}", FUND_HEAD, lines, FUND_TOTALS, totals)

    def _offer(
        self, name: str, head: str, lines: list[tuple[str, ...]], totals_head: str, totals: tuple[str, ...]
    ) -> Answered:
        if not lines:
            return 400, {"code": "NO_STATEMENT_EXIST", "message": "no bill of this day"}
        text = "\r\n".join([head, *map(_line, lines), totals_head, _line(totals)]).encode()
        self.files[name] = gzip.compress(text)
        url = f"https://api.mch.weixin.qq.com/v3/billdownload/file?token={name}"
        return 200, {"hash_type": "SHA1", "hash_value": hashlib.sha1(text).hexdigest(), "download_url": url}


def _line(values: tuple[str, ...]) -> str:
    return ",".join(f"`{value}" for value in values)


def _trade_line(row: Booked) -> tuple[str, ...]:
    amount, state = yuan(row.amount_fen), "REFUND" if row.refund_number else "SUCCESS"
    begin = (f"{row.at:%Y-%m-%d %H:%M:%S}", APP, MERCHANT, "0", "", row.trade_id, row.order_number, "oUpF8", "NATIVE")
    end = ("毕业照, 电子版", "", f"{yuan(row.fee_fen)}000", "0.60%")
    if row.refund_number:
        refund = (row.external_id, row.refund_number, amount, "0.00", "ORIGINAL", "SUCCESS")
        return (*begin, state, "OTHERS", "CNY", "0.00", "0.00", *refund, *end, "0.00", amount, "")
    return (*begin, state, "OTHERS", "CNY", amount, "0.00", "0", "0", "0.00", "0.00", "", "", *end, amount, "0.00", "")


def _fund_line(index: int, row: Booked, kind: str, amount: int, balance: int) -> tuple[str, ...]:
    way = "收入" if amount > 0 else "支出"
    numbers = (row.external_id, f"F{index}{row.external_id}", kind, kind)
    words = ("system", f"order {row.order_number}", row.refund_number or row.order_number)
    return (f"{row.at:%Y-%m-%d %H:%M:%S}", *numbers, way, yuan(abs(amount)), yuan(balance), *words)


def number_of(asked: dict[str, Any]) -> str:
    return asked["out_trade_no"]


def _kind(method: str, path: str) -> tuple[str, str]:
    """Which call it is, and the number (or the way of paying) in its path."""
    plain = path.partition("?")[0].removeprefix("/v3/")
    if plain.startswith("bill"):
        asked = parse_qs(path.partition("?")[2])
        return (
            ("download", asked["token"][0]) if "token" in asked else (plain.rpartition("/")[2], asked["bill_date"][0])
        )
    if plain == "certificates":
        return "certificates", ""
    parts = plain.split("/")
    if parts[0] == "refund":
        return ("refund", "") if method == "POST" else ("query_refund", parts[-1])
    if parts[-1] == "close":
        return "close", parts[-2]
    return ("start", parts[-1]) if method == "POST" else ("query", parts[-1])
