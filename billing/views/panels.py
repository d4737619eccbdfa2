"""The panels on fees: all schools for the center, its own account for a school."""

from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from billing.accounts import fee_accounts, overview, settlements
from billing.books import proof
from billing.models import BillLine, Order
from portal.access import center_page, staff_page
from portal.pages.form_fields import whole_number
from schools.models import Enrolment
from students.models import Student

MOST_TRANSFERS = 5  # shown on a student's page


@require_GET
@staff_page(may="fees.see")
def fees(request: Any) -> HttpResponse:
    return _center_panel(request) if request.membership.is_center else _school_panel(request)


def _center_panel(request: Any) -> HttpResponse:
    rows = overview.by_school(request.season)
    context = {
        "totals": overview.totals(rows),
        "rows": [row for row in rows if row.due_fen > 0][:5],
        "unmatched": overview.unmatched(),
    }
    return render(request, "billing/panel_center.html", context)


def _school_panel(request: Any) -> HttpResponse:
    statement = fee_accounts.statement(request.enrolment) if request.enrolment else None
    return render(request, "billing/panel_school.html", {"enrolment": request.enrolment, "statement": statement})


@require_GET
@center_page(may="fees.see")
def faults(request: Any) -> HttpResponse:
    """A callout when the last proof of the ledger's sums found something."""
    last = proof.latest()
    found = proof.describe(last) if last else []
    return render(request, "billing/_proof.html", {"proof": last if found else None, "faults": found})


@require_GET
@staff_page(may="fees.see")
def one_student(request: Any, pk: int) -> HttpResponse:
    """The fee on a student's page: its order and the provider's bill, or the settlement and the transfers that pay it."""
    student = get_object_or_404(Student.objects.select_related("school", "season"), pk=pk)
    orders = Order.objects.filter(student=student).exclude(status=Order.Status.CLOSED).select_related("receipt")
    if request.membership.is_center:  # bills and bank lines are the center's alone
        bills = BillLine.objects.select_related("reconciliation__payout")
        orders = orders.prefetch_related(Prefetch("entries__bill_lines", bills))
    enrolment = Enrolment.objects.filter(season=student.season_id, school=student.school_id).first()
    lines = list(settlements.lines_of(student))
    transfers = fee_accounts.transfers(enrolment)[:MOST_TRANSFERS] if enrolment and lines else []
    context = {
        "student": student,
        "orders": orders,
        "enrolment": enrolment,
        "lines": lines,
        "transfers": transfers,
    }
    return render(request, "billing/panel_student.html", context)


@require_GET
@center_page(may="fees.see")
def one_school(request: Any) -> HttpResponse:
    """One school's account on the center's page of that school. `?school=` is the school's id."""
    enrolments = Enrolment.objects.select_related("school", "season").filter(season=request.season)
    enrolment = get_object_or_404(enrolments, school=whole_number(request.GET.get("school")) or 0)
    context = {"enrolment": enrolment, "statement": fee_accounts.statement(enrolment)}
    return render(request, "billing/panel_school.html", context)
