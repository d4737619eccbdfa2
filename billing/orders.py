"""Orders: a student pays the fee online.

An order is opened, confirmed by the provider, or closed unpaid.
"""

import datetime as dt
import hashlib
import logging
import secrets
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing import ledger, providers
from billing.models import Callback, LedgerEntry, Order
from billing.providers import CallbackMessage, Payment, ProviderError
from portal import history
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.tenancy import across_schools, school_scope, system_scope
from schools.models import Enrolment
from students.models import Student

log = logging.getLogger(__name__)
ORDER_LIFETIME = dt.timedelta(minutes=30)
REFUND_TIMEOUT = dt.timedelta(minutes=10)
BOOKED = "booked"
UNVERIFIED = "unverified-"  # begins the number of a message that no provider has signed
UNVERIFIED_CHARACTERS = 1000  # kept of its body: anybody may send them, and they are kept for CALLBACK_DAYS


@retried
def open_order(*, student: Student, enrolment: Enrolment) -> Order:
    """The student's open order; it is created when there is none.

    Raises PortalError when nothing is to pay.
    """
    if not student.must_pay(enrolment):
        raise PortalError(_("There is nothing to pay: the fee is settled."))
    # A second click waits here for the first.
    Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    order = Order.objects.filter(student=student, status=Order.Status.CREATED).first()
    if order and order.expires_at > timezone.now():
        return order
    if order:
        states.change(order, Order.Status.CLOSED, by=history.SYSTEM)
    return _create(student, enrolment)


def _create(student: Student, enrolment: Enrolment) -> Order:
    order = Order.objects.create(
        number=f"{enrolment.season.year}{timezone.localtime():%m%d%H%M%S}{secrets.randbelow(10**8):08d}",
        school_id=student.school_id,
        season_id=student.season_id,
        student=student,
        provider=providers.default().name,
        amount_fen=enrolment.season.price_fen,
        expires_at=timezone.now() + ORDER_LIFETIME,
    )
    history.record("order.created", order, by=student, after=order.status, facts={"amount_fen": order.amount_fen})
    return order


def start_payment(order: Order) -> str:
    """The URL of the page where the student pays this order."""
    subject = _("Graduation portrait %(year)d") % {"year": order.season.graduating_class}
    checkout = providers.get(order.provider).start(
        order_number=order.number, amount_fen=order.amount_fen, subject=subject
    )
    return checkout.url


def receive_callback(provider_name: str, callback: CallbackMessage) -> Callback:
    """Verify a provider's message, store it as it came, and book its payment.

    The same payment is booked once; the first verified message of it is kept as the evidence. Raises
    ProviderError when the signature is wrong; the message is kept for a while then, apart from payments.
    """
    with across_schools():  # the message names an order, not a school
        try:
            paid = providers.get(provider_name).verify(callback)
        except ProviderError:
            number = UNVERIFIED + hashlib.sha256(callback.body.encode()).hexdigest()[:40]
            _store(provider_name, number, replace(callback, body=callback.body[:UNVERIFIED_CHARACTERS]))
            raise
        stored = _store(provider_name, paid.external_id, callback, verified=True)
        order = Order.objects.select_related("school", "season", "student").filter(number=paid.order_number).first()
        return _book(stored, paid, order if order and order.provider == provider_name else None)


def _store(provider_name: str, external_id: str, callback: CallbackMessage, *, verified: bool = False) -> Callback:
    headers = {name: value.replace("\0", "") for name, value in callback.headers.items()}
    values = {"headers": headers, "body": callback.body.replace("\0", ""), "verified": verified}
    try:
        with transaction.atomic():
            return Callback.objects.create(provider=provider_name, external_id=external_id, **values)
    except IntegrityError:
        stored = Callback.objects.get(provider=provider_name, external_id=external_id)
    if verified and callback.body and not stored.body:  # we had asked before the provider's message came
        Callback.objects.filter(pk=stored.pk).update(**values)
    return stored


def purge_unverified(*, older_than: dt.datetime) -> int:
    """Delete messages whose signature was wrong; return how many."""
    return Callback.objects.filter(verified=False, received_at__lt=older_than).delete()[0]


