"""The figures of online payments for a monitor: no amounts, no persons."""

from django.db.models import Count

from billing.models import Order
from portal.background import health


@health.figure("orders", "Online orders by merchant and state")
def _orders() -> health.Figures:
    numbers = Order.objects.order_by().values_list("provider", "status").annotate(number=Count("pk"))
    return [({"merchant": provider, "state": status}, n) for provider, status, n in numbers]
