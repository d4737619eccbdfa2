"""The network address that a request comes from."""

import ipaddress
from typing import Any

from django.conf import settings


def address_of(meta: dict[str, Any]) -> str:
    """The client's address. IPv6: its /64 network, because one person has all its addresses.

    X-Forwarded-For is read as far as settings.TRUSTED_PROXIES allows.
    """
    address = meta.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 a socket without address
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        address = hops[-settings.TRUSTED_PROXIES] if len(hops) >= settings.TRUSTED_PROXIES else address
    try:
        network = ipaddress.ip_network(f"{address}/{64 if ':' in address else 32}", strict=False)
    except ValueError:
        return "0.0.0.0"  # noqa: S104
    return str(network.network_address)


def place_of(address: str) -> str:
    """The network around an address: /24 of IPv4, /48 of IPv6. A campus or a home changes addresses inside it."""
    return str(ipaddress.ip_network(f"{address}/{48 if ':' in address else 24}", strict=False))
