"""What every way to pay can do."""

from dataclasses import dataclass
from typing import Any, Protocol


class ProviderError(Exception):
    """The provider refused or could not be reached. `permanent`: trying again will not help."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent


@dataclass(frozen=True)
class Start:
    """Where the payer goes to pay."""

    url: str


@dataclass(frozen=True)
class Callback:
    """What the provider sent, as it came in."""

    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Paid:
    """A verified statement of the provider: this order, this much, under this number of its own."""

    order_number: str
    amount_fen: int
    external_id: str


class Provider(Protocol):
    name: str
    title: Any  # a lazy translation
    is_simulated: bool

    def start(self, *, order_number: str, amount_fen: int, subject: str) -> Start: ...

    def external_id(self, callback: Callback) -> str:
        """The provider's own number of this message, read before anything is believed."""

    def verify(self, callback: Callback) -> Paid:
        """The statement in a callback whose signature is right. Raises ProviderError otherwise."""

    def query(self, *, order_number: str) -> Paid | None:
        """What the provider says of an order when asked; None while unpaid."""

    def refund(self, *, order_number: str, amount_fen: int, external_id: str) -> str:
        """Give the money back; returns the provider's number of the refund."""
