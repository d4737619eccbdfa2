"""The panels on fees: all schools for the center, its own account for a school."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from billing.accounts import fee_accounts, overview
from billing.models import Callback
from portal.access import center_page, staff_page
from portal.pages.form_fields import whole_number
from schools.models import Enrolment


@require_GET
@staff_page(may="fees.see")
def fees(request: Any) -> HttpResponse:
    return _center_panel(request) if request.membership.is_center else _school_panel(request)


def _center_panel(request: Any) -> HttpResponse:
    rows = overview.by_school(request.season)
    context = {
        "totals": overview.totals(rows),
        "rows": [row for row in rows if row.due_fen > 0][:5],
        "refused": Callback.objects.unresolved().count(),
    }
    return render(request, "billing/panel_center.html", context)


def _school_panel(request: Any) -> HttpResponse:
    statement = fee_accounts.statement(request.enrolment) if request.enrolment else None
    return render(request, "billing/panel_school.html", {"enrolment": request.enrolment, "statement": statement})


@require_GET
@center_page(may="fees.see")
def one_school(request: Any) -> HttpResponse:
    """One school's account on the center's page of that school. `?school=` is the school's id."""
    enrolments = Enrolment.objects.select_related("school", "season").filter(season=request.season)
    enrolment = get_object_or_404(enrolments, school=whole_number(request.GET.get("school")) or 0)
    context = {"enrolment": enrolment, "statement": fee_accounts.statement(enrolment)}
    return render(request, "billing/panel_school.html", context)
