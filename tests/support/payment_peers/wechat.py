"""A WeChat Pay of our own: it speaks version 3 over HTTP, verifies the merchant's signatures, and signs its own.

Faults come to order: `peer.faults["refund"] = ["500"]` spoils the next call of that kind.
    500         answers so, and does nothing
    lost        does what was asked, and hangs up without an answer
    unsigned    does it, and answers without a signature
    forged      does it, and answers with somebody else's signature
    probe       does it, and answers with a signature that is wrong on purpose
    old         does it, and signs with a clock that is six minutes late
"""

import base64
import datetime as dt
import json
import re
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from billing.online.providers import CallbackMessage

MERCHANT, APP = "1900000109", "wxd678efh567hg6787"
PUBLIC_KEY_ID = "PUB_KEY_ID_0119000001092024"
AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(.+?)",nonce_str="(.+?)",signature="(.+?)",timestamp="(\d+)",serial_no="(.+?)"'
)
Answered = tuple[int, dict[str, Any] | None]


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()


def _certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name, now = x509.Name([]), dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return (
        made.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1)).sign(key, hashes.SHA256())
    )


def _sign(key: rsa.RSAPrivateKey, *lines: str) -> str:
    message = "".join(f"{line}\n" for line in lines).encode()
    return base64.b64encode(key.sign(message, PKCS1v15(), hashes.SHA256())).decode()


class WeChatPeer:
    """`orders` and `refunds` are its books, by the merchant's numbers."""

    def __init__(self) -> None:
        self.merchant_key, self.platform_key, self.stranger = _key(), _key(), _key()
        self.certificate = _certificate(self.platform_key)
        self.api_key = secrets.token_hex(16)
        self.has_certificates = True
        self.reset()
        peer = self

        class Handler(_Handler):
            def take(self) -> None:
                peer.handle(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def reset(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, list[str]] = {}
        self.calls: list[str] = []
        self.codes: dict[str, str] = {}  # of wx.login, and whose they are
        self.uses_public_key = True

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def merchant(self, *, by_public_key: bool = True) -> dict[str, str]:
        """The merchant in settings.PAYMENT_MERCHANTS."""
        address = f"http://127.0.0.1:{self.server.server_port}"
        values = {
            "provider": "wechat",
            "address": address,
            "sign_in_address": address,
            "merchant": MERCHANT,
            "app": APP,
            "certificate_serial": "444F4864EA9B34415",
            "private_key": _pem(self.merchant_key),
            "api_key": self.api_key,
            "app_secret": "secret of the app",
        }
        key = {"public_key_id": PUBLIC_KEY_ID, "public_key": _public_pem(self.platform_key)}
        return values | key if by_public_key else values

    # What happens at WeChat without the merchant.

    def pay(self, number: str, *, amount: int | None = None, **changed: Any) -> CallbackMessage:
        """The payer pays; returns the message, which is delivered when, and as often as, the test likes."""
        order = self.orders.setdefault(number, self._order(number, amount or 0))
        order.update({"trade_state": "SUCCESS", "transaction_id": f"42{secrets.randbelow(10**20):020d}"})
        if amount is not None:
            order["amount"]["total"] = amount
        return self.message("TRANSACTION.SUCCESS", order | changed)

    def finish_refund(self, number: str, status: str = "SUCCESS") -> CallbackMessage:
        refund = self.refunds[number]
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
        signature = _sign(self.stranger if fault == "forged" else self.platform_key, now, nonce, body)
        return {
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": PUBLIC_KEY_ID if self.uses_public_key else f"{self.certificate.serial_number:X}",
            "Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{signature}" if fault == "probe" else signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
            "Wechatpay-Timestamp": now,
        }

    # What the merchant asks for.

    def handle(self, http: "_Handler") -> None:
        if http.path.startswith("/sns/jscode2session?"):
            http.reply(200, json.dumps(self._identify(parse_qs(http.path.partition("?")[2]))), {})
            return
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0)).decode()
        kind, number = _kind(http.command, http.path)
        self.calls.append(kind)
        fault = self.faults.get(kind, []).pop(0) if self.faults.get(kind) else ""
        if fault == "500":
            http.reply(500, "", {})
            return
        if self._is_signed_by_merchant(http, body):
            status, answer = getattr(self, f"_{kind}")(number, json.loads(body or "{}"))
        else:
            status, answer = 401, {"code": "SIGN_ERROR", "message": "the signature is wrong"}
        if fault == "lost":
            http.close_connection = True
            return
        text = "" if answer is None else json.dumps(answer)
        http.reply(status, text, {} if fault == "unsigned" else self.signature_headers(text, fault))

    def _identify(self, asked: dict[str, list[str]]) -> dict[str, Any]:
        """A code is good once, and only with the secret of the app."""
        if (asked["appid"], asked["secret"]) != ([APP], ["secret of the app"]):
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        openid = self.codes.pop(asked["js_code"][0], None)
        return {"openid": openid, "session_key": "…"} if openid else {"errcode": 40163, "errmsg": "code been used"}

    def _is_signed_by_merchant(self, http: "_Handler", body: str) -> bool:
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
        pem, nonce = self.certificate.public_bytes(serialization.Encoding.PEM), secrets.token_hex(6)
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


def number_of(asked: dict[str, Any]) -> str:
    return asked["out_trade_no"]


def _kind(method: str, path: str) -> tuple[str, str]:
    """Which call it is, and the number (or the way of paying) in its path."""
    plain = path.partition("?")[0].removeprefix("/v3/")
    if plain == "certificates":
        return "certificates", ""
    parts = plain.split("/")
    if parts[0] == "refund":
        return ("refund", "") if method == "POST" else ("query_refund", parts[-1])
    if parts[-1] == "close":
        return "close", parts[-2]
    return ("start", parts[-1]) if method == "POST" else ("query", parts[-1])


class _Handler(BaseHTTPRequestHandler):
    def take(self) -> None:
        raise NotImplementedError

    do_GET = do_POST = lambda self: self.take()

    def reply(self, status: int, text: str, headers: dict[str, str]) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """The test's output stays its own."""
