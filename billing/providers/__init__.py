"""Ways to pay online, by name. A provider never writes, renders or sees a request."""

from django.conf import settings
from django.utils.module_loading import import_string

from billing.providers.base import Callback, Paid, Provider, ProviderError, Start

PROVIDERS: dict[str, Provider] = {name: import_string(path)() for name, path in settings.PAYMENT_PROVIDERS.items()}


def get(name: str) -> Provider:
    """The provider of this name. Raises ProviderError when it is not offered here."""
    if name not in PROVIDERS:
        raise ProviderError(f"Unknown payment provider {name!r}", permanent=True)
    return PROVIDERS[name]


def default() -> Provider:
    return get(settings.PAYMENT_PROVIDER)


__all__ = ["PROVIDERS", "Callback", "Paid", "Provider", "ProviderError", "Start", "default", "get"]
