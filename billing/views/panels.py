"""The fees on the dashboards: the center's over all schools, the school's own."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from billing import accounts, overview
from schools.access import center_page, school_page


@require_GET
def fees(request: Any) -> HttpResponse:
    if request.membership is None:
        return redirect_to_login(request.get_full_path())
    return center_panel(request) if request.membership.is_center else school_panel(request)


@center_page
def center_panel(request: Any) -> HttpResponse:
    rows = overview.by_school(request.season)
    context = {"totals": overview.totals(rows), "rows": [row for row in rows if row.due_fen > 0][:5]}
    return render(request, "billing/panel_center.html", context)


@school_page
def school_panel(request: Any) -> HttpResponse:
    statement = accounts.statement(request.enrolment) if request.enrolment else None
    return render(request, "billing/panel_school.html", {"enrolment": request.enrolment, "statement": statement})
