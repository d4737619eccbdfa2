"""What the peers have in common: a server of their own, faults to order, keys, and the book that their bills are made of.

Faults come to order: `peer.faults["refund"] = ["500"]` spoils the next call of that kind.
    500         answers so, and does nothing
    lost        does what was asked, and hangs up without an answer
    unsigned    does it, and answers without a signature
    forged      does it, and answers with somebody else's signature
"""

import base64
import datetime as dt
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509.oid import NameOID

from billing.online.providers.bills import ZONE

FEE = 6  # of a thousand


@dataclass(frozen=True)
class Booked:
    """Money that moved at the peer. `refund_number` is "" for a payment."""

    order_number: str
    refund_number: str
    external_id: str
    trade_id: str
    amount_fen: int
    at: dt.datetime

    @property
    def sign(self) -> int:
        return -1 if self.refund_number else 1

    @property
    def fee_fen(self) -> int:
        """A refund gives it back."""
        return self.sign * round(self.amount_fen * FEE / 1000)


class Peer:
    def __init__(self) -> None:
        self.merchant_key, self.platform_key, self.stranger = map(key_of, ("merchant", "platform", "stranger"))
        self.reset()
        peer = self

        class Handler(PeerHandler):
            def take(self) -> None:
                peer.handle(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def reset(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.faults: dict[str, list[str]] = {}
        self.calls: list[str] = []
        self.book: list[Booked] = []
        self.days_ago = 0  # that the peer's clock is late, so that a day is over of which a bill is asked for
        self.files: dict[str, bytes] = {}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def handle(self, http: "PeerHandler") -> None:
        raise NotImplementedError

    def take_fault(self, kind: str) -> str:
        """Notes the call; the fault that was ordered for it."""
        self.calls.append(kind)
        return self.faults[kind].pop(0) if self.faults.get(kind) else ""

    def now(self) -> dt.datetime:
        return dt.datetime.now(ZONE).replace(microsecond=0) - dt.timedelta(days=self.days_ago)

    def enter(self, order: str, refund: str, external_id: str, trade_id: str, amount_fen: int) -> None:
        self.book.append(Booked(order, refund, external_id, trade_id, amount_fen, self.now()))

    def booked_on(self, day: str) -> list[Booked]:
        return [row for row in self.book if row.at.date().isoformat() == day]


def yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


@cache
def key_of(holder: str) -> rsa.RSAPrivateKey:
    """Made once in a process: the search for its primes took longer than many a test."""
    return rsa.generate_private_key(65537, 2048)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def public_pem(key: rsa.RSAPrivateKey) -> str:
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, shape).decode()


def certificate(key: rsa.RSAPrivateKey, *names: str) -> x509.Certificate:
    """Signed by itself. `names`: country, organisation, unit and common name."""
    kinds = (NameOID.COUNTRY_NAME, NameOID.ORGANIZATION_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME, NameOID.COMMON_NAME)
    name = x509.Name([x509.NameAttribute(kind, value) for kind, value in zip(kinds, names, strict=False)])
    now = dt.datetime.now(dt.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    return (
        made.not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1)).sign(key, hashes.SHA256())
    )


def certificate_pem(made: x509.Certificate) -> str:
    return made.public_bytes(serialization.Encoding.PEM).decode()


def sign(key: rsa.RSAPrivateKey, message: str) -> str:
    return base64.b64encode(key.sign(message.encode(), PKCS1v15(), hashes.SHA256())).decode()


class PeerHandler(BaseHTTPRequestHandler):
    def take(self) -> None:
        raise NotImplementedError

    do_GET = do_POST = lambda self: self.take()

    def body(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def reply(
        self, status: int, content: str | bytes, headers: dict[str, str], content_type: str = "application/json"
    ) -> None:
        content = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *arguments: Any) -> None:
        """The test's output stays its own."""
