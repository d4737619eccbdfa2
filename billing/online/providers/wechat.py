"""WeChat Pay, version 3, for a merchant of its own (直连商户): Native, H5 and JSAPI.

The library builds and signs requests, keeps the platform's certificates and decrypts. What it leaves out stands here:
the signature of every answer is verified, not of successful ones only; the age of a message; signatures that WeChat makes
wrong on purpose, to see whether they are verified; a time limit for the whole call; and no downloads for every message
with an unknown certificate.
"""

import copy
import datetime as dt
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from django.utils.translation import gettext_lazy as _
from wechatpayv3 import WeChatPay as Library
from wechatpayv3 import WeChatPayType
from wechatpayv3.core import Core as LibraryCore
from wechatpayv3.type import RequestType
from wechatpayv3.utils import build_authorization

from billing.online.providers import wechat_bills
from billing.online.providers.base import (
    Answer,
    BillRow,
    CallbackMessage,
    Channel,
    Checkout,
    Claim,
    FundRow,
    JSAPIParameters,
    Payer,
    Payment,
    Probe,
    ProviderError,
    QRText,
    Redirect,
    Refund,
    Standing,
    State,
    shape_expected,
)
from billing.online.providers.bills import ZONE, require_made, ungzipped
from billing.online.providers.exchange import LARGEST_BILL, exchange

ADDRESS, SIGN_IN_ADDRESS = "https://api.mch.weixin.qq.com", "https://api.weixin.qq.com"
SIGNATURE_HEADERS = (
    "Wechatpay-Signature",
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
)
SIGNATURE_TYPE = "WECHATPAY2-SHA256-RSA2048"
PROBE = "WECHATPAY/SIGNTEST/"  # begins a signature that is wrong on purpose
SKEW_SECONDS = 300
REFRESH_SECONDS = 600  # between two downloads of the platform's certificates
STATES = {
    "SUCCESS": State.PAID,
    "REFUND": State.REFUNDING,
    "NOTPAY": State.CREATED,
    "CLOSED": State.CLOSED,
    "REVOKED": State.CLOSED,
    "USERPAYING": State.PAYING,
    "ACCEPT": State.PAYING,
    "PAYERROR": State.FAILED,
}
USED_CODES = (40029, 40163)  # of a sign-in: unknown or too old, used before
REFUND_STATES = {
    "SUCCESS": State.REFUNDED,
    "PROCESSING": State.REFUNDING,
    "CLOSED": State.FAILED,
    "ABNORMAL": State.FAILED,  # the payer's card is gone: the merchant pays by hand on WeChat's own pages
}


class _Core(LibraryCore):
    """Sends requests and verifies answers. Raises nothing but ProviderError."""

    _certificates: list[Any]

    def __init__(self, address: str, **merchant: Any) -> None:
        self.address = address
        self.refresh_at = 0.0
        super().__init__(**merchant)

    def request(
        self,
        path: str,
        method: RequestType = RequestType.GET,
        data: Any = None,
        skip_verify: bool = False,
        sign_data: Any = None,
        files: Any = None,
        cipher_data: bool = False,
        headers: Any = None,
    ) -> tuple[int, str]:
        body = json.dumps(data) if data is not None else ""
        sent = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "tucai"}
        if self._public_key_id:
            sent["Wechatpay-Serial"] = self._public_key_id
        sent["Authorization"] = build_authorization(
            path, method.value, self._mchid, self._cert_serial_no, self._private_key, data=body
        )
        status, answered, received = exchange(method.value, self.address + path, sent, body)
        content = _text(received)
        if not skip_verify:  # the certificates, with which one would verify, are authenticated by their encryption
            _believe(status, lambda: self._verify_signature(answered, content))
        return status, content

    def download(self, path: str) -> bytes:
        """A file from our address, never from another: what is signed for WeChat Pay goes nowhere else."""
        signed = build_authorization(path, "GET", self._mchid, self._cert_serial_no, self._private_key, data="")
        headers = {"Accept": "application/json", "User-Agent": "tucai", "Authorization": signed}
        status, _headers, content = exchange("GET", self.address + path, headers, largest=LARGEST_BILL)
        if status != 200:
            raise ProviderError(f"WeChat Pay gave no bill: {status}")
        return content

    def _verify_signature(self, headers: Mapping[str, str], body: str) -> bool:
        given = {name.lower(): value for name, value in headers.items()}
        ours = {name: given.get(name.lower(), "") for name in SIGNATURE_HEADERS}
        if ours["Wechatpay-Signature"].startswith(PROBE):
            raise Probe("The signature is a probe of WeChat Pay.", permanent=True)
        if ours["Wechatpay-Signature-Type"] != SIGNATURE_TYPE:
            raise ProviderError("The message has no signature of a known type.", permanent=True)
        if not _is_fresh(ours["Wechatpay-Timestamp"]):
            raise ProviderError("The message is more than five minutes off our clock.", permanent=True)
        try:
            is_right = super()._verify_signature(ours, body)
        except ValueError as error:  # a serial that is no number
            raise ProviderError("The signature is by an unknown key.", permanent=True) from error
        if not is_right:
            raise ProviderError("The signature is wrong.", permanent=True)
        return True

    def _update_certificates(self) -> None:
        """At most every REFRESH_SECONDS; the ones we have stay until there are new ones."""
        if time.monotonic() < self.refresh_at:
            return
        self.refresh_at = time.monotonic() + REFRESH_SECONDS
        fresh = copy.copy(self)
        fresh._certificates = []
        LibraryCore._update_certificates(fresh)
        if fresh._certificates:
            self._certificates = fresh._certificates


