"""The interface of a payment provider."""

from dataclasses import dataclass
from typing import Any, Protocol


class ProviderError(Exception):
    """The provider refused or could not be reached.

    `permanent`: a later attempt would fail as well.
    """

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Checkout:
    """The page where the payer pays."""

    url: str


@dataclass(frozen=True)
class CallbackMessage:
    """A provider's message, not verified: its headers and its body."""

    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Payment:
    """A payment that the provider confirms. `external_id` is the provider's own number of it, at most 64 characters."""

    order_number: str
    amount_fen: int
    external_id: str


class Provider(Protocol):
    name: str
    title: Any  # a lazy translation
    is_simulated: bool

    def start(self, *, order_number: str, amount_fen: int, subject: str) -> Checkout:
        """Begin a payment. `subject` is shown to the payer."""

    def verify(self, callback: CallbackMessage) -> Payment:
        """The payment in the message. Raises ProviderError when the signature is wrong or it holds no payment."""

    def query(self, *, order_number: str) -> Payment | None:
        """Ask the provider for the payment of an order; None while it is unpaid."""

    def refund(self, *, order_number: str, amount_fen: int, external_id: str) -> str:
        """Refund the payment.

        Returns the provider's number of the refund; raises ProviderError when it refuses.
        """
