"""Ways to pay online, by name. A provider never writes, renders or sees a request."""

from django.conf import settings

from billing.providers.base import Callback, Paid, Provider, ProviderError, Start
from billing.providers.simulator import Simulator

PROVIDERS: dict[str, Provider] = {Simulator.name: Simulator()}


def get(name: str) -> Provider:
    """The provider of this name. Raises ProviderError when it is not offered here."""
    if name not in PROVIDERS:
        raise ProviderError(f"Unknown payment provider {name!r}", permanent=True)
    return PROVIDERS[name]


def default() -> Provider:
    return get(settings.PAYMENT_PROVIDER)


__all__ = ["PROVIDERS", "Callback", "Paid", "Provider", "ProviderError", "Start", "default", "get"]
