"""The center's pages on fees: the accounts of all schools, transfers, refunds."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.accounts import fee_accounts, overview, payment_modes, school_refunds
from billing.forms import ModeSwitchForm, RepaymentForm, ResolutionForm, ReversalForm, TransferForm
from billing.models import Callback, LedgerEntry, Order, Repayment
from billing.online import orders, repayments
from billing.views.school import settled_and_refunded
from portal import permissions
from portal.access import center_page
from portal.formatting import yuan
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import Filter, List, search, search_field
from portal.privacy import looks
from schools.models import Enrolment


def _matching(rows: list[overview.SchoolFees], words: str) -> list[overview.SchoolFees]:
    return [row for row in rows if words in row.enrolment.school.name or words in row.enrolment.school.code]


class FeeList(List):
    """The fees of each school. The rows are a list of SchoolFees, not a query."""

    filters = {
        "q": Filter(search_field(), _matching),
        "state": Filter(
            forms.ChoiceField(
                label=gettext_lazy("State"),
                required=False,
                choices=[
                    ("open", gettext_lazy("Nothing received")),
                    ("part", gettext_lazy("Part received")),
                    ("settled", gettext_lazy("Settled")),
                    ("students", gettext_lazy("Students pay")),
                    ("nothing", gettext_lazy("Nothing due yet")),
                ],
            ),
            lambda rows, state: [row for row in rows if row.state == state],
            overview.counts,
        ),
    }


class StudentOrders(List):
    """The students' payments, newest first. The search finds the payment to refund."""

    filters = {"q": search("student__name__startswith", "student__student_no__startswith", "number")}


@require_GET
@center_page(may="fees.see")
def fees(request: Any) -> HttpResponse:
    """The fees of every school, the largest amount due first, and the refused payments."""
    rows = overview.by_school(request.season)
    listed = FeeList(rows, request.GET)
    context = {
        "listed": listed,
        "page": listed.page,
        "totals": overview.totals(rows),
        "refused": overview.unresolved_callbacks(),
        "resolution": ResolutionForm(),
        "repayment": RepaymentForm(auto_id="repay_%s"),
    }
    return render(request, "billing/center_fees.html", context)


def _enrolment(pk: int) -> Enrolment:
    return get_object_or_404(Enrolment.objects.select_related("school__area", "season"), pk=pk)


@require_http_methods(["GET", "POST"])
@center_page(may="fees.see", to_post="fees.enter")
def school_fees(request: Any, pk: int) -> HttpResponse:
    """One school's account, with a form for a bank transfer."""
    enrolment = _enrolment(pk)
    form = TransferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        entry = fee_accounts.record_transfer(enrolment, by=request.user, **form.cleaned_data)
        messages.success(request, _("Entered: %(amount)s yuan.") % {"amount": yuan(-entry.amount_fen)})
        return HttpResponseRedirect(reverse("billing:center_school_fees", args=[pk]))
    context = {
        "enrolment": enrolment,
        "form": form,
        "reversal": ReversalForm(),
        "mode_switch": ModeSwitchForm(auto_id="mode_%s"),
        "other_mode": payment_modes.other(enrolment.payment_mode).label,
        "statement": fee_accounts.statement(enrolment),
        "entries": fee_accounts.school_entries(enrolment)[:200],
        "may_ask": permissions.may(request.membership, "fees.school_refund"),
        **settled_and_refunded(enrolment),
        **_orders(request, enrolment),
    }
    return render(request, "billing/center_school_fees.html", context)


def _orders(request: Any, enrolment: Enrolment) -> dict[str, Any]:
    rows = Order.objects.filter(school=enrolment.school, season=enrolment.season).exclude(status=Order.Status.CLOSED)
    listed = StudentOrders(rows.select_related("student"), request.GET)
    looks.record(request, Look.Kind.LIST, [order.student_id for order in listed.page])
    return {"listed": listed, "orders": listed.page}


@require_POST
@center_page(may="fees.switch_mode")
def switch_mode(request: Any, pk: int) -> HttpResponse:
    """Let the other side pay: the school instead of its students, or the other way round."""
    enrolment = _enrolment(pk)
    values = checked(ModeSwitchForm(request.POST))
    payment_modes.switch(enrolment, mode=payment_modes.other(enrolment.payment_mode), by=request.user, **values)
    messages.success(request, _("Saved: %(mode)s.") % {"mode": enrolment.get_payment_mode_display()})
    return HttpResponseRedirect(reverse("billing:center_school_fees", args=[pk]))


@require_POST
@center_page(may="fees.reverse")
def reverse_entry(request: Any, pk: int, entry: int) -> HttpResponse:
    enrolment = _enrolment(pk)
    row = get_object_or_404(LedgerEntry.objects.select_related("account"), pk=entry, account__enrolment=enrolment)
    reverse_it = school_refunds.take_back if row.kind == LedgerEntry.Kind.REFUND else fee_accounts.reverse_transfer
    reverse_it(row, **checked(ReversalForm(request.POST)), by=request.user)
    messages.success(request, _("The entry has been reversed by a counter-entry."))
    return HttpResponseRedirect(reverse("billing:center_school_fees", args=[pk]))


@require_POST
@center_page(may="fees.resolve")
def resolve_payment(request: Any, pk: int) -> HttpResponse:
    """Take a refused payment off the list, with a reason."""
    row = get_object_or_404(Callback.objects.select_related("order"), pk=pk)
    orders.resolve_refused(row, **checked(ResolutionForm(request.POST)), by=request.user)
    messages.success(request, _("The payment is off the list; your reason is kept in the history."))
    return HttpResponseRedirect(reverse("billing:center_fees"))


@require_POST
@center_page(may="fees.refund")
def repay(request: Any, pk: int) -> HttpResponse:
    """Pay a payment that the books refused back, at its provider."""
    stored = get_object_or_404(Callback.objects.select_related("order__student", "order__school"), pk=pk)
    row = repayments.ask(stored, **checked(RepaymentForm(request.POST)), by=request.user)
    amount = {"amount": yuan(stored.amount_fen or 0)}
    if row.status == Repayment.Status.REFUNDED:
        messages.success(request, _("%(amount)s yuan go back the way they came.") % amount)
    elif row.status == Repayment.Status.REFUNDING:
        text = _(
            "The refund of %(amount)s yuan is asked for. The payment leaves the list when the provider has made it."
        )
        messages.info(request, text % amount)
    else:
        messages.error(request, _("The payment provider refused the refund. Try again later."))
    return HttpResponseRedirect(reverse("billing:center_fees"))


@require_POST
@center_page(may="fees.refund")
def refund(request: Any, pk: int) -> HttpResponse:
    order = get_object_or_404(Order.objects.select_related("student", "school"), pk=pk)
    orders.refund_order(order, by=request.user)
    values = {"amount": yuan(order.amount_fen), "name": order.student.name}
    if order.status == Order.Status.REFUNDED:
        messages.success(request, _("%(amount)s yuan go back to %(name)s.") % values)
    else:
        text = _(
            "The refund of %(amount)s yuan to %(name)s is asked for. This page shows when the provider has made it."
        )
        messages.info(request, text % values)
    enrolment = Enrolment.objects.get(season=order.season_id, school=order.school_id)
    return HttpResponseRedirect(reverse("billing:center_school_fees", args=[enrolment.pk]))
