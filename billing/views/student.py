"""The student's pages on the fee, and the URL where providers report payments."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from billing import orders, providers
from billing.models import Order
from billing.providers import CallbackMessage, ProviderError
from billing.providers.simulator import SIGNATURE, Simulator
from portal.accounts.addresses import address_of
from students.identity.student_access import student_page

MAX_MESSAGE = 64 * 1024  # bytes of a provider's message
WRONG_MESSAGES = "60/10m"  # from one address


@require_http_methods(["GET", "POST"])
@student_page
def pay(request: Any) -> HttpResponse:
    """The amount and the provider. POST opens the order and redirects to the provider's page."""
    if not request.student.must_pay(request.enrolment):
        return HttpResponseRedirect(reverse("capture:me"))
    if request.method == "POST":
        order = orders.open_order(student=request.student, enrolment=request.enrolment)
        return HttpResponseRedirect(orders.start_payment(order))
    return render(request, "billing/pay.html", {"provider": providers.default(), "step": 4})


@require_GET
@student_page
def receipt(request: Any) -> HttpResponse:
    order = get_object_or_404(Order, student=request.student, status=Order.Status.PAID)
    return render(request, "billing/receipt.html", {"order": order, "provider": providers.get(order.provider)})


@require_http_methods(["GET", "POST"])
@student_page
def simulator(request: Any, number: str) -> HttpResponse:
    """The simulator's payment page. POST pays the order and delivers the message."""
    if Simulator.name != settings.PAYMENT_PROVIDER:
        raise Http404
    order = get_object_or_404(Order, number=number, student=request.student)
    if request.method == "GET":
        return render(request, "billing/simulator.html", {"order": order})
    callback = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    stored = orders.receive_callback(Simulator.name, callback)
    if stored.outcome != orders.BOOKED:
        return render(request, "billing/simulator.html", {"order": order, "refused": stored.outcome}, status=409)
    messages.success(request, _("The fee is paid. You can submit your photo now."))
    return HttpResponseRedirect(reverse("capture:check"))


@csrf_exempt
@require_POST
def notify(request: Any, provider: str) -> HttpResponse:
    """A provider reports a payment. The message's signature is the only authentication.

    An address that sends many wrong ones is not read for a while; right ones are never counted.
    """
    if not providers.is_configured(provider):
        raise Http404
    if _has_sent_too_many(request, increment=False):
        return HttpResponse("too many wrong messages", status=429)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_MESSAGE:
        return HttpResponse("too large", status=413)
    try:
        body = request.read(MAX_MESSAGE + 1)
        if len(body) > MAX_MESSAGE:
            return HttpResponse("too large", status=413)
        orders.receive_callback(
            provider, CallbackMessage({SIGNATURE: request.headers.get(SIGNATURE, "")[:1000]}, body.decode())
        )
    except (ProviderError, UnicodeDecodeError):
        _has_sent_too_many(request, increment=True)
        return HttpResponse("refused", status=400)
    return HttpResponse("success")


def _has_sent_too_many(request: Any, *, increment: bool) -> bool:
    """Count wrong messages by address. While Redis is down nobody is refused: a payment must come in."""
    address = address_of(request.META)
    try:
        usage = get_usage(None, group="notify", key=lambda *_: address, rate=WRONG_MESSAGES, increment=increment)
    except RedisError:
        return False
    return bool(usage and usage["should_limit"])
