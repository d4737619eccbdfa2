"""Orders: a student pays the fee online.

An order is opened, confirmed by the provider, or closed unpaid.
"""

import datetime as dt
import hashlib
import logging
import secrets

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from billing.accounts import ledger
from billing.models import Callback, LedgerEntry, Order
from billing.online import providers, repayments
from billing.online.providers import (
    CallbackMessage,
    Channel,
    Checkout,
    Claim,
    Payer,
    Payment,
    Probe,
    Provider,
    ProviderError,
    Refund,
    Standing,
    State,
)
from portal import history, notifications
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.security import encryption
from portal.tenancy import across_schools, school_scope, system_scope
from schools.models import Action, Enrolment, Season
from students import fee_settlement
from students.models import Student

log = logging.getLogger(__name__)
ORDER_LIFETIME = dt.timedelta(minutes=30)
ASK_AFTER = dt.timedelta(minutes=2)  # a message is expected before
LOOK_SECONDS = 8
BOOKED = "booked"
UNVERIFIED = "unverified-"  # begins the number of a message that no provider has signed
UNVERIFIED_CHARACTERS = 1000  # kept of its body and each header: anybody may send them; they stay for CALLBACK_DAYS
UNVERIFIED_HEADERS = 40


def open_order(
    *, student: Student, enrolment: Enrolment, channel: Channel = Channel.COMPUTER, openid: str = "", merchant: str = ""
) -> Order:
    """The student's open order for this way of paying; it is created when there is none.

    `merchant`: the one that the student chose; by default the first of the season.

    Another open order, or one past its time, is closed before, at the provider too. Raises PortalError when nothing is
    to pay, when that order turns out to be paid, and when its provider cannot be asked.
    """
    _require_due(student, enrolment)
    provider = _chosen(enrolment.season, channel, merchant)
    order = Order.objects.filter(student=student, status=Order.Status.CREATED).select_related("school").first()
    payers = _payer_hashes(student, openid)
    if order and not _fits(order, provider, channel, payers):
        _replace(order)
        student.refresh_from_db(fields=["fee_state"])
        _require_due(student, enrolment)
    return _open(student, enrolment, provider, channel, payers[0])


def _chosen(season: Season, channel: Channel, merchant: str) -> Provider:
    for provider in providers.of(season, channel=channel):
        if merchant in ("", provider.merchant):
            return provider
    if channel == Channel.WECHAT:
        raise PortalError(_("This portal takes no payment inside of WeChat. Open its page in a browser and pay there."))
    raise PortalError(_("This way of paying is not offered any more. Reload the page and choose another."))


def _require_due(student: Student, enrolment: Enrolment) -> None:
    if not student.must_pay(enrolment):
        raise PortalError(_("There is nothing to pay: the fee is settled."))
    if student.stage not in Student.CAPTURED:
        enrolment.require(Action.SUBMIT)  # nobody pays for a photo that can no longer be handed in


def _payer_hashes(student: Student, openid: str) -> list[str]:
    """The hashes of a payer, the current one first. The same payer has another hash for each student."""
    return encryption.keyed_hashes(f"{student.pk}/{openid}", b"payer") if openid else [""]


def _fits(order: Order, provider: Provider, channel: Channel, payers: list[str]) -> bool:
    """Whether the provider would still take this order for this way of paying and this payer."""
    wanted = (provider.merchant, str(channel))
    is_alike = (order.merchant, order.channel) == wanted and order.payer_hash in payers
    return is_alike and order.expires_at > timezone.now()


def _replace(order: Order) -> None:
    try:
        close(order)
    except ProviderError as error:
        log.warning("Order %s cannot be replaced now: %s", order.number, error)
        raise PortalError(_("The payment provider cannot be reached now. Try again in a minute.")) from error
    except Conflict:
        log.info("Order %s was closed or paid meanwhile", order.number)


