"""Refunds to schools: what the school asks for, and the center's list of all."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from billing.accounts import school_refunds
from billing.forms import RefundDecisionForm, RefundForm, RefundPaymentForm
from billing.models import SchoolRefund
from portal.access import center_page, school_page
from portal.formatting import yuan
from portal.pages.form_fields import checked
from portal.pages.lists import List, choice, search
from schools.models import Enrolment


class RefundList(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith"),
        "status": choice("status", SchoolRefund.Status.choices, label=gettext_lazy("State")),
    }
    page_size = 30


@require_POST
@school_page(may="fees.ask_refund")
def ask(request: Any) -> HttpResponse:
    """The school asks for its overpayment back."""
    _ask(request, get_object_or_404(Enrolment, season=request.season))
    return HttpResponseRedirect(reverse("billing:account"))


@require_POST
@center_page(may="fees.school_refund")
def ask_for_school(request: Any, pk: int) -> HttpResponse:
    _ask(request, get_object_or_404(Enrolment, pk=pk))
    return HttpResponseRedirect(reverse("billing:center_school_fees", args=[pk]))


def _ask(request: Any, enrolment: Enrolment) -> None:
    refund = school_refunds.ask(enrolment, **checked(RefundForm(request.POST)), by=request.user)
    messages.success(
        request,
        _("Asked for: a refund of %(amount)s yuan. Another person of the center decides.")
        % {"amount": yuan(refund.amount_fen)},
    )


@require_GET
@center_page(may="fees.see")
def center_refunds(request: Any) -> HttpResponse:
    """The refunds to schools of the season, the newest first."""
    rows = SchoolRefund.objects.filter(account__season=request.season)
    listed = RefundList(rows.select_related("account", "school", "asked_by", "decided_by", "entry"), request.GET)
    context = {
        "listed": listed,
        "page": listed.page,
        "decision": RefundDecisionForm(),
        "payment": RefundPaymentForm(),
    }
    return render(request, "billing/center_refunds.html", context)


@require_POST
@center_page(may="fees.school_refund")
def approve(request: Any, pk: int) -> HttpResponse:
    school_refunds.approve(get_object_or_404(SchoolRefund, pk=pk), by=request.user)
    messages.success(request, _("Approved. Transfer it now, then enter the transfer here."))
    return HttpResponseRedirect(reverse("billing:center_refunds"))


@require_POST
@center_page(may="fees.school_refund")
def decline(request: Any, pk: int) -> HttpResponse:
    form = checked(RefundDecisionForm(request.POST))
    school_refunds.decline(get_object_or_404(SchoolRefund, pk=pk), **form, by=request.user)
    messages.success(request, _("Not approved; the school reads your reason."))
    return HttpResponseRedirect(reverse("billing:center_refunds"))


@require_POST
@center_page(may="fees.school_refund")
def pay(request: Any, pk: int) -> HttpResponse:
    """Enter the transfer by hand; the tray of bank lines enters it with the line that proves it."""
    form = checked(RefundPaymentForm(request.POST))
    entry = school_refunds.pay(get_object_or_404(SchoolRefund, pk=pk), **form, by=request.user)
    messages.success(request, _("Entered: %(amount)s yuan.") % {"amount": yuan(entry.amount_fen)})
    return HttpResponseRedirect(reverse("billing:center_refunds"))
