"""The periodic tasks of billing. Their times are in config/celery.py."""

from celery import shared_task

from billing.accounts import fee_accounts, payment_reminders
from billing.online import orders
from portal.background import queue
from portal.tenancy import system_scope
from schools.models import Season

SETTLE_SECONDS = 300  # the period of settle_orders


@shared_task
def settle_orders() -> None:
    """One task an order: a provider that does not answer holds up no other order."""
    for pk in orders.due():
        queue.send("billing.tasks.settle_order", pk, expires=SETTLE_SECONDS)


@shared_task
def settle_order(pk: int) -> None:
    orders.settle(pk)


@shared_task
def post_charges() -> None:
    season = Season.objects.current()
    if season:
        with system_scope():
            fee_accounts.post_season_charges(season)


@shared_task
def remind_payments() -> None:
    payment_reminders.remind_all()
