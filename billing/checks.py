"""What an operator is told before anybody pays: the way to pay that is set must be there."""

from typing import Any

from django.conf import settings
from django.core.checks import Error, register

from billing.providers import PROVIDERS


@register()
def payment_provider_is_known(**_options: Any) -> list[Error]:
    name = settings.PAYMENT_PROVIDER
    if not name or name in PROVIDERS:
        return []
    return [
        Error(
            f"PAYMENT_PROVIDER is {name!r}, which this release does not offer.",
            hint=f"Leave it empty (schools pay by transfer) or choose one of: {', '.join(PROVIDERS)}.",
            id="billing.E001",
        )
    ]
