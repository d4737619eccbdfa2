"""Alipay, for a merchant of its own: the page for computers and the page for phones, RSA2 by public key or certificates.

The library (python-alipay-sdk) builds and signs requests and verifies signatures. What it leaves out stands here: limits on
each call, no word of an unsigned answer is believed, the answer is the one that was asked for, and whose certificate has
signed. The numbers of certificates are ours too: the library's way to them is one that pyOpenSSL is about to drop.
"""

import binascii
import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from alipay import AliPay as Library
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.utils.translation import gettext_lazy as _

from billing.online.providers import alipay_bills
from billing.online.providers.base import (
    Answer,
    BillRow,
    CallbackMessage,
    Channel,
    Checkout,
    Claim,
    FundRow,
    Payer,
    Payment,
    ProviderError,
    Redirect,
    Refund,
    Standing,
    State,
    shape_expected,
)
from billing.online.providers.bills import ZONE, require_made, unzipped
from billing.online.providers.exchange import LARGEST_BILL, exchange

ADDRESS = "https://openapi.alipay.com/gateway.do"
FORM = "application/x-www-form-urlencoded;charset=utf-8"
DONE, REFUSED = "10000", "40004"
NO_TRADE, NO_BILL = "ACQ.TRADE_NOT_EXIST", "isp.bill_not_exist"
# Refusals that are none: what was asked for may have been done, or will be at the next try.
UNDECIDED = ("ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "isp.unknow-error", "isp.unknown-error", "aop.unknow-error")
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
RSA = "1.2.840.113549.1.1."  # begins the object identifiers of signatures by RSA
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
PAGES = {  # the method and its product
    Channel.COMPUTER: ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    Channel.PHONE: ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}


class _Refused(ProviderError):
    """A signed refusal. `code` is Alipay's sub_code."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(f"Alipay refused with {code}: {words}", permanent=code not in UNDECIDED)
        self.code = code


class Alipay:
    name = "alipay"
    title = _("Alipay")
    is_simulated = False
    channels = frozenset(PAGES)

    def __init__(self, merchant: str, credentials: Mapping[str, str]) -> None:
        self.merchant, self.credentials = merchant, credentials
        self.address = credentials.get("address") or ADDRESS

    @cached_property
    def library(self) -> Library:
        given = self.credentials
        try:
            key = _pem(given["public_key"], "PUBLIC KEY") if "public_key" in given else _public_key(given)
            private = _pem(given["private_key"], "PRIVATE KEY")
            return Library(given["app"], app_private_key_string=private, alipay_public_key_string=key)
        except (ValueError, IndexError, TypeError) as error:  # a key or a certificate that is none
            raise ProviderError(f"Alipay is not set up: {error}", permanent=True) from error

    @cached_property
    def numbers(self) -> dict[str, str]:
        """Of the certificates, which every request names; none with a public key."""
        if "public_key" in self.credentials:
            return {}
        app, roots = (
            _certificates(self.credentials["app_certificate"]),
            _certificates(self.credentials["root_certificate"]),
        )
        by_rsa = [root for root in roots if root.signature_algorithm_oid.dotted_string.startswith(RSA)]
        if not app or not by_rsa:
            raise ProviderError("Alipay is not set up: a certificate is none, or no root is by RSA.", permanent=True)
        return {"app_cert_sn": _number(app[0]), "alipay_root_cert_sn": "_".join(map(_number, by_rsa))}

    @cached_property
    def certificate_number(self) -> str:
        """Of Alipay's certificate, which signed answers name; "" with a public key."""
        return (
            ""
            if "public_key" in self.credentials
            else _number(_certificates(self.credentials["alipay_certificate"])[0])
        )

    def payer_of(self, code: str) -> str:
        return ""

    def start(self, claim: Claim, payer: Payer) -> Checkout:
        method, product = PAGES[payer.channel]
        order = {
            "out_trade_no": claim.order_number,
            "total_amount": _yuan(claim.amount_fen),
            "subject": claim.subject[:256],
            "product_code": product,
            "time_expire": f"{claim.expires_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
        }
        back = {"return_url": claim.return_address, "notify_url": claim.notify_address}
        return Redirect(f"{self.address}?{self._signed(method, order, **back)}")

    def _signed(self, method: str, content: dict[str, Any], **more: str) -> str:
        """The parameters of a request with their signature, encoded for a form or an address."""
        now = f"{dt.datetime.now(ZONE):%Y-%m-%d %H:%M:%S}"
        return str(
            self.library.sign_data(self.library.build_body(method, content, timestamp=now, **self.numbers, **more))
        )

    def _ask(self, method: str, content: dict[str, Any], **more: str) -> dict[str, Any]:
        """What Alipay answers, verified. Raises _Refused for a signed refusal."""
        body = self._signed(method, content, **more)
        status, _headers, received = exchange("POST", self.address, {"Content-Type": FORM}, body)
        if status != 200:
            raise ProviderError(f"Alipay answered {status}.")
        answer = self._believed(received.decode(), f"{method.replace('.', '_')}_response")
        if answer["code"] != DONE:
            code, words = answer.get("sub_code") or answer["code"], answer.get("sub_msg") or answer.get("msg")
            raise _Refused(str(code), str(words))
        return answer

    def _believed(self, received: str, name: str) -> dict[str, Any]:
        """The part that is signed, read out of the very bytes that were verified.

        An answer that is not to be believed says nothing: what was asked for may have been done.
        """
        envelope = json.loads(received)
        if name not in envelope or "sign" not in envelope:
            told = envelope.get(name) or envelope.get("error_response") or {}
            words = f"{told.get('sub_code') or told.get('code')} {told.get('sub_msg') or told.get('msg')}"
            raise ProviderError(f"Alipay's answer is not signed, so not to be believed. It says: {words}")
        if envelope.get("alipay_cert_sn", "") != self.certificate_number:
            raise ProviderError("Alipay's answer is signed by another certificate. Is ours the newest?")
        begin = received.index(f'"{name}":') + len(name) + 3
        content, end = json.JSONDecoder().raw_decode(received, begin)
        if not self._is_by_alipay(received[begin:end], envelope["sign"]):
            raise ProviderError("The signature of Alipay's answer is wrong: it is not to be believed.")
        return dict(content)

    def _is_by_alipay(self, content: str, signature: str) -> bool:
        try:
            return self.library._verify(content, signature)
        except (binascii.Error, ValueError):
            return False

    @shape_expected()
    def verify(self, callback: CallbackMessage) -> Payment | Refund | None:
        pairs = parse_qsl(callback.body.decode(), keep_blank_values=True, strict_parsing=True)
        told = dict(pairs)
        signature = told.pop("sign", "")
        if len(told) + 1 != len(pairs) or told.get("sign_type") != "RSA2":
            raise ProviderError("The message has no signature of a known type.", permanent=True)
        signed = "&".join(f"{name}={value}" for name, value in sorted(told.items()) if name != "sign_type")
        if not self._is_by_alipay(signed, signature):
            raise ProviderError("The signature is wrong.", permanent=True)
        if (told["app_id"], told["seller_id"]) != (self.credentials["app"], self.credentials["merchant"]):
            raise ProviderError("The payment is for another merchant or app.", permanent=True)
        if told.get("gmt_refund") and told.get("refund_fee"):
            return _refund(told, told.get("out_biz_no") or told["trade_no"], told["refund_fee"])
        return _payment(told) if told["trade_status"] in PAID else None

    def answer(self, *, is_accepted: bool) -> Answer:
        return Answer(200, "success") if is_accepted else Answer(400, "fail")

    @shape_expected()
    def query(self, *, order_number: str) -> Standing:
        try:
            told = self._of_order(order_number, self._ask("alipay.trade.query", {"out_trade_no": order_number}))
        except _Refused as error:
            if error.code == NO_TRADE:  # until the payer has signed in on Alipay's page
                return Standing(State.CREATED)
            raise
        if told["trade_status"] in PAID:
            return Standing(State.PAID, _payment(told))
        if told["trade_status"] == "TRADE_CLOSED":
            was_paid = bool(told.get("send_pay_date"))
            return Standing(State.REFUNDED, _payment(told)) if was_paid else Standing(State.CLOSED)
        if told["trade_status"] == "WAIT_BUYER_PAY":
            return Standing(State.CREATED)
        raise ProviderError(f"Alipay tells an unknown state: {told['trade_status']}")

    def _of_order(self, order_number: str, told: dict[str, Any]) -> dict[str, Any]:
        """A signed answer names no request: an old one, of another order, would fit as well."""
        if told["out_trade_no"] != order_number:
            raise ProviderError("Alipay's answer is about another order.")
        return told

    @shape_expected()
    def close(self, *, order_number: str) -> None:
        try:
            self._ask("alipay.trade.close", {"out_trade_no": order_number})
        except _Refused as error:
            if error.code != NO_TRADE:  # it never came to be
                raise

    @shape_expected()
    def refund(
        self, *, order_number: str, number: str, amount_fen: int, external_id: str, notify_address: str
    ) -> Refund:
        """Alipay refunds at once: `fund_change` says whether by this call. Else it was done before, or is not done yet."""
        asked = {"trade_no": external_id, "refund_amount": _yuan(amount_fen), "out_request_no": number}
        told = self._of_order(order_number, self._ask("alipay.trade.refund", asked))
        if told["fund_change"] == "Y":
            return Refund(order_number, number, amount_fen, number, State.REFUNDED)
        known = self.query_refund(order_number=order_number, number=number)
        return known or Refund(order_number, number, amount_fen, number, State.REFUNDING)

    @shape_expected()
    def query_refund(self, *, order_number: str, number: str) -> Refund | None:
        """None without `refund_status`: Alipay then wants it asked for again, under the same number."""
        asked = {"out_trade_no": order_number, "out_request_no": number}
        try:
            told = self._ask("alipay.trade.fastpay.refund.query", asked)
        except _Refused as error:
            if error.code == NO_TRADE:
                return None
            raise
        if told.get("refund_status") != "REFUND_SUCCESS":
            return None
        if told["out_request_no"] != number:
            raise ProviderError("Alipay's answer is about another refund.")
        return _refund(self._of_order(order_number, told), number, told["refund_amount"])

    @shape_expected()
    def bill(self, day: dt.date) -> list[BillRow]:
        return alipay_bills.trades(files) if (files := self._download(day, "trade")) else []

    @shape_expected()
    def fund_flow(self, day: dt.date) -> list[FundRow]:
        return alipay_bills.funds(files) if (files := self._download(day, "signcustomer")) else []

    def _download(self, day: dt.date, kind: str) -> dict[str, bytes]:
        """The files of a bill, none where there is no bill. Not signed themselves: their address is, and it is https."""
        require_made(day)
        try:
            told = self._ask(
                "alipay.data.dataservice.bill.downloadurl.query", {"bill_type": kind, "bill_date": day.isoformat()}
            )
        except _Refused as error:
            if error.code == NO_BILL:
                return {}
            raise
        url = (
            re.sub(r"^http:", "https:", told["bill_download_url"])
            if self.address == ADDRESS
            else told["bill_download_url"]
        )
        status, _headers, content = exchange("GET", url, {}, largest=LARGEST_BILL)
        if status != 200:
            raise ProviderError(f"Alipay gave no bill: {status}")
        return unzipped(content)


def _certificates(pem: str) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(part.encode()) for part in CERTIFICATE.findall(pem)]


