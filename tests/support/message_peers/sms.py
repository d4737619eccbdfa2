"""Tencent's and Alibaba's interfaces for text messages. Each checks the signature by the formula of its documents, with
code of its own, and refuses a wrong one as they do.

Tencent, TC3-HMAC-SHA256: https://cloud.tencent.com/document/api/382/52072
Alibaba, ACS3-HMAC-SHA256: https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
"""

import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from tests.support.message_peers.peer import Peer, Request

KEY_ID, KEY_SECRET = "AKIDexample", "a-secret-of-the-test"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signed_headers(request: Request, names: str) -> str:
    return "".join(f"{name}:{(request.headers[name] or '').strip()}\n" for name in names.split(";"))


class TencentPeer(Peer):
    """`fees` {number: parts charged}; one otherwise."""

    def __init__(self) -> None:
        super().__init__()
        self.fees: dict[str, int] = {}

    def account(self) -> dict[str, Any]:
        return {
            "provider": "tencent",
            "key_id": KEY_ID,
            "key_secret": KEY_SECRET,
            "signature": "图采",
            "app": "1400006666",
            "fen_per_thousand": "4500",
            "address": self.address,
        }

    def handle(self, request: Request) -> tuple[int, bytes]:
        if not self._is_signed(request):
            return self._error("AuthFailure.SignatureFailure", "The provided credentials could not be validated.")
        assert request.headers["X-TC-Action"] == "SendSms"
        assert request.headers["X-TC-Version"] == "2021-01-11"
        asked = json.loads(request.body)
        if "" in self.refusals:
            return self._error(self.refusals[""], "of the whole request")
        return 200, self._answer({"SendStatusSet": [self._status(number, asked) for number in asked["PhoneNumberSet"]]})

    def _status(self, number: str, asked: dict[str, Any]) -> dict[str, Any]:
        code = self.refusals.get(number, "Ok")
        if code == "Ok":
            self.taken.append(asked)
        return {
            "SerialNo": f"5000:{len(self.taken)}" if code == "Ok" else "",
            "PhoneNumber": number,
            "Fee": self.fees.get(number, 1) if code == "Ok" else 0,
            "SessionContext": asked.get("SessionContext", ""),
            "Code": code,
            "Message": "send success" if code == "Ok" else f"said {code}",
            "IsoCode": "CN",
        }

    def _is_signed(self, request: Request) -> bool:
        found = re.fullmatch(
            r"TC3-HMAC-SHA256 Credential=(\S+?)/(\d{4}-\d\d-\d\d)/sms/tc3_request, SignedHeaders=(\S+), Signature=(\w+)",
            request.headers["Authorization"] or "",
        )
        if not found or found[1] != KEY_ID or abs(int(request.headers["X-TC-Timestamp"]) - time.time()) > 300:
            return False
        _key, day, names, signature = found.groups()
        headers = signed_headers(request, names).lower()
        canonical = "\n".join([request.method, "/", "", headers, names, sha256(request.body)])
        scope = f"{day}/sms/tc3_request"
        wanted = "\n".join(["TC3-HMAC-SHA256", request.headers["X-TC-Timestamp"], scope, sha256(canonical.encode())])
        key = mac(mac(mac(f"TC3{KEY_SECRET}".encode(), day), "sms"), "tc3_request")
        return hmac.compare_digest(mac(key, wanted).hex(), signature)

    def _error(self, code: str, message: str) -> tuple[int, bytes]:
        return 200, self._answer({"Error": {"Code": code, "Message": message}})

    def _answer(self, told: dict[str, Any]) -> bytes:
        return json.dumps({"Response": told | {"RequestId": "of-the-test"}}).encode()


class AlibabaPeer(Peer):
    def account(self) -> dict[str, Any]:
        return {
            "provider": "alibaba",
            "key_id": KEY_ID,
            "key_secret": KEY_SECRET,
            "signature": "图采",
            "fen_per_thousand": "4500",
            "address": self.address,
        }

    def handle(self, request: Request) -> tuple[int, bytes]:
        if not self._is_signed(request):
            told = {"Code": "SignatureDoesNotMatch", "Message": "The signature is not ours.", "RequestId": "r"}
            return 400, json.dumps(told).encode()
        assert request.headers["x-acs-action"] == "SendSms"
        assert request.headers["x-acs-version"] == "2017-05-25"
        asked = dict(parse_qsl(urlsplit(request.path).query)) | dict(parse_qsl(request.body.decode()))
        code = self.refusals.get(asked["PhoneNumbers"], "OK")
        if code == "OK":
            self.taken.append(asked)
        told = {"Code": code, "Message": f"said {code}", "RequestId": "r"}
        return 200, json.dumps(told | ({"BizId": f"9000^{len(self.taken)}"} if code == "OK" else {})).encode()

    def _is_signed(self, request: Request) -> bool:
        found = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=(\S+?),\s*SignedHeaders=(\S+?),\s*Signature=(\w+)",
            request.headers["Authorization"] or "",
        )
        if not found or found[1] != KEY_ID or request.headers["x-acs-content-sha256"] != sha256(request.body):
            return False
        _key, names, signature = found.groups()
        address = urlsplit(request.path)
        query = sorted(parse_qsl(address.query, keep_blank_values=True))
        encoded = "&".join(f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in query)
        canonical = "\n".join(
            [request.method, "/", encoded, signed_headers(request, names), names, sha256(request.body)]
        )
        wanted = f"ACS3-HMAC-SHA256\n{sha256(canonical.encode())}"
        return hmac.compare_digest(mac(KEY_SECRET.encode(), wanted).hex(), signature)
