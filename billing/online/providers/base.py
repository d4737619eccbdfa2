"""The interface of a payment provider.

Every call of a provider ends within CONNECT_SECONDS plus ANSWER_SECONDS, with an answer or a ProviderError.
"""

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

CONNECT_SECONDS, ANSWER_SECONDS = 5, 15
LARGEST_FEN = 2**31 - 1
NUMBER = re.compile(r"[ -~]{1,64}")  # of an order, a payment or a refund, ours or the provider's


class ProviderError(Exception):
    """The provider refused, could not be reached, or its message is not to be believed.

    `permanent`: a later attempt would fail as well. Otherwise the provider may have done what it was asked to do.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@contextmanager
def shape_expected() -> Iterator[None]:
    """What is read here has the shape of the provider's messages; else it is a ProviderError."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise ProviderError(f"The message has not the provider's shape: {error!r}") from error


def _require_range(amount_fen: int, *numbers: str) -> None:
    if not (0 <= amount_fen <= LARGEST_FEN and all(NUMBER.fullmatch(number) for number in numbers)):
        raise ProviderError("An amount or a number of the message is out of range.", permanent=True)


class Probe(ProviderError):
    """A message that the provider signs wrong on purpose, to see whether signatures are verified. It must be refused."""


class Channel(StrEnum):
    """Where the payer is."""

    COMPUTER = "computer"
    PHONE = "phone"  # in a browser
    WECHAT = "wechat"  # inside of WeChat, in a page or a mini program


class State(StrEnum):
    """What the provider says of an order."""

    CREATED = "created"
    PAYING = "paying"
    PAID = "paid"
    CLOSED = "closed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    FAILED = "failed"


@dataclass(frozen=True)
class Payer:
    """`address`: the IP address. `openid`: who it is for WeChat, where the channel is WECHAT."""

    channel: Channel
    address: str = ""
    openid: str = ""


@dataclass(frozen=True)
class Claim:
    """What is to be paid. `subject` is shown to the payer, who comes back to `return_address`.

    The provider reports to `notify_address`. The payment cannot begin after `expires_at`.
    """

    order_number: str
    amount_fen: int
    subject: str
    expires_at: dt.datetime
    return_address: str
    notify_address: str


@dataclass(frozen=True)
class Redirect:
    """The address of the page where the payer pays."""

    url: str


@dataclass(frozen=True)
class QRText:
    """The text of a QR code, which the payer scans with a phone."""

    text: str


@dataclass(frozen=True)
class JSAPIParameters:
    """What a page or a mini program inside of WeChat passes to `requestPayment`."""

    values: dict[str, str] = field(hash=False)


Checkout = Redirect | QRText | JSAPIParameters


@dataclass(frozen=True)
class CallbackMessage:
    """A provider's message, not verified: all of its headers, and its body byte for byte."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    """What a provider wants to hear in answer to its message."""

    status: int
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True)
class Payment:
    """A payment that the provider confirms. `external_id` is the provider's own number of it, at most 64 characters.

    Raises ProviderError for what cannot be a payment.
    """

    order_number: str
    amount_fen: int
    external_id: str

    def __post_init__(self) -> None:
        _require_range(self.amount_fen, self.order_number, self.external_id)


@dataclass(frozen=True)
class Refund:
    """A refund as the provider tells it: REFUNDING, REFUNDED or FAILED. `number` is ours, `external_id` the provider's."""

    order_number: str
    number: str
    amount_fen: int
    external_id: str
    state: State

    def __post_init__(self) -> None:
        _require_range(self.amount_fen, self.order_number, self.number, self.external_id)


class BillKind(StrEnum):
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True)
class BillRow:
    """A line of the provider's bill of one day: what it says it has taken or paid back.

    `external_id` and `refund_number` are those of Payment and Refund; `refund_number` is "" for a payment. `amount_fen`
    is positive in both kinds. `fee_fen` is what the provider keeps; negative where it gives that back with a refund.
    """

    kind: BillKind
    order_number: str
    refund_number: str
    external_id: str
    amount_fen: int
    fee_fen: int
    at: dt.datetime


@dataclass(frozen=True)
class FundRow:
    """A movement on the merchant's account at the provider: payments, refunds, fees, transfers to its bank account.

    `number` is the movement's, `external_id` the provider's of the trade behind it. `amount_fen` is positive for what
    came in. `kind` and `remarks` are the provider's words.
    """

    number: str
    external_id: str
    kind: str
    amount_fen: int
    balance_fen: int
    at: dt.datetime
    remarks: str


@dataclass(frozen=True)
class Standing:
    """How an order stands at the provider. `payment` is None until money came in."""

    state: State
    payment: Payment | None = None


class Provider(Protocol):
    """One merchant at a provider. `merchant` is our name of it, `name` the provider's."""

    name: str
    title: Any  # a lazy translation
    is_simulated: bool
    channels: frozenset[Channel]
    merchant: str

    def payer_of(self, code: str) -> str:
        """Who the payer is for the provider (the openid), by the code that its app gave; "" where it need not know."""

    def start(self, claim: Claim, payer: Payer) -> Checkout:
        """Begin a payment. The same claim again leads to the same payment."""

    def verify(self, callback: CallbackMessage) -> Payment | Refund | None:
        """What the message says; None when it is the provider's and says nothing that concerns the books.

        Raises ProviderError when it is not the provider's.
        """

    def answer(self, *, is_accepted: bool) -> Answer:
        """Not accepted: the provider sends the message again."""

    def query(self, *, order_number: str) -> Standing:
        """Ask how an order stands. One of which the provider has not heard is CREATED."""

    def close(self, *, order_number: str) -> None:
        """From now on nobody can pay the order. Raises ProviderError when it is paid already."""

    def refund(
        self, *, order_number: str, number: str, amount_fen: int, external_id: str, notify_address: str
    ) -> Refund:
        """Ask to pay the payment `external_id` back. The same number again is the same refund.

        Raises ProviderError, `permanent` when the provider refuses.
        """

    def query_refund(self, *, order_number: str, number: str) -> Refund | None:
        """Ask how a refund stands; None when the provider has not heard of it."""

    def bill(self, day: dt.date) -> list[BillRow]:
        """The provider's bill of a day in China: payments by when they came in, refunds by when they were asked for.

        A day without trade gives an empty list. Raises ProviderError while the bill is not made; a provider makes it
        in the morning of the next day.
        """

    def fund_flow(self, day: dt.date) -> list[FundRow]:
        """Every movement on the merchant's account of a day in China, as `bill`."""
