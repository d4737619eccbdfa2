"""The student's pages on the fee, and the URL where providers report payments."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_ratelimit.core import get_usage
from redis.exceptions import RedisError

from billing.models import Order, Receipt
from billing.online import fiscal, orders, providers, receipts
from billing.online.providers import CallbackMessage, Channel, Probe, Provider, ProviderError, QRText, Redirect
from billing.online.providers.simulator import Simulator
from portal import files
from portal.accounts.addresses import address_of
from portal.errors import PortalError
from portal.pages import qr_codes
from students.identity.student_access import student_page

MAX_MESSAGE = 64 * 1024  # bytes of a provider's message
WRONG_MESSAGES = "60/10m"  # from one address


@require_http_methods(["GET", "POST"])
@student_page
def pay(request: Any) -> HttpResponse:
    """The amount and the providers to choose from. POST opens the order and leads to where it is paid."""
    if not request.student.must_pay(request.enrolment):
        return HttpResponseRedirect(reverse("capture:me"))
    if request.method == "POST":
        order = orders.open_order(
            student=request.student,
            enrolment=request.enrolment,
            channel=_channel(request),
            merchant=request.POST.get("merchant", ""),
        )
        if providers.get(order.merchant).is_simulated:
            return HttpResponseRedirect(reverse("billing:simulator", args=[order.number]))
        return HttpResponseRedirect(reverse("billing:payment", args=[order.number]))
    offered = _offered(request)
    cannot_open = _is_inside_wechat(request) and not all(provider.is_simulated for provider in offered)
    context = {"offered": offered, "step": 4, "cannot_open": cannot_open}
    return render(request, "billing/pay.html", context)


def _channel(request: Any) -> Channel:
    return Channel.PHONE if "Mobile" in request.headers.get("User-Agent", "") else Channel.COMPUTER


def _offered(request: Any) -> list[Provider]:
    """Those that the season takes for where the student is. Inside of WeChat no other one is let in."""
    offered = providers.of(request.season, channel=_channel(request))
    if _is_inside_wechat(request):
        return [provider for provider in offered if Channel.WECHAT in provider.channels] or offered
    return offered


def _is_inside_wechat(request: Any) -> bool:
    """WeChat's own browser opens no other cashier than JSAPI, which needs the openid of the mini program."""
    return "MicroMessenger" in request.headers.get("User-Agent", "")


@require_GET
@student_page
def payment(request: Any, number: str) -> HttpResponse:
    """One order: the code to scan or the way to the cashier; the page looks for the payment by itself."""
    order = _own_order(request, number)
    if request.htmx:
        orders.look_for_payment(order)
        if order.status == Order.Status.CREATED:
            return HttpResponse(status=204)
        response = HttpResponse(status=204)
        response["HX-Redirect"] = reverse("billing:payment", args=[number])
        return response
    if order.status in Order.RECEIVED:
        return HttpResponseRedirect(reverse("billing:receipt"))
    is_over = order.status != Order.Status.CREATED or order.expires_at < timezone.now()
    if is_over or order.channel == Channel.WECHAT:  # WeChat's cashier opens in the mini program alone
        messages.info(request, _("This order is closed. Begin the payment again."))
        return HttpResponseRedirect(reverse("billing:pay"))
    try:
        checkout = orders.start_payment(order, address=address_of(request.META))
    except PortalError:
        if order.status == Order.Status.CREATED:
            raise
        return HttpResponseRedirect(reverse("billing:receipt"))  # back from the cashier before the provider's message
    context = {
        "order": order,
        "provider": providers.get(order.merchant),
        "code": qr_codes.svg(checkout.text) if isinstance(checkout, QRText) else "",
        "url": checkout.url if isinstance(checkout, Redirect) else "",
        "step": 4,
    }
    return render(request, "billing/payment.html", context)


def _own_order(request: Any, number: str) -> Order:
    own = Order.objects.select_related("school", "season", "student")
    return get_object_or_404(own, number=number, student=request.student)


@require_GET
@student_page
def receipt(request: Any) -> HttpResponse:
    """The payment in force, else the last one that was refunded, with its receipt; and earlier receipts."""
    own = Receipt.objects.filter(order__student=request.student).select_related("order").order_by("-pk")
    found = sorted(own, key=lambda receipt: receipt.is_void)
    if not found:
        raise Http404
    shown, *earlier = found
    context = {"receipt": shown, "order": shown.order, "earlier": earlier}
    return render(request, "billing/receipt.html", context | {"provider": providers.title_of(shown.order.provider)})


