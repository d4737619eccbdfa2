"""What a provider does to the portal, and what the portal's timetable does, in a test."""

import datetime as dt

from django.test import Client
from django.urls import reverse

from billing.models import Callback, Order
from billing.online import orders
from billing.online.providers import CallbackMessage
from portal.tenancy import system_scope


def deliver(merchant: str, message: CallbackMessage, *, address: str = "127.0.0.1") -> int:
    """The provider calls from this address; the status it hears."""
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in message.headers.items()}
    kind = headers.pop("HTTP_CONTENT_TYPE", "application/json")
    url = reverse("billing:notify", args=[merchant])
    return Client().post(url, message.body, content_type=kind, REMOTE_ADDR=address, **headers).status_code


def settle_all(*, minutes: int = 0) -> None:
    """What the tasks of the timetable do, some minutes later."""
    if minutes:
        past = dt.timedelta(minutes=minutes)
        with system_scope():
            for row in Order.objects.all():
                asked = row.refund_requested_at and row.refund_requested_at - past
                Order.objects.filter(pk=row.pk).update(
                    created_at=row.created_at - past, expires_at=row.expires_at - past, refund_requested_at=asked
                )
    for pk in orders.due():
        orders.settle(pk)


def unresolved() -> int:
    with system_scope():
        return Callback.objects.unresolved().count()