@retried
def _open(student: Student, enrolment: Enrolment, provider: Provider, channel: Channel, payer: str) -> Order:
    # A second click waits here for the first.
    Student.objects.select_for_update(no_key=True).get(pk=student.pk)
    fee_settlement.tell_begun(student)
    order = Order.objects.filter(student=student, status=Order.Status.CREATED).first()
    return order or _create(student, enrolment, provider, channel, payer)


def _create(student: Student, enrolment: Enrolment, provider: Provider, channel: Channel, payer: str) -> Order:
    order = Order.objects.create(
        number=f"{enrolment.season.year}{timezone.localtime():%m%d%H%M%S}{secrets.randbelow(10**8):08d}",
        school_id=student.school_id,
        season_id=student.season_id,
        student=student,
        provider=provider.name,
        merchant=provider.merchant,
        channel=channel,
        payer_hash=payer,
        amount_fen=enrolment.season.price_fen,
        expires_at=timezone.now() + ORDER_LIFETIME,
    )
    history.record("order.created", order, by=student, after=order.status, facts={"amount_fen": order.amount_fen})
    return order


def payer_of(code: str, season: Season) -> str:
    """Who the payer is for the provider, by the code that the provider's app gave. Raises PortalError for a wrong one."""
    try:
        return _chosen(season, Channel.WECHAT, "").payer_of(code)
    except ProviderError as error:
        log.warning("A payer's code was not taken: %s", error)
        if error.permanent:
            raise PortalError(_("WeChat does not know this sign-in any more. Begin the payment again.")) from error
        raise PortalError(_("The payment provider cannot be reached now. Try again in a minute.")) from error


def start_payment(order: Order, *, address: str = "", openid: str = "") -> Checkout:
    """How the student pays this order. `address`: the payer's IP address; `openid`: who the payer is inside of WeChat.

    Raises PortalError when the provider does not take it.
    """
    claim = Claim(
        order_number=order.number,
        amount_fen=order.amount_fen,
        subject=_("Graduation portrait %(year)d") % {"year": order.season.graduating_class},
        expires_at=order.expires_at,
        return_address=settings.SITE_URL + reverse("billing:payment", args=[order.number]),
        notify_address=providers.notify_address(order.merchant),
    )
    payer = Payer(channel=Channel(order.channel), address=address, openid=openid)
    try:
        return providers.get(order.merchant).start(claim, payer)
    except ProviderError as error:
        log.warning("Order %s could not be started: %s", order.number, error)
        if error.permanent and _was_paid(order):
            raise PortalError(_("There is nothing to pay: the fee is settled.")) from error
        raise PortalError(_("The payment provider cannot be reached now. Try again in a minute.")) from error


def _was_paid(order: Order) -> bool:
    """Whether the provider took no second start because the payer has paid, and its message is still on the way."""
    try:
        query_provider(order)
    except ProviderError as error:
        log.warning("Order %s: %s", order.number, error)
    return order.status in Order.RECEIVED


def receive_callback(merchant: str, callback: CallbackMessage) -> Callback:
    """Verify a provider's message, store it as it came, and book its payment or refund.

    The same payment is booked once; the first verified message of it is kept as the evidence. Raises
    ProviderError when the signature is wrong; the message is kept for a while then, apart from payments, unless it is
    the provider's own probe.
    """
    provider = providers.get(merchant)
    with across_schools():  # the message names an order, not a school
        try:
            told = provider.verify(callback)
        except Probe:
            raise
        except ProviderError:
            _store(provider, UNVERIFIED + _digest(callback), _beginning(callback))
            raise
        if told is None:
            return _store(provider, f"other-{_digest(callback)}", callback, verified=True)
        stored = _store(provider, _key_of(told), callback, verified=True)
        order = _order_of(told)
        return _book(stored, told, order if order and order.merchant == merchant else None)


def _order_of(told: Payment | Refund) -> Order | None:
    """The order that the provider names; of a payment that moved to another school, the one there is refunded."""
    rows = Order.objects.select_related("school", "season", "student")
    order = rows.filter(number=told.order_number).first()
    if order and order.status == Order.Status.MOVED and isinstance(told, Refund):
        return rows.filter(provider_number=order.number).exclude(status=Order.Status.MOVED).first()
    return order