@require_GET
@student_page
def receipt_pdf(request: Any, receipt: str) -> HttpResponse:
    row = get_object_or_404(receipts.whole(), number=receipt, order__student=request.student)
    return receipt_response(row)


@require_GET
@student_page
def fiscal_file(request: Any, receipt: str) -> HttpResponse:
    """The fiscal e-receipt, as the center's issuing system made it."""
    row = get_object_or_404(receipts.whole(), number=receipt, order__student=request.student)
    return fiscal_response(row)


def receipt_response(row: Receipt) -> HttpResponse:
    content = receipts.pdf(row, provider=providers.title_of(row.order.provider))
    return files.attachment(content, filename=f"{row.number}.pdf", content_type="application/pdf")


def fiscal_response(row: Receipt) -> HttpResponse:
    if not row.fiscal_file:
        raise Http404
    ending = row.fiscal_file.name.rpartition(".")[2]
    content_type = fiscal.FILE_TYPES.get(ending, "application/octet-stream")
    return files.send(row.fiscal_file, filename=f"{row.fiscal_number}.{ending}", content_type=content_type)


@require_http_methods(["GET", "POST"])
@student_page
def simulator(request: Any, number: str) -> HttpResponse:
    """The simulator's payment page. POST pays the order and delivers the message."""
    order = get_object_or_404(Order, number=number, student=request.student, provider=Simulator.name)
    if order.merchant not in providers.PROVIDERS:
        raise Http404
    if request.method == "GET":
        return render(request, "billing/simulator.html", {"order": order})
    if order.status == Order.Status.CLOSED:
        refused = _("This order is closed. Begin the payment again.")
        return render(request, "billing/simulator.html", {"order": order, "refused": refused}, status=409)
    callback = Simulator().pay(order_number=order.number, amount_fen=order.amount_fen)
    stored = orders.receive_callback(order.merchant, callback)
    if stored.outcome != orders.BOOKED:
        return render(request, "billing/simulator.html", {"order": order, "refused": stored.outcome}, status=409)
    return HttpResponseRedirect(reverse("billing:receipt"))


@csrf_exempt
@require_POST
def notify(request: Any, merchant: str) -> HttpResponse:
    """The provider of this merchant reports a payment or a refund. The message's signature is the only authentication.

    The provider says how it wants to be answered. An address that sends many wrong ones is not read for a while; right ones are never counted.
    """
    if merchant not in providers.PROVIDERS:
        raise Http404
    if _has_sent_too_many(request, increment=False):
        return HttpResponse("too many wrong messages", status=429)
    if int(request.META.get("CONTENT_LENGTH") or 0) > MAX_MESSAGE:
        return HttpResponse("too large", status=413)
    try:
        body = request.read(MAX_MESSAGE + 1)
        if len(body) > MAX_MESSAGE:
            return HttpResponse("too large", status=413)
        body.decode()
        orders.receive_callback(merchant, CallbackMessage(_headers(request), body))
    except Probe:  # from where the real messages come
        return _answer(merchant, is_accepted=False)
    except (ProviderError, UnicodeDecodeError):
        _has_sent_too_many(request, increment=True)
        return _answer(merchant, is_accepted=False)
    return _answer(merchant, is_accepted=True)


def _headers(request: Any) -> dict[str, str]:
    """All headers, without what a browser would prove somebody's identity with: they are stored."""
    return {name: value for name, value in request.headers.items() if name not in ("Cookie", "Authorization")}


def _answer(merchant: str, *, is_accepted: bool) -> HttpResponse:
    answer = providers.get(merchant).answer(is_accepted=is_accepted)
    return HttpResponse(answer.body, status=answer.status, content_type=answer.content_type)


def _has_sent_too_many(request: Any, *, increment: bool) -> bool:
    """Count wrong messages by address. While Redis is down nobody is refused: a payment must come in."""
    address = address_of(request.META)
    try:
        usage = get_usage(None, group="notify", key=lambda *_: address, rate=WRONG_MESSAGES, increment=increment)
    except RedisError:
        return False
    return bool(usage and usage["should_limit"])
