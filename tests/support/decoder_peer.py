"""A decoder of capture codes with a key of its own. It verifies what is asked, and signs what it answers.

Faults come to order: `peer.faults = ["500"]` spoils the next calls.
    500         answers so
    lost        hangs up without an answer
    unsigned    answers without a signature
    forged      answers with somebody else's signature
    replayed    answers with the signature of an earlier question
    shape       answers something else, signed
"""

import datetime as dt
import hashlib
import hmac
import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

KEY, SECRET = "tucai", "secret-of-the-decoder"


class DecoderPeer:
    """`codes` {text: what the registry knows}; `nonces`: those that were taken, each once."""

    def __init__(self) -> None:
        self.codes: dict[str, dict[str, str]] = {}
        self.faults: list[str] = []
        self.nonces: list[str] = []
        self.calls = 0
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                peer.take(self)

            def log_message(self, *_words: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @property
    def account(self) -> dict[str, str]:
        address = f"http://127.0.0.1:{self.server.server_port}/"
        return {"provider": "http", "address": address, "key": KEY, "secret": SECRET}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def add(self, text: str, *, number: str, name: str, document: str, days: int = 30) -> str:
        until = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        self.codes[text] = {"number": number, "name": name, "document": document, "expires": until.isoformat()}
        return text

    def take(self, http: BaseHTTPRequestHandler) -> None:
        self.calls += 1
        body = http.rfile.read(int(http.headers["Content-Length"]))
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "lost":
            http.connection.close()
            return
        status, told = (500, {}) if fault == "500" else self._answer(http, body)
        content = json.dumps([1] if fault == "shape" else told).encode()
        nonce = "0" * 32 if fault == "replayed" else http.headers.get("X-Nonce", "")
        key = "a stranger's" if fault == "forged" else SECRET
        http.send_response(status)
        if fault != "unsigned":
            http.send_header("X-Signature", sign(key, f"{status}\n{nonce}\n{hashlib.sha256(content).hexdigest()}"))
        http.send_header("Content-Length", str(len(content)))
        http.end_headers()
        http.wfile.write(content)

    def _answer(self, http: BaseHTTPRequestHandler, body: bytes) -> tuple[int, dict[str, Any]]:
        asked = [http.headers.get(f"X-{name}", "") for name in ("Time", "Nonce")]
        text = f"POST\n{http.path}\n{asked[0]}\n{asked[1]}\n{hashlib.sha256(body).hexdigest()}"
        is_signed = hmac.compare_digest(sign(SECRET, text), http.headers.get("X-Signature", ""))
        is_fresh = abs(time.time() - int(asked[0])) < 300 and asked[1] not in self.nonces
        if http.headers.get("X-Key") != KEY or not (is_signed and is_fresh):
            return 401, {"refused": "signature"}
        self.nonces.append(asked[1])
        known = self.codes.get(json.loads(body)["code"])
        return (200, known) if known else (422, {"refused": "unknown"})


def sign(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
