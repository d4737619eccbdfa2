"""A student's fee, paid online: opened, confirmed by the provider, closed when nobody pays."""

import datetime as dt
import logging
import secrets
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing import ledger, models, providers
from billing.models import Order
from billing.providers import Callback, Paid, ProviderError
from portal import history, states
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.tenancy import across_schools, school_scope, system_scope
from portal.transactions import retried
from schools.models import Enrolment
from students.models import Student

log = logging.getLogger(__name__)
LIFETIME = dt.timedelta(minutes=30)
REFUND_PATIENCE = dt.timedelta(minutes=10)
BOOKED = "booked"


@retried
def open_order(*, student: Student, enrolment: Enrolment) -> Order:
    """The student's open order, made when there is none: a double click is one order."""
    if not student.must_pay(enrolment):
        raise PortalError(_("There is nothing to pay: the fee is settled."))
    Student.objects.select_for_update(no_key=True).get(pk=student.pk)  # two clicks wait for each other here
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
    with across_schools():  # the message names an order, not a school
        order = Order.objects.select_related("school", "season", "student").filter(number=paid.order_number).first()
    return _book(stored, paid, order if order and order.provider == provider_name else None)


def _store(provider_name: str, external_id: str, callback: Callback) -> models.Callback:
    values = {"headers": callback.headers, "body": callback.body.replace("\0", "")[:20_000]}
    try:
        with transaction.atomic():
            return models.Callback.objects.create(provider=provider_name, external_id=external_id, **values)
    except IntegrityError:
        return models.Callback.objects.get(provider=provider_name, external_id=external_id)


def _book(stored: models.Callback, paid: Paid, order: Order | None) -> models.Callback:
    """Confirm the payment in its order's school, and write down what became of it."""
    with translation.override(settings.LANGUAGE_CODE):  # read by the center, not by the provider
        refusal = _confirm(order, paid)
    stored.verified, stored.outcome = True, refusal[:200] or BOOKED
    stored.is_refused = bool(refusal)
    stored.order, stored.order_number, stored.amount_fen = order, paid.order_number[:32], paid.amount_fen
    stored.save(update_fields=["verified", "outcome", "is_refused", "order", "order_number", "amount_fen"])
    return stored


def _confirm(order: Order | None, paid: Paid) -> str:
    """Empty when the payment is in the books, else why a person has to look."""
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


def settle_by_hand(stored: models.Callback, *, reason: str, by: User) -> models.Callback:
    """A person has dealt with a payment that the books refused: it leaves the list, with the reason in the history."""
    if not reason.strip():
        raise PortalError(_("Say how the payment was settled."))
    with transaction.atomic():
        if not models.Callback.objects.for_a_person().filter(pk=stored.pk).update(settled_at=timezone.now()):
            raise Conflict
        facts = {"amount_fen": stored.amount_fen, "reference": stored.external_id, "outcome": stored.outcome}
        history.record("fees.settled_by_hand", stored.order or stored, by=by, facts=facts | {"reason": reason.strip()})
    stored.refresh_from_db()
    return stored


def ask_provider(order: Order) -> Order:
    """Ask the provider what became of an order: for a callback that never came. A refused payment waits for a person."""
    paid = providers.get(order.provider).query(order_number=order.number)
    if paid:
        _book(_store(order.provider, paid.external_id, Callback({}, "")), paid, order)
        order.refresh_from_db()
    return order


def give_back(order: Order, *, by: User) -> Order:
    """Refund a paid order through its provider and book it. The provider is asked once, however often one clicks."""
    if order.status != Order.Status.PAID:
        raise Conflict(_("Only a paid order can be refunded."))
    payment = order.entries.get(kind=models.LedgerEntry.Kind.PAYMENT)
    _mark_refund(order)
    try:
        external_id = providers.get(order.provider).refund(
            order_number=order.number, amount_fen=order.amount_fen, external_id=payment.external_id
        )
    except ProviderError as error:
        Order.objects.filter(pk=order.pk).update(refund_asked_at=None)
        raise PortalError(_("The payment provider refused the refund. Try again later.")) from error
    return ledger.refund(order, external_id=external_id, by=by)


def _mark_refund(order: Order) -> None:
    """One request at a time: no lock is held while the provider thinks, and a mark left by a killed process expires."""
    now = timezone.now()
    free = Q(refund_asked_at=None) | Q(refund_asked_at__lt=now - REFUND_PATIENCE)
    if not Order.objects.filter(free, pk=order.pk, status=Order.Status.PAID).update(refund_asked_at=now):
        raise Conflict(_("This payment is being refunded already. Reload the page in a minute."))


def close_unpaid() -> int:
    """Close the orders whose time is over, after asking the provider a last time."""
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
        if ask_provider(order).status == Order.Status.PAID:
            return 0
        states.change(order, Order.Status.CLOSED, by=history.SYSTEM)
    except (ProviderError, Conflict) as error:
        log.warning("Order %s stays open for now: %s", order.number, error)
        return 0
    return 1