def _digest(callback: CallbackMessage) -> str:
    return hashlib.sha256(callback.body).hexdigest()[:40]


def _beginning(callback: CallbackMessage) -> CallbackMessage:
    headers = list(callback.headers.items())[:UNVERIFIED_HEADERS]
    return CallbackMessage(
        {name[:UNVERIFIED_CHARACTERS]: value[:UNVERIFIED_CHARACTERS] for name, value in headers},
        callback.body[:UNVERIFIED_CHARACTERS],
    )


def _key_of(told: Payment | Refund) -> str:
    """A refund is told of more than once, with different states."""
    return f"{told.external_id[:50]}:{told.state}" if isinstance(told, Refund) else told.external_id


def _store(provider: Provider, external_id: str, callback: CallbackMessage, *, verified: bool = False) -> Callback:
    headers = {name: value.replace("\0", "") for name, value in callback.headers.items()}
    body = callback.body.decode(errors="replace").replace("\0", "")
    new = Callback(provider=provider.name, external_id=external_id, verified=verified, merchant=provider.merchant)
    new.seal(headers, body)
    try:
        with transaction.atomic():
            new.save(force_insert=True)
            return new
    except IntegrityError:
        stored = Callback.objects.get(provider=provider.name, external_id=external_id)
    if verified and callback.body and not stored.body:  # we had asked before the provider's message came
        values = {"sealed": new.sealed, "verified": verified, "merchant": provider.merchant}
        Callback.objects.filter(pk=stored.pk).update(**values)
    return stored


def purge_unverified(*, older_than: dt.datetime) -> int:
    """Delete messages whose signature was wrong; return how many."""
    return Callback.objects.filter(verified=False, received_at__lt=older_than).delete()[0]


def _book(stored: Callback, told: Payment | Refund, order: Order | None) -> Callback:
    """Confirm the payment or the refund, and write the outcome to the stored message.

    A payment that a person has settled by hand is never booked: its money may be back already.
    """
    if stored.resolved_at is not None:
        return stored
    was_refused = stored.is_refused
    with translation.override(settings.LANGUAGE_CODE):  # read by the center, not by the provider
        refusal = _confirm(order, told)
    stored.verified, stored.outcome = True, refusal[:200] or BOOKED
    stored.is_refused = bool(refusal)
    stored.order, stored.order_number, stored.amount_fen = order, told.order_number[:32], told.amount_fen
    stored.is_refund = isinstance(told, Refund)
    stored.save(update_fields=["verified", "outcome", "is_refused", "is_refund", "order", "order_number", "amount_fen"])
    if order and isinstance(told, Payment):
        with school_scope(order.school):
            if not refusal:
                fee_settlement.tell_settled(order.student)
            elif not was_refused:
                _notify(order, "fee.not_booked", amount=told.amount_fen)
    return stored


def _notify(order: Order, kind: str, *, amount: int) -> None:
    notifications.notify(order.student, school=order.school, kind=kind, parameters={"amount": amount})


def _confirm(order: Order | None, told: Payment | Refund) -> str:
    """Confirm the payment or the refund in the school of its order.

    Returns the reason of a refusal, "" when it is booked.
    """
    repayment = repayments.of(told) if isinstance(told, Refund) else None
    if order is None and repayment is None:
        log.warning("Payment %s needs a person: no order %s", told.external_id, told.order_number)
        return _("There is no order of this number.")
    try:
        if repayment and isinstance(told, Refund):
            repayments.take(repayment, told, by=history.SYSTEM)
            return ""
        assert order is not None
        with school_scope(order.school):
            if isinstance(told, Refund):
                _take_refund(order, told, by=history.SYSTEM)
            else:
                ledger.confirm_payment(
                    order, amount_fen=told.amount_fen, external_id=told.external_id, by=history.SYSTEM
                )
    except PortalError as error:
        log.warning("Payment %s of order %s needs a person: %s", told.external_id, told.order_number, error)
        return str(error)
    return ""