def _text(received: bytes) -> str:
    try:
        return received.decode()
    except UnicodeDecodeError as error:
        raise ProviderError("WeChat Pay's answer is no text.") from error


def _believe(status: int, verify: Callable[[], object]) -> None:
    """An answer that is not to be believed says nothing: what was asked for may have been done."""
    try:
        verify()
    except ProviderError as error:
        raise ProviderError(f"WeChat Pay's answer {status} is not to be believed: {error}") from error


def _is_fresh(timestamp: str) -> bool:
    return timestamp.isascii() and timestamp.isdigit() and abs(time.time() - int(timestamp[:12])) <= SKEW_SECONDS


class _Client(Library):
    """The library's calls over our transport. The credentials are those of settings.PAYMENT_MERCHANTS."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._type, self._partner_mode, self._notify_url = WeChatPayType.NATIVE, False, None
        self._mchid, self._appid = credentials["merchant"], credentials["app"]
        try:
            self._core = _Core(
                credentials.get("address") or ADDRESS,
                mchid=credentials["merchant"],
                cert_serial_no=credentials["certificate_serial"],
                private_key=credentials["private_key"],
                apiv3_key=credentials["api_key"],
                public_key=credentials.get("public_key") or None,
                public_key_id=credentials.get("public_key_id") or None,
            )
        except ProviderError:
            raise
        except Exception as error:  # the library raises nothing more exact: no certificate, a key that is none
            raise ProviderError(f"WeChat Pay is not set up: {error}") from error


class WeChatPay:
    name = "wechat"
    title = _("WeChat Pay")
    is_simulated = False
    channels = frozenset(Channel)

    def __init__(self, merchant: str, credentials: Mapping[str, str]) -> None:
        self.merchant, self.credentials = merchant, credentials

    @cached_property
    def client(self) -> _Client:
        """Made at the first call, because it may download certificates."""
        return _Client(self.credentials)

    @shape_expected()
    def payer_of(self, code: str) -> str:
        """Asks the mini program's own interface (code2Session), whose answers are not signed."""
        app = {"appid": self.credentials["app"], "secret": self.credentials.get("app_secret", "")}
        query = urlencode(app | {"js_code": code, "grant_type": "authorization_code"})
        address = f"{self.credentials.get('sign_in_address') or SIGN_IN_ADDRESS}/sns/jscode2session?{query}"
        _status, _headers, content = exchange("GET", address, {"Accept": "application/json"})
        told = json.loads(content)
        if not told.get("openid"):
            wrong = told.get("errcode")
            raise ProviderError(f"WeChat did not take the code: {wrong}", permanent=wrong in USED_CODES)
        return told["openid"]

    @shape_expected()
    def start(self, claim: Claim, payer: Payer) -> Checkout:
        order: dict[str, Any] = {
            "description": claim.subject[:127],
            "out_trade_no": claim.order_number,
            "amount": {"total": claim.amount_fen, "currency": "CNY"},
            "time_expire": claim.expires_at.astimezone(ZONE).isoformat(timespec="seconds"),
            "notify_url": claim.notify_address,
        }
        if payer.channel == Channel.WECHAT:
            return self._start_jsapi(order, payer.openid)
        if payer.channel == Channel.PHONE:
            scene = {"payer_client_ip": payer.address, "h5_info": {"type": "Wap"}}
            url = _read(self.client.pay(**order, scene_info=scene, pay_type=WeChatPayType.H5))["h5_url"]
            return Redirect(f"{url}&redirect_url={quote(claim.return_address, safe='')}")
        return QRText(_read(self.client.pay(**order, pay_type=WeChatPayType.NATIVE))["code_url"])

    def _start_jsapi(self, order: dict[str, Any], openid: str) -> JSAPIParameters:
        answer = _read(self.client.pay(**order, payer={"openid": openid}, pay_type=WeChatPayType.JSAPI))
        now, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={answer['prepay_id']}"
        signature = self.client.sign([self.client._appid, now, nonce, package])
        return JSAPIParameters(
            {
                "appId": self.client._appid,
                "timeStamp": now,
                "nonceStr": nonce,
                "package": package,
                "signType": "RSA",
                "paySign": signature,
            }
        )

    @shape_expected()
    def verify(self, callback: CallbackMessage) -> Payment | Refund | None:
        message = self.client.callback(callback.headers, callback.body)
        if not message:
            raise ProviderError("The message cannot be decrypted: is the API key right?")
        event, resource = message["event_type"], message["resource"]
        if event == "TRANSACTION.SUCCESS":
            return self._payment(resource)
        if event.startswith("REFUND."):
            self._require_our_merchant(resource)
            return _refund(resource, resource["refund_status"])
        return None

    def _payment(self, resource: dict[str, Any]) -> Payment:
        self._require_our_merchant(resource)
        if resource["appid"] != self.client._appid or resource["amount"]["currency"] != "CNY":
            raise ProviderError("The payment is not for this app, or not in yuan.", permanent=True)
        return Payment(resource["out_trade_no"], int(resource["amount"]["total"]), resource["transaction_id"])

    def _require_our_merchant(self, resource: dict[str, Any]) -> None:
        if resource["mchid"] != self.client._mchid:
            raise ProviderError("The payment is for another merchant.", permanent=True)

    def answer(self, *, is_accepted: bool) -> Answer:
        if is_accepted:
            return Answer(204)
        return Answer(400, json.dumps({"code": "FAIL", "message": "refused"}), "application/json")

    @shape_expected()
    def query(self, *, order_number: str) -> Standing:
        answer = self.client.query(out_trade_no=order_number)
        if answer[0] == 404:
            return Standing(State.CREATED)
        order = _read(answer)
        state = STATES.get(order["trade_state"])
        if state is None:
            raise ProviderError(f"WeChat Pay tells an unknown state: {order['trade_state']}")
        return Standing(state, self._payment(order) if state in (State.PAID, State.REFUNDING) else None)

    def close(self, *, order_number: str) -> None:
        answer = self.client.close(out_trade_no=order_number)
        if answer[0] != 404:  # it never came to be
            _read(answer)

    @shape_expected()
    def refund(
        self, *, order_number: str, number: str, amount_fen: int, external_id: str, notify_address: str
    ) -> Refund:
        answer = _read(
            self.client.refund(
                out_refund_no=number,
                amount={"refund": amount_fen, "total": amount_fen, "currency": "CNY"},
                transaction_id=external_id,
                notify_url=notify_address,
            )
        )
        return _refund(answer, answer["status"])

    @shape_expected()
    def query_refund(self, *, order_number: str, number: str) -> Refund | None:
        answer = self.client.query_refund(out_refund_no=number)
        if answer[0] == 404:
            return None
        refund = _read(answer)
        return _refund(refund, refund["status"])

    @shape_expected()
    def bill(self, day: dt.date) -> list[BillRow]:
        require_made(day)
        text = self._download(self.client.trade_bill(bill_date=day.isoformat()))
        return wechat_bills.trades(text) if text else []

    @shape_expected()
    def fund_flow(self, day: dt.date) -> list[FundRow]:
        require_made(day)
        text = self._download(self.client.fundflow_bill(bill_date=day.isoformat()))
        return wechat_bills.funds(text) if text else []

    def _download(self, answer: tuple[int, str]) -> str:
        """The bill of this answer, "" when there is none. The file is not signed: its digest is, with the answer."""
        if answer[0] == 400 and json.loads(answer[1]).get("code") == "NO_STATEMENT_EXIST":
            return ""
        told = _read(answer)
        place = urlsplit(told["download_url"])
        text = ungzipped(self.client._core.download(f"{place.path}?{place.query}"))
        digest = hashlib.sha1(text).hexdigest()  # noqa: S324 - WeChat Pay gives no other
        if told["hash_type"] != "SHA1" or not hmac.compare_digest(digest, told["hash_value"]):
            raise ProviderError("The downloaded bill is not the one that WeChat Pay has signed for.")
        return text.decode()


def _refund(resource: dict[str, Any], status: str) -> Refund:
    return Refund(
        resource["out_trade_no"],
        resource["out_refund_no"],
        int(resource["amount"]["refund"]),
        resource["refund_id"],
        REFUND_STATES[status],
    )


def _read(answer: tuple[int, str]) -> dict[str, Any]:
    """The content of an answer. Raises ProviderError with WeChat's code when it is a refusal."""
    status, content = answer
    if status == 204:
        return {}
    try:
        values = json.loads(content)
    except ValueError as error:
        raise ProviderError(f"WeChat Pay answered {status} without content.") from error
    if status == 200:
        return values
    raise ProviderError(
        f"WeChat Pay refused with {status} {values.get('code')}: {values.get('message')}",
        permanent=400 <= status < 500 and status != 429,
    )
