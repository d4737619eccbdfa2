"""The periodic tasks of billing. Their times are in config/celery.py."""

from celery import shared_task
from django.utils import timezone

from billing.accounts import fee_accounts, payment_reminders
from billing.books import proof, reconciliation
from billing.online import orders, repayments
from portal import history
from portal.background import queue
from portal.tenancy import system_scope
from schools.models import Action, Season

SETTLE_SECONDS = 300  # the period of settle_orders


@shared_task
def settle_orders() -> None:
    """One task an order, and one a payment that goes back: a provider that does not answer holds up no other order."""
    for pk in orders.due():
        queue.send("billing.tasks.settle_order", pk, expires=SETTLE_SECONDS)
    for pk in repayments.due():
        queue.send("billing.tasks.settle_repayment", pk, expires=SETTLE_SECONDS)


@shared_task
def settle_order(pk: int) -> None:
    orders.settle(pk)


@shared_task
def settle_repayment(pk: int) -> None:
    repayments.settle(pk)


@shared_task
def reconcile() -> None:
    """Yesterday, and again the days before it whose bill was late or that differed."""
    with system_scope():
        for merchant, day in reconciliation.due(timezone.localdate()):
            reconciliation.start(merchant, day, by=history.SYSTEM)


@shared_task
def prove_ledger() -> None:
    with system_scope():
        proof.prove()


@shared_task
def post_charges() -> None:
    for season in Season.objects.allowing(Action.CHANGE).exclude(status=Season.Status.DRAFT):
        with system_scope():
            fee_accounts.post_season_charges(season)


@shared_task
def remind_payments() -> None:
    payment_reminders.remind_all()
