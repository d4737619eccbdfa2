"""Tencent's and Alibaba's interfaces for text messages. Each checks the signature and refuses a wrong one as they do."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.cloud_signatures import KEY_ID, KEY_SECRET, is_alibabas, is_tencents
from tests.support.message_peers.peer import Peer, Request


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
        if not is_tencents(request, "sms"):
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
        if not is_alibabas(request):
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
