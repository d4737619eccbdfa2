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

from billing import orders, providers
from billing.models import Order
from billing.providers import CallbackMessage, ProviderError
from billing.providers.simulator import SIGNATURE, Simulator
from students.student_access import student_page


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
    """A provider reports a payment. The message's signature is the only authentication."""
    callback = CallbackMessage({SIGNATURE: request.headers.get(SIGNATURE, "")}, request.body.decode("utf-8", "replace"))
    try:
        orders.receive_callback(provider, callback)
    except ProviderError:
        return HttpResponse("refused", status=400)
    return HttpResponse("success")