def _public_key(given: Mapping[str, str]) -> str:
    key = _certificates(given["alipay_certificate"])[0].public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _number(certificate: x509.Certificate) -> str:
    """As Alipay computes it: MD5 over the issuer as RFC 4514 writes it, and the serial number in decimals."""
    words = f"{certificate.issuer.rfc4514_string()}{certificate.serial_number}"
    return hashlib.md5(words.encode()).hexdigest()  # noqa: S324 - a name, not a proof


def _pem(key: str, kind: str) -> str:
    """Alipay's tools show keys without the lines around them."""
    return key if "-----BEGIN" in key else f"-----BEGIN {kind}-----\n{key}\n-----END {kind}-----"


def _payment(told: dict[str, Any]) -> Payment:
    return Payment(told["out_trade_no"], _fen(told["total_amount"]), told["trade_no"])


def _refund(told: dict[str, Any], number: str, amount: str) -> Refund:
    """Alipay gives refunds no number of their own: ours is both."""
    return Refund(told["out_trade_no"], number, _fen(amount), number, State.REFUNDED)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def _fen(yuan: str) -> int:
    """Exact: an amount with parts of a fen is none."""
    found = re.fullmatch(r"(\d{1,9})(?:\.(\d{1,2}))?", yuan)
    if not found:
        raise ValueError(f"{yuan!r} is no amount.")
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0"))
