"""The school's account of a season."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from billing.accounts import fee_accounts, school_refunds, settlements
from billing.accounts.references import reference_of
from billing.forms import PaymentModeForm, RefundForm
from billing.models import Order, SchoolRefund, Settlement
from portal import permissions
from portal.access import school_page
from portal.models import Look
from portal.pages.lists import List, choice
from portal.privacy import looks
from schools.days import deadlines
from schools.models import Enrolment


@require_http_methods(["GET", "POST"])
@school_page(may="fees.see", to_post="fees.choose_mode")
def account(request: Any) -> HttpResponse:
    """The school's account: who pays, the sums, the bank account to pay to, the entries.

    POST sets who pays.
    """
    enrolment = request.enrolment
    if enrolment is None:
        return render(request, "billing/account.html", {"enrolment": None})
    form = PaymentModeForm(request.POST or None, initial={"payment_mode": enrolment.payment_mode})
    if request.method == "POST" and form.is_valid():
        fee_accounts.choose_payment_mode(enrolment, mode=form.cleaned_data["payment_mode"], by=request.user)
        messages.success(request, _("Saved: %(mode)s.") % {"mode": enrolment.get_payment_mode_display()})
        return HttpResponseRedirect(reverse("billing:account"))
    statement = fee_accounts.statement(enrolment)
    context = {
        "enrolment": enrolment,
        "form": form,
        "statement": statement,
        "reference": reference_of(enrolment.season.year, enrolment.school.code),
        "is_late": statement.due_fen > 0 and deadlines.is_payment_late(enrolment.season, timezone.localdate()),
        "open_settlement": settlements.of(enrolment).filter(status=Settlement.Status.PROPOSED).first(),
        "entries": fee_accounts.school_entries(enrolment)[:50],
        "may_ask": permissions.may(request.membership, "fees.ask_refund"),
        **settled_and_refunded(enrolment),
    }
    return render(request, "billing/account.html", context)


def settled_and_refunded(enrolment: Enrolment) -> dict[str, Any]:
    """Context of the cards of settlements and refunds, for the page of the school and that of the center."""
    return {
        "settlements": settlements.of(enrolment)[:12],
        "unsettled": settlements.difference(enrolment),
        "refunds": SchoolRefund.objects.filter(account__enrolment=enrolment)[:12],
        "refundable_fen": school_refunds.refundable_fen(enrolment),
        "refund_form": RefundForm(auto_id="refund_%s"),
    }


class StudentPayments(List):
    filters = {"status": choice("status", Order.Status.choices, label=gettext_lazy("State"))}


@require_GET
@school_page(may="fees.see")
def students(request: Any) -> HttpResponse:
    """The students' own payments, newest first."""
    rows = Order.objects.filter(season=request.season).select_related("student")
    listed = StudentPayments(rows, request.GET)
    looks.record(request, Look.Kind.LIST, [order.student_id for order in listed.page])
    return render(request, "billing/students.html", {"listed": listed, "page": listed.page})
