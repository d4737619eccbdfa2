"""The figures of online payments for a monitor: no amounts, no persons."""

from billing.models import OrdersByState
from portal.background import health


@health.figure("orders", "Online orders by merchant and state")
def _orders() -> health.Figures:
    numbers = OrdersByState.numbers("provider", "status")
    return [({"merchant": provider, "state": status}, n) for (provider, status), n in numbers.items()]
