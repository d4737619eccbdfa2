"""A student's fee, paid online: opened, confirmed by the provider, closed when nobody pays."""

import datetime as dt
import logging
import secrets
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import ledger, models, providers
from billing.models import Order
from billing.providers import Callback, Paid, ProviderError
from schools import history, states
from schools.errors import Conflict, PortalError
from schools.models import Enrolment, User
from schools.tenancy import center_scope, school_scope
from students.models import Student

log = logging.getLogger(__name__)
LIFETIME = dt.timedelta(minutes=30)


def open_order(*, student: Student, enrolment: Enrolment) -> Order:
    """The student's open order, made when there is none: a double click is one order."""
    if not student.must_pay(enrolment):
        raise PortalError(_("There is nothing to pay: the fee is settled."))
    with transaction.atomic():
        Student.objects.select_for_update().get(pk=student.pk)  # two clicks wait for each other here
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
        expires_at=timezone.now() + LIFETIME,
    )
    history.record("order.created", order, by=student, after=order.status, facts={"amount_fen": order.amount_fen})
    return order


def start(order: Order) -> str:
    """The address where the student pays this order."""
    subject = _("Graduation portrait %(year)d") % {"year": order.season.graduating_class}
    started = providers.get(order.provider).start(
        order_number=order.number, amount_fen=order.amount_fen, subject=subject
    )
    return started.url


def receive(provider_name: str, callback: Callback) -> models.Callback:
    """Take a provider's message: store it raw, verify it, book it. The same message twice is booked once.

    Raises ProviderError when the signature is wrong, so that the provider hears a refusal.
    """
    provider = providers.get(provider_name)
    stored = _store(provider_name, provider.external_id(callback), callback)
    paid = provider.verify(callback)
    models.Callback.objects.filter(pk=stored.pk).update(verified=True)
    stored.outcome = _book(provider_name, paid)
    stored.verified = True
    stored.save(update_fields=["outcome"])
    return stored


def _store(provider_name: str, external_id: str, callback: Callback) -> models.Callback:
    values = {"headers": callback.headers, "body": callback.body.replace("\0", "")[:20_000]}
    try:
        with transaction.atomic():
            return models.Callback.objects.create(provider=provider_name, external_id=external_id, **values)
    except IntegrityError:
        return models.Callback.objects.get(provider=provider_name, external_id=external_id)


def _book(provider_name: str, paid: Paid) -> str:
    """Confirm the payment in its order's school; returns what became of it."""
    with center_scope():  # the message names an order, not a school
        order = Order.objects.select_related("school", "season", "student").filter(number=paid.order_number).first()
    if order is None or order.provider != provider_name:
        return "no such order"
    try:
        with school_scope(order.school):
            ledger.confirm_payment(order, amount_fen=paid.amount_fen, external_id=paid.external_id, by=history.SYSTEM)
    except PortalError as error:
        log.warning("Payment %s of order %s needs a person: %s", paid.external_id, order.number, error)
        return str(error)[:200]
    return "booked"


def ask_provider(order: Order) -> Order:
    """Ask the provider what became of an order: for a callback that never came."""
    paid = providers.get(order.provider).query(order_number=order.number)
    if paid:
        ledger.confirm_payment(order, amount_fen=paid.amount_fen, external_id=paid.external_id, by=history.SYSTEM)
        order.refresh_from_db()
    return order


def give_back(order: Order, *, by: User) -> Order:
    """Refund a paid order through its provider and book it."""
    if order.status != Order.Status.PAID:
        raise Conflict(_("Only a paid order can be refunded."))
    payment = order.entries.get(kind=models.LedgerEntry.Kind.PAYMENT)
    try:
        external_id = providers.get(order.provider).refund(
            order_number=order.number, amount_fen=order.amount_fen, external_id=payment.external_id
        )
    except ProviderError as error:
        raise PortalError(_("The payment provider refused the refund. Try again later.")) from error
    return ledger.refund(order, external_id=external_id, by=by)


def close_unpaid() -> int:
    """Close the orders whose time is over, after asking the provider a last time."""
    with center_scope():
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
        if ask_provider(order).status == Order.Status.PAID:
            return 0
        states.change(order, Order.Status.CLOSED, by=history.SYSTEM)
    except (ProviderError, Conflict) as error:
        log.warning("Order %s stays open for now: %s", order.number, error)
        return 0
    return 1
