"""The demo's way to pay: no money moves. Signed like a real one, so that the same road is walked."""

import hashlib
import hmac
import json
import secrets

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.providers.base import Callback, Paid, ProviderError, Start

SIGNATURE = "X-Simulator-Signature"


def _sign(body: str) -> str:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"payment simulator", "sha256")
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


class Simulator:
    name = "simulator"
    title = _("Payment simulator (no money moves)")
    is_simulated = True

    def start(self, *, order_number: str, amount_fen: int, subject: str) -> Start:
        return Start(reverse("billing:simulator", args=[order_number]))

    def external_id(self, callback: Callback) -> str:
        try:
            return str(json.loads(callback.body)["transaction_id"]).replace("\0", "")[:64]
        except (ValueError, KeyError, TypeError, RecursionError):
            return "unreadable-" + hashlib.sha256(callback.body.encode()).hexdigest()[:32]

    def verify(self, callback: Callback) -> Paid:
        if not hmac.compare_digest(_sign(callback.body).encode(), callback.headers.get(SIGNATURE, "").encode()):
            raise ProviderError("The signature is wrong.", permanent=True)
        statement = json.loads(callback.body)
        return Paid(statement["order_number"], int(statement["amount_fen"]), statement["transaction_id"])

    def query(self, *, order_number: str) -> Paid | None:
        amount_and_id = cache.get(f"simulator:{order_number}")
        return Paid(order_number, *amount_and_id) if amount_and_id else None

    def refund(self, *, order_number: str, amount_fen: int, external_id: str) -> str:
        return f"refund-{external_id}"

    def pay(self, *, order_number: str, amount_fen: int) -> Callback:
        """What the payer's button does: the signed message that a provider would send. Two clicks are one payment."""
        key, transaction_id = f"simulator:{order_number}", f"SIM{secrets.token_hex(10).upper()}"
        cache.add(key, (amount_fen, transaction_id), timeout=86_400)
        known = self.query(order_number=order_number)
        if known and known.amount_fen == amount_fen:
            transaction_id = known.external_id
        cache.set(key, (amount_fen, transaction_id), timeout=86_400)
        body = json.dumps(
            {"order_number": order_number, "amount_fen": amount_fen, "transaction_id": transaction_id}, sort_keys=True
        )
        return Callback({SIGNATURE: _sign(body)}, body)
