"""Tencent's faceid and Alibaba's Cloudauth. Each checks the signature, knows who belongs to which number, and plays faults.

`people` {number: name}; `faces` {token: what the live face gave: "", "passed", "face"}; `fault`: an answer in place of all:

    slow        holds the line until `release` is set
    500         answers so
    html        answers something else than JSON
    empty       answers JSON of another form
    …           any other one is the service's own code
"""

import json
from threading import Event
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.cloud_signatures import KEY_ID, KEY_SECRET, is_alibabas, is_tencents
from tests.support.message_peers.peer import Peer, Request


class RealNamePeer(Peer):
    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, str] = {}
        self.faces: dict[str, str] = {}
        self.begun: dict[str, dict[str, str]] = {}  # {token: what was asked for}
        self.fault = ""
        self.release = Event()

    def account(self, **more: Any) -> dict[str, Any]:
        found = {"key_id": KEY_ID, "key_secret": KEY_SECRET, "address": self.address, "face": "100"}
        return found | {"fen_per_check": 60, "fen_per_face": 150, "per_day": 100} | more

    def stop(self) -> None:
        self.release.set()
        super().stop()

    def handle(self, request: Request) -> tuple[int, bytes]:
        match self.fault:
            case "slow":
                self.release.wait(20)
                return 200, b"{}"
            case "500":
                return 500, b"{}"
            case "html":
                return 200, b"<html>busy</html>"
            case "empty":
                return 200, b'{"Response": {}}'
        return self.answer(request)

    def answer(self, request: Request) -> tuple[int, bytes]:
        raise NotImplementedError

    def begin(self, asked: dict[str, str]) -> str:
        token = f"token-{len(self.begun) + 1}"
        self.begun[token], self.faces[token] = asked, ""
        return token


class FaceidPeer(RealNamePeer):
    def answer(self, request: Request) -> tuple[int, bytes]:
        if not is_tencents(request, "faceid"):
            return self._error("AuthFailure.SignatureFailure")
        if self.fault:
            return self._error(self.fault)
        assert request.headers["X-TC-Version"] == "2018-03-01"
        asked = json.loads(request.body)
        action = request.headers["X-TC-Action"]
        self.taken.append((action, asked))
        return getattr(self, action)(asked)

    def IdCardVerification(self, asked: dict[str, str]) -> tuple[int, bytes]:
        known = self.people.get(asked["IdCard"])
        result = "-5" if known is None else "0" if known == asked["Name"] else "-1"
        return self._told({"Result": result, "Description": "said so"})

    def DetectAuth(self, asked: dict[str, str]) -> tuple[int, bytes]:
        token = self.begin(asked)
        return self._told({"Url": f"{self.address}/h5?token={token}", "BizToken": token})

    def GetDetectInfoEnhanced(self, asked: dict[str, str]) -> tuple[int, bytes]:
        token = asked["BizToken"]
        if token not in self.begun:
            return self._error("InvalidParameterValue.BizTokenIllegal")
        begun, outcome = self.begun[token], self.faces[token]
        text: dict[str, Any] = {"Name": begun["Name"], "IdCard": begun["IdCard"], "ErrCode": None}
        if outcome:
            failed = 0 if outcome == "passed" else 2018
            text |= {"ErrCode": failed, "LiveStatus": 0, "Comparestatus": failed}
        if outcome == "another":
            text["IdCard"] = "110101199003070011"
        return self._told({"Text": text})

    def _error(self, code: str) -> tuple[int, bytes]:
        return self._told({"Error": {"Code": code, "Message": f"said {code}"}})

    def _told(self, told: dict[str, Any]) -> tuple[int, bytes]:
        return 200, json.dumps({"Response": told | {"RequestId": "of-the-test"}}).encode()


class CloudauthPeer(RealNamePeer):
    def answer(self, request: Request) -> tuple[int, bytes]:
        if not is_alibabas(request):
            return 400, json.dumps({"Code": "SignatureDoesNotMatch", "Message": "not ours", "RequestId": "r"}).encode()
        if self.fault:
            return self._told(self.fault)
        assert request.headers["x-acs-version"] == "2019-03-07"
        asked = dict(parse_qsl(urlsplit(request.path).query)) | dict(parse_qsl(request.body.decode()))
        action = request.headers["x-acs-action"]
        self.taken.append((action, asked))
        return getattr(self, action)(asked)

    def Id2MetaVerify(self, asked: dict[str, str]) -> tuple[int, bytes]:
        known = self.people.get(asked["IdentifyNum"])
        return self._told("200", {"BizCode": "3" if known is None else "1" if known == asked["UserName"] else "2"})

    def InitFaceVerify(self, asked: dict[str, str]) -> tuple[int, bytes]:
        token = self.begin(asked)
        return self._told("200", {"CertifyId": token, "CertifyUrl": f"{self.address}/h5?token={token}"})

    def DescribeFaceVerify(self, asked: dict[str, str]) -> tuple[int, bytes]:
        outcome = self.faces.get(asked["CertifyId"], "")
        if not outcome:
            return self._told("404")
        passed = outcome == "passed"
        return self._told("200", {"Passed": "T" if passed else "F", "SubCode": "200" if passed else "204"})

    def _told(self, code: str, found: dict[str, Any] | None = None) -> tuple[int, bytes]:
        told = {"Code": code, "Message": f"said {code}", "RequestId": "of-the-test"}
        return 200, json.dumps(told | ({"ResultObject": found} if found else {})).encode()
