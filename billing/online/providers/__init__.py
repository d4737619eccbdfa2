"""The payment providers, by name.

A provider never writes to the database, renders a page or sees a request.
"""

from django.conf import settings
from django.utils.module_loading import import_string

from billing.online.providers.base import (
    Answer,
    BillKind,
    BillRow,
    CallbackMessage,
    Channel,
    Checkout,
    Claim,
    JSAPIParameters,
    Payer,
    Payment,
    Provider,
    ProviderError,
    QRText,
    Redirect,
    Refund,
    Standing,
    State,
)

PROVIDERS: dict[str, Provider] = {name: import_string(path)() for name, path in settings.PAYMENT_PROVIDERS.items()}


def get(name: str) -> Provider:
    """The provider of this name. Raises ProviderError when it is not configured."""
    if name not in PROVIDERS:
        raise ProviderError(f"Unknown payment provider {name!r}", permanent=True)
    return PROVIDERS[name]


def is_configured(name: str) -> bool:
    """Whether messages of this provider are heard: a simulator only while it is the way to pay."""
    return name in PROVIDERS and (not PROVIDERS[name].is_simulated or name == settings.PAYMENT_PROVIDER)


def default() -> Provider:
    return get(settings.PAYMENT_PROVIDER)


__all__ = [
    "PROVIDERS",
    "Answer",
    "BillKind",
    "BillRow",
    "CallbackMessage",
    "Channel",
    "Checkout",
    "Claim",
    "JSAPIParameters",
    "Payer",
    "Payment",
    "Provider",
    "ProviderError",
    "QRText",
    "Redirect",
    "Refund",
    "Standing",
    "State",
    "default",
    "get",
    "is_configured",
]
