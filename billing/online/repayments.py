"""Payments that the books refused, paid back at their provider: a second payment of a fee, a wrong amount.

The only gate of their states. No entry is made: what came in by them never was in the books.
"""

import logging

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing.models import Callback, Order, Repayment
from billing.online import providers
from billing.online.providers import ProviderError, Refund, State
from portal import history, notifications
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.tenancy import system_scope

log = logging.getLogger(__name__)
Status = Repayment.Status


def ask(stored: Callback, *, reason: str, by: User) -> Repayment:
    """Ask the provider to pay a refused payment back; it is refunded, or will be when the provider says so.

    Several clicks make one request. Raises Conflict when the payment is settled or being paid back, PortalError when the
    provider refuses.
    """
    if not reason.strip():
        raise PortalError(_("Please give the reason."))
    if stored.is_refund or not stored.amount_fen:
        raise PortalError(_("Only a payment can be paid back."))
    if stored.merchant not in providers.PROVIDERS:
        raise PortalError(_("This merchant is not configured here (any more)."))
    row = _begin(stored, reason=reason.strip(), by=by)
    try:
        _request(row, by=by)
    except ProviderError as error:
        log.warning("Repayment %s: %s", row.number, error)
        if error.permanent:  # else it may have been taken: `settle` asks
            _fail(row, by=by)
            raise PortalError(_("The payment provider refused the refund. Try again later.")) from error
    return row


@retried
def _begin(stored: Callback, *, reason: str, by: User) -> Repayment:
    now = timezone.now()
    if not Callback.objects.unresolved().filter(pk=stored.pk).update(resolved_at=now):
        raise Conflict
    stored.refresh_from_db()
    facts = {
        "amount_fen": stored.amount_fen,
        "reference": stored.external_id,
        "outcome": stored.outcome,
        "reason": reason,
    }
    row = Repayment.objects.select_related("callback__order").filter(callback=stored).first()
    if row:
        number = f"{stored.order_number}B{stored.pk}R{int(row.number.rpartition('R')[2]) + 1}"
        states.change(row, Status.REFUNDING, by=by, facts=facts, number=number, requested_at=now)
    else:
        number = f"{stored.order_number}B{stored.pk}R1"
        row = Repayment.objects.create(callback=stored, number=number, requested_at=now)
        history.record("repayment.refunding", row, by=by, after=row.status, facts=facts)
    order = stored.order
    if order and order.status == Order.Status.CREATED:
        states.change(order, Order.Status.CLOSED, by=by)
    return row


def _request(row: Repayment, *, by: history.Actor) -> None:
    stored = row.callback
    told = providers.get(stored.merchant).refund(
        order_number=stored.order_number,
        number=row.number,
        amount_fen=stored.amount_fen or 0,
        external_id=stored.external_id,
        notify_address=providers.notify_address(stored.merchant),
    )
    take(row, told, by=by)


def of(told: Refund) -> Repayment | None:
    """The repayment that a provider's word is about; None when it is about the refund of an order."""
    return (
        Repayment.objects.select_related("callback__order__school", "callback__order__student")
        .filter(number=told.number)
        .first()
    )


def take(row: Repayment, told: Refund, *, by: history.Actor) -> None:
    """Keep what the provider says of it. Said twice, it changes nothing."""
    if told.amount_fen != row.callback.amount_fen:
        raise PortalError(_("The amount refunded is not the amount of the payment."))
    row.refresh_from_db(fields=["status"])
    if row.status != Status.REFUNDING:
        return
    if told.state == State.REFUNDED:
        _finish(row, by=by)
    elif told.state == State.FAILED:
        _fail(row, by=by)


@transaction.atomic
def _finish(row: Repayment, *, by: history.Actor) -> None:
    states.change(row, Status.REFUNDED, by=by, facts={"amount_fen": row.callback.amount_fen})
    _tell_student(row, "fee.repaid")


@transaction.atomic
def _fail(row: Repayment, *, by: history.Actor) -> None:
    """The payment waits for a person again."""
    states.change(row, Status.FAILED, by=by, facts={"amount_fen": row.callback.amount_fen})
    Callback.objects.filter(pk=row.callback_id).update(resolved_at=None)
    parameters = {"amount": row.callback.amount_fen, "number": row.callback.order_number}
    link = reverse("billing:center_fees") + "#refused"
    season = row.callback.order.season if row.callback.order else None
    notifications.notify_center(kind="fees.refund_failed", season=season, parameters=parameters, link=link)


def _tell_student(row: Repayment, kind: str) -> None:
    order = row.callback.order
    if order:
        parameters = {"amount": row.callback.amount_fen}
        notifications.notify(order.student, school=order.school, kind=kind, parameters=parameters)


def due() -> list[int]:
    """Those of which the provider is to be asked."""
    with system_scope():
        return list(Repayment.objects.filter(status=Status.REFUNDING).order_by("pk").values_list("pk", flat=True))


def settle(pk: int) -> Repayment:
    """Ask the provider how a repayment stands; ask for it again when the provider has not heard of it.

    What the provider does not answer now is asked again at the next turn.
    """
    with system_scope():
        rows = Repayment.objects.select_related("callback__order__school", "callback__order__student")
        row = rows.get(pk=pk)
        if row.status != Status.REFUNDING:
            return row
        try:
            stored = row.callback
            told = providers.get(stored.merchant).query_refund(order_number=stored.order_number, number=row.number)
            if told:
                take(row, told, by=history.SYSTEM)
            else:
                _request(row, by=history.SYSTEM)
        except (ProviderError, PortalError) as error:
            log.warning("Repayment %s: %s", row.number, error)
            if isinstance(error, ProviderError) and error.permanent and row.status == Status.REFUNDING:
                _fail(row, by=history.SYSTEM)
    return row