def _take_refund(order: Order, told: Refund, *, by: history.Actor) -> None:
    """Book what the provider says of a refund. Word of an earlier try that failed changes nothing."""
    if told.state == State.REFUNDED:
        ledger.post_refund(order, amount_fen=told.amount_fen, external_id=told.external_id, by=by)
    elif told.state == State.FAILED and told.number == order.refund_number:
        order.refresh_from_db(fields=["status"])
        if order.status != Order.Status.REFUND_FAILED:
            _fail_refund(order, by=by)


@transaction.atomic
def _fail_refund(order: Order, *, by: history.Actor) -> None:
    """The provider does not pay the order back: the center asks again, or pays it back another way."""
    states.change(order, Order.Status.REFUND_FAILED, by=by)
    _notify(order, "fee.refund_failed", amount=order.amount_fen)
    enrolment = Enrolment.objects.get(season=order.season_id, school=order.school_id)
    link = reverse("billing:center_school_fees", args=[enrolment.pk])
    parameters = {"amount": order.amount_fen, "number": order.number}
    notifications.notify_center(
        kind="fees.refund_failed", season=order.season, parameters=parameters, link=f"{link}?q={order.number}"
    )


def resolve_refused(stored: Callback, *, reason: str, by: User) -> Callback:
    """Mark a payment that the ledger refused as resolved by a person; its order is closed and never booked.

    The reason is kept in the history, and the student is told that it is settled.
    """
    if not reason.strip():
        raise PortalError(_("Say how the payment was settled."))
    with transaction.atomic():
        if not Callback.objects.unresolved().filter(pk=stored.pk).update(resolved_at=timezone.now()):
            raise Conflict
        facts = {"amount_fen": stored.amount_fen, "reference": stored.external_id, "outcome": stored.outcome}
        history.record("fees.payment_resolved", stored.order or stored, by=by, facts=facts | {"reason": reason.strip()})
        if stored.order:
            if stored.order.status == Order.Status.CREATED:
                states.change(stored.order, Order.Status.CLOSED, by=by)
            _notify(stored.order, "fee.resolved", amount=stored.amount_fen or 0)
    stored.refresh_from_db()
    return stored


def query_provider(order: Order) -> Standing:
    """Ask the provider whether the order was paid, and book the payment if so.

    For an order whose callback was lost.
    """
    standing = providers.get(order.merchant).query(order_number=order.number)
    if standing.payment:
        _book_what_was_asked(order, standing.payment)
    return standing


def look_for_payment(order: Order) -> None:
    """The payer's page waits for the payment: ask the provider, at most every LOOK_SECONDS for an order."""
    if order.status != Order.Status.CREATED or not cache.add(f"look-for-payment:{order.pk}", 1, timeout=LOOK_SECONDS):
        return
    try:
        query_provider(order)
    except ProviderError as error:
        log.warning("Order %s: %s", order.number, error)


def _book_what_was_asked(order: Order, told: Payment | Refund) -> None:
    with across_schools():  # messages of providers belong to no school
        _book(
            _store(providers.get(order.merchant), _key_of(told), CallbackMessage({}, b""), verified=True), told, order
        )
    order.refresh_from_db()


def refund_order(order: Order, *, by: User) -> Order:
    """Ask the provider to pay a paid order back. It is refunded, or will be when the provider says so.

    Several clicks make one request.

    Raises Conflict when the order is not paid or is being refunded, PortalError when the provider
    refuses.
    """
    if order.status not in Order.RECEIVED:
        raise Conflict(_("Only a paid order can be refunded."))
    tries = int(order.refund_number.rpartition("R")[2] or 0)
    number, now = f"{order.number}R{tries + 1}", timezone.now()
    try:
        states.change(order, Order.Status.REFUNDING, by=by, refund_number=number, refund_requested_at=now)
    except Conflict as error:
        raise Conflict(_("This payment is being refunded already. Reload the page in a minute.")) from error
    try:
        return _request_refund(order, by=by)
    except ProviderError as error:
        log.warning("Refund %s: %s", order.refund_number, error)
        if not error.permanent:  # it may have been taken: `settle` asks
            return order
        _fail_refund(order, by=by)
        raise PortalError(_("The payment provider refused the refund. Try again later.")) from error