def _book(stored: Callback, paid: Payment, order: Order | None) -> Callback:
    """Confirm the payment, and write the outcome to the stored message."""
    with translation.override(settings.LANGUAGE_CODE):  # read by the center, not by the provider
        refusal = _confirm(order, paid)
    stored.verified, stored.outcome = True, refusal[:200] or BOOKED
    stored.is_refused = bool(refusal)
    stored.order, stored.order_number, stored.amount_fen = order, paid.order_number[:32], paid.amount_fen
    stored.save(update_fields=["verified", "outcome", "is_refused", "order", "order_number", "amount_fen"])
    return stored


def _confirm(order: Order | None, paid: Payment) -> str:
    """Confirm the payment in the school of its order.

    Returns the reason of a refusal, "" when it is booked.
    """
    if order is None:
        log.warning("Payment %s needs a person: no order %s", paid.external_id, paid.order_number)
        return _("There is no order of this number.")
    try:
        with school_scope(order.school):
            ledger.confirm_payment(order, amount_fen=paid.amount_fen, external_id=paid.external_id, by=history.SYSTEM)
    except PortalError as error:
        log.warning("Payment %s of order %s needs a person: %s", paid.external_id, order.number, error)
        return str(error)
    return ""


def resolve_refused(stored: Callback, *, reason: str, by: User) -> Callback:
    """Mark a payment that the ledger refused as resolved by a person.

    The reason is kept in the history.
    """
    if not reason.strip():
        raise PortalError(_("Say how the payment was settled."))
    with transaction.atomic():
        if not Callback.objects.unresolved().filter(pk=stored.pk).update(resolved_at=timezone.now()):
            raise Conflict
        facts = {"amount_fen": stored.amount_fen, "reference": stored.external_id, "outcome": stored.outcome}
        history.record("fees.payment_resolved", stored.order or stored, by=by, facts=facts | {"reason": reason.strip()})
    stored.refresh_from_db()
    return stored


def query_provider(order: Order) -> Order:
    """Ask the provider whether the order was paid, and book the payment if so.

    For an order whose callback was lost.
    """
    paid = providers.get(order.provider).query(order_number=order.number)
    if paid:
        with across_schools():  # messages of providers belong to no school
            _book(_store(order.provider, paid.external_id, CallbackMessage({}, ""), verified=True), paid, order)
        order.refresh_from_db()
    return order


def refund_order(order: Order, *, by: User) -> Order:
    """Refund a paid order through its provider and post the refund.

    Several clicks make one request.

    Raises Conflict when the order is not paid or is being refunded, PortalError when the provider
    refuses.
    """
    if order.status != Order.Status.PAID:
        raise Conflict(_("Only a paid order can be refunded."))
    payment = order.entries.get(kind=LedgerEntry.Kind.PAYMENT)
    _claim_refund(order)
    try:
        external_id = providers.get(order.provider).refund(
            order_number=order.number, amount_fen=order.amount_fen, external_id=payment.external_id
        )
    except ProviderError as error:
        Order.objects.filter(pk=order.pk).update(refund_requested_at=None)
        raise PortalError(_("The payment provider refused the refund. Try again later.")) from error
    return ledger.post_refund(order, external_id=external_id, by=by)


def _claim_refund(order: Order) -> None:
    """Mark the order as being refunded; raises Conflict when it is marked already.

    The mark replaces a row lock while the provider is called. It expires after REFUND_TIMEOUT, for
    the case that the process was killed.
    """
    now = timezone.now()
    free = Q(refund_requested_at=None) | Q(refund_requested_at__lt=now - REFUND_TIMEOUT)
    if not Order.objects.filter(free, pk=order.pk, status=Order.Status.PAID).update(refund_requested_at=now):
        raise Conflict(_("This payment is being refunded already. Reload the page in a minute."))


def close_unpaid() -> int:
    """Close the expired orders for which the provider knows no payment.

    Returns how many were closed.
    """
    with system_scope():
        overdue: list[Any] = list(
            Order.objects.filter(status=Order.Status.CREATED, expires_at__lt=timezone.now()).select_related("school")
        )
    closed = 0
    for order in overdue:
        with school_scope(order.school):
            closed += _close(order)
    return closed


def _close(order: Order) -> int:
    try:
        if query_provider(order).status == Order.Status.PAID:
            return 0
        states.change(order, Order.Status.CLOSED, by=history.SYSTEM)
    except (ProviderError, Conflict) as error:
        log.warning("Order %s stays open for now: %s", order.number, error)
        return 0
    return 1
