"""The payment providers, one for each merchant, by our name of the merchant.

An order remembers the name, so that it is asked about and paid back where it was paid.

A provider never writes to the database, renders a page or sees a request.
"""

from collections.abc import Mapping

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from billing.online.providers.base import (
    Answer,
    BillKind,
    BillRow,
    CallbackMessage,
    Channel,
    Checkout,
    Claim,
    FundRow,
    JSAPIParameters,
    Payer,
    Payment,
    Probe,
    Provider,
    ProviderError,
    QRText,
    Redirect,
    Refund,
    Standing,
    State,
)
from schools.models import Season


def make(merchant: str, credentials: Mapping[str, str]) -> Provider:
    """The provider of this merchant; settings.PAYMENT_MERCHANTS has the credentials."""
    return import_string(settings.PAYMENT_PROVIDERS[credentials["provider"]])(merchant, credentials)


PROVIDERS: dict[str, Provider] = {name: make(name, given) for name, given in settings.PAYMENT_MERCHANTS.items()}


def get(merchant: str) -> Provider:
    """The provider of this merchant. Raises ProviderError when it is not configured (any more)."""
    if merchant not in PROVIDERS:
        raise ProviderError(f"No payment merchant {merchant!r} is configured.", permanent=True)
    return PROVIDERS[merchant]


def of(season: Season, *, channel: Channel | None = None) -> list[Provider]:
    """The providers that take the payments of this season, in its order; with `channel`, those that work there."""
    taken = [PROVIDERS[name] for name in season.payment_merchants if name in PROVIDERS]
    return [provider for provider in taken if channel is None or channel in provider.channels]


def notify_address(merchant: str) -> str:
    """Where the provider sends its messages of this merchant."""
    return settings.SITE_URL + reverse("billing:notify", args=[merchant])


def title_of(name: str) -> str:
    """How people call the provider of this name ("wechat")."""
    return str(import_string(settings.PAYMENT_PROVIDERS[name]).title) if name in settings.PAYMENT_PROVIDERS else name


__all__ = [
    "PROVIDERS",
    "Answer",
    "BillKind",
    "BillRow",
    "CallbackMessage",
    "Channel",
    "Checkout",
    "Claim",
    "FundRow",
    "JSAPIParameters",
    "Payer",
    "Payment",
    "Probe",
    "Provider",
    "ProviderError",
    "QRText",
    "Redirect",
    "Refund",
    "Standing",
    "State",
    "get",
    "make",
    "notify_address",
    "of",
    "title_of",
]
