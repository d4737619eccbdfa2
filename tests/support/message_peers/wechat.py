"""WeChat's interface: access tokens of which a new one ends the old one, template and subscription messages, codes."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.message_peers.peer import Peer, Request

APP, SECRET = "wxd678efh567hg6787", "secret-of-the-test"


class WeChatPeer(Peer):
    """`codes` {code: openid}; `refusals` {openid: error code}; `tokens`: how many were given out."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: dict[str, str] = {}
        self.tokens = 0

    def account(self, **more: Any) -> dict[str, Any]:
        return {"app": APP, "secret": SECRET, "address": self.address, **more}

    def end_token(self) -> None:
        """As when somebody else asked for one."""
        self.tokens += 1

    def handle(self, request: Request) -> tuple[int, bytes]:
        address = urlsplit(request.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        return 200, json.dumps(self._answer(address.path, asked, request.body)).encode()

    def _answer(self, path: str, asked: dict[str, str], body: bytes) -> dict[str, Any]:
        if path == "/cgi-bin/token":
            if (asked["appid"], asked["secret"]) != (APP, SECRET):
                return {"errcode": 40125, "errmsg": "invalid appsecret"}
            self.tokens += 1
            return {"access_token": f"token-{self.tokens}", "expires_in": 7200}
        if path in ("/sns/jscode2session", "/sns/oauth2/access_token"):
            code = asked["js_code" if path == "/sns/jscode2session" else "code"]
            openid = self.codes.pop(code, "")
            return {"openid": openid} if openid else {"errcode": 40029, "errmsg": "invalid code"}
        if asked.get("access_token") != f"token-{self.tokens}":
            return {"errcode": 40001, "errmsg": "invalid credential, access_token is invalid or not latest"}
        message = json.loads(body)
        if wrong := self.refusals.get(message["touser"]):
            return {"errcode": wrong, "errmsg": f"said {wrong}"}
        self.taken.append((path, message))
        return {"errcode": 0, "errmsg": "ok", "msgid": 100 + len(self.taken)}
