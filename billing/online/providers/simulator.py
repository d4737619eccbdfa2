"""A payment provider for demo and tests.

No money moves; its messages are signed and verified like real ones.
"""

import datetime as dt
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping

from django.conf import settings
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.online.providers.base import (
    Answer,
    BillKind,
    BillRow,
    CallbackMessage,
    Channel,
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

SIGNATURE = "X-Simulator-Signature"
KEPT_SECONDS = 86_400
BILL_SECONDS = 40 * 86_400
FEE = 6  # of a thousand, as WeChat Pay and Alipay take from a merchant


def _sign(body: bytes) -> str:
    key = hmac.digest(settings.SECRET_KEY.encode(), b"payment simulator", "sha256")
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def _lines_of(day: dt.date) -> str:
    """Holds the number of lines of this day's bill; line 1 is at this name with ":1"."""
    return f"simulator:bill:{day.isoformat()}"


def _put_on_bill(kind: BillKind, order_number: str, refund_number: str, external_id: str, amount_fen: int) -> None:
    now = timezone.now()
    fee_fen = round(amount_fen * FEE / 1000) * (-1 if kind == BillKind.REFUND else 1)
    row = BillRow(kind, order_number, refund_number, external_id, amount_fen, fee_fen, now)
    lines = _lines_of(timezone.localdate(now))
    cache.add(lines, 0, timeout=BILL_SECONDS)
    cache.set(f"{lines}:{cache.incr(lines)}", row, timeout=BILL_SECONDS)


class Simulator:
    name = "simulator"
    title = _("Payment simulator (no money moves)")
    is_simulated = True
    channels = frozenset({Channel.COMPUTER, Channel.PHONE})

    def __init__(self, merchant: str = name, credentials: Mapping[str, str] | None = None) -> None:
        self.merchant = merchant

    def payer_of(self, code: str) -> str:
        return ""

    def start(self, claim: Claim, payer: Payer) -> Redirect:
        return Redirect(reverse("billing:simulator", args=[claim.order_number]))

    @shape_expected()
    def verify(self, callback: CallbackMessage) -> Payment:
        if not hmac.compare_digest(_sign(callback.body).encode(), callback.headers.get(SIGNATURE, "").encode()):
            raise ProviderError("The signature is wrong.", permanent=True)
        statement = json.loads(callback.body)  # what the simulator itself has signed
        return Payment(statement["order_number"], int(statement["amount_fen"]), statement["transaction_id"])

    def answer(self, *, is_accepted: bool) -> Answer:
        return Answer(200, "success") if is_accepted else Answer(400, "refused")

    def query(self, *, order_number: str) -> Standing:
        amount_and_id = cache.get(f"simulator:{order_number}")
        return Standing(State.PAID, Payment(order_number, *amount_and_id)) if amount_and_id else Standing(State.CREATED)

    def close(self, *, order_number: str) -> None:
        """The simulator's page asks our own order whether it is open."""

    def refund(
        self, *, order_number: str, number: str, amount_fen: int, external_id: str, notify_address: str
    ) -> Refund:
        refund = Refund(order_number, number, amount_fen, f"refund-{external_id}", State.REFUNDED)
        if cache.add(f"simulator:refund:{number}", refund, timeout=KEPT_SECONDS):
            _put_on_bill(BillKind.REFUND, order_number, number, refund.external_id, amount_fen)
        return refund

    def query_refund(self, *, order_number: str, number: str) -> Refund | None:
        return cache.get(f"simulator:refund:{number}")

    def bill(self, day: dt.date) -> list[BillRow]:
        lines = cache.get(_lines_of(day), 0)
        rows = cache.get_many(f"{_lines_of(day)}:{line}" for line in range(1, lines + 1))
        return sorted(rows.values(), key=lambda row: row.at)

    def fund_flow(self, day: dt.date) -> list[FundRow]:
        """Nothing else happens on this account, and its balance is that of the day."""
        rows: list[FundRow] = []
        balance = 0
        for row in self.bill(day):
            sign = -1 if row.kind == BillKind.REFUND else 1
            for kind, amount in ((row.kind.value, sign * row.amount_fen), ("fee", -row.fee_fen)):
                balance += amount
                number = f"{row.external_id}-{kind}"
                rows.append(FundRow(number, row.external_id, kind, amount, balance, row.at, row.order_number))
        return rows

    def pay(self, *, order_number: str, amount_fen: int) -> CallbackMessage:
        """Pay an order, as the payer's button does.

        Returns the signed message that a real provider would send.

        A second call with the same amount gives the same payment.
        """
        key, transaction_id = f"simulator:{order_number}", f"SIM{secrets.token_hex(10).upper()}"
        cache.add(key, (amount_fen, transaction_id), timeout=KEPT_SECONDS)
        known = self.query(order_number=order_number).payment
        if known and known.amount_fen == amount_fen:
            transaction_id = known.external_id
        if cache.add(f"simulator:payment:{transaction_id}", 1, timeout=KEPT_SECONDS):
            _put_on_bill(BillKind.PAYMENT, order_number, "", transaction_id, amount_fen)
        cache.set(key, (amount_fen, transaction_id), timeout=KEPT_SECONDS)
        body = json.dumps(
            {"order_number": order_number, "amount_fen": amount_fen, "transaction_id": transaction_id}, sort_keys=True
        ).encode()
        return CallbackMessage({SIGNATURE: _sign(body)}, body)
