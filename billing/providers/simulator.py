"""A payment provider for demo and tests.

No money moves; its messages are signed and verified like real ones.
"""

import hashlib
import hmac
import json
import secrets

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.providers.base import CallbackMessage, Checkout, Payment, ProviderError

SIGNATURE = "X-Simulator-Signature"


def _sign(body: str) -> str:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"payment simulator", "sha256")
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


class Simulator:
    name = "simulator"
    title = _("Payment simulator (no money moves)")
    is_simulated = True

    def start(self, *, order_number: str, amount_fen: int, subject: str) -> Checkout:
        return Checkout(reverse("billing:simulator", args=[order_number]))

    def verify(self, callback: CallbackMessage) -> Payment:
        if not hmac.compare_digest(_sign(callback.body).encode(), callback.headers.get(SIGNATURE, "").encode()):
            raise ProviderError("The signature is wrong.", permanent=True)
        statement = json.loads(callback.body)  # what the simulator itself has signed
        return Payment(statement["order_number"], int(statement["amount_fen"]), statement["transaction_id"])

    def query(self, *, order_number: str) -> Payment | None:
        amount_and_id = cache.get(f"simulator:{order_number}")
        return Payment(order_number, *amount_and_id) if amount_and_id else None

    def refund(self, *, order_number: str, amount_fen: int, external_id: str) -> str:
        return f"refund-{external_id}"

    def pay(self, *, order_number: str, amount_fen: int) -> CallbackMessage:
        """Pay an order, as the payer's button does.

        Returns the signed message that a real provider would send.

        A second call with the same amount gives the same payment.
        """
        key, transaction_id = f"simulator:{order_number}", f"SIM{secrets.token_hex(10).upper()}"
        cache.add(key, (amount_fen, transaction_id), timeout=86_400)
        known = self.query(order_number=order_number)
        if known and known.amount_fen == amount_fen:
            transaction_id = known.external_id
        cache.set(key, (amount_fen, transaction_id), timeout=86_400)
        body = json.dumps(
            {"order_number": order_number, "amount_fen": amount_fen, "transaction_id": transaction_id}, sort_keys=True
        )
        return CallbackMessage({SIGNATURE: _sign(body)}, body)