def _request_refund(order: Order, *, by: history.Actor) -> Order:
    payment = order.entries.get(kind__in=(LedgerEntry.Kind.PAYMENT, LedgerEntry.Kind.MOVED))
    told = providers.get(order.merchant).refund(
        order_number=order.number_at_provider,
        number=order.refund_number,
        amount_fen=order.amount_fen,
        external_id=payment.reference,
        notify_address=providers.notify_address(order.merchant),
    )
    _take_refund(order, told, by=by)
    order.refresh_from_db()
    return order


def due() -> list[int]:
    """The orders of which the provider is to be asked: those that wait for their money, and those being refunded."""
    waited = timezone.now() - ASK_AFTER
    with system_scope():
        waiting = Q(status=Order.Status.CREATED, created_at__lt=waited)
        expired = Q(status=Order.Status.CREATED, expires_at__lt=timezone.now())
        refunding = Q(status=Order.Status.REFUNDING, refund_requested_at__lt=waited)
        return list(Order.objects.filter(waiting | expired | refunding).order_by("pk").values_list("pk", flat=True))


def settle(pk: int) -> Order:
    """Ask the provider how the order stands and book it; close it when its time is over.

    What the provider does not answer now is asked again at the next turn.
    """
    with system_scope():
        order = Order.objects.select_related("school", "season", "student").get(pk=pk)
    with school_scope(order.school):
        try:
            _settle(order)
        except (ProviderError, Conflict) as error:
            log.warning("Order %s stays as it is for now: %s", order.number, error)
    return order


def _settle(order: Order) -> None:
    if order.status == Order.Status.REFUNDING:
        _settle_refund(order)
    elif order.status == Order.Status.CREATED and order.expires_at < timezone.now():
        close(order)
        _tell_abandoned(order)
    elif order.status == Order.Status.CREATED:
        query_provider(order)


def _tell_abandoned(order: Order) -> None:
    """The time of the order is over, and nothing came in: the student is told, who may have thought that it had."""
    enrolment = Enrolment.objects.get(season=order.season_id, school=order.school_id)
    order.student.refresh_from_db(fields=["fee_state"])
    if order.status == Order.Status.CLOSED and order.student.must_pay(enrolment):
        _notify(order, "fee.order_closed", amount=order.amount_fen)


def _settle_refund(order: Order) -> None:
    told = providers.get(order.merchant).query_refund(order_number=order.number_at_provider, number=order.refund_number)
    if told:
        _book_what_was_asked(order, told)
        return
    try:
        _request_refund(order, by=history.SYSTEM)
    except ProviderError as error:
        if not error.permanent:
            raise
        log.warning("Refund %s was refused: %s", order.refund_number, error)
        _fail_refund(order, by=history.SYSTEM)


def end_open(rows: QuerySet[Order]) -> int:
    """Let the time of the open orders among `rows` be over; return how many.

    The next turn of the settling task closes them at the provider. A payment that is on its way is still booked.
    """
    return rows.filter(status=Order.Status.CREATED).update(expires_at=timezone.now())


def close(order: Order) -> None:
    """Close the order at the provider and here, or book its payment.

    Raises ProviderError when the provider does not close it, or while it is being paid.
    """
    standing = query_provider(order)
    if order.status != Order.Status.CREATED:
        return
    if standing.state == State.PAYING:
        raise ProviderError("The order is being paid at this moment.")
    if standing.state in (State.CREATED, State.FAILED):
        providers.get(order.merchant).close(order_number=order.number)
    states.change(order, Order.Status.CLOSED, by=history.SYSTEM)
