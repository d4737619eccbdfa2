"""The center's pages of an order: what it would hold, then how far it is and what came of it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from portal.access import center_page
from portal.background import jobs
from portal.errors import PortalError
from portal.models import Job
from portal.pages.form_fields import PickedField
from printing import delivery, print_orders, reprints
from printing.forms import OrderForm
from printing.models import PrintRun
from schools.models import Enrolment, Season


@require_http_methods(["GET", "POST"])
@center_page(may="prints.order")
def order(request: Any) -> HttpResponse:
    """What an order of the picked schools holds and leaves out; then it is given."""
    picked = _picked(request)
    return _order(request, Enrolment.objects.filter(pk__in=picked, season=request.season), picked=picked)


@require_http_methods(["GET", "POST"])
@center_page(may="prints.order")
def order_again(request: Any) -> HttpResponse:
    """The same for exactly the picked students, whose sheets are printed again."""
    picked = _picked(request)
    students = dict(reprints.students(request.season).filter(pk__in=picked).values_list("pk", "school_id"))
    rows = Enrolment.objects.filter(school__in=set(students.values()), season=request.season)
    return _order(request, rows, picked=list(students), students=list(students))


def _order(
    request: Any, enrolments: QuerySet[Enrolment], *, picked: list[int], students: list[int] | None = None
) -> HttpResponse:
    rows = list(enrolments.select_related("school", "season"))
    if not rows:
        raise PortalError(_("Pick at least one school.") if students is None else _("Pick at least one student."))
    plans = print_orders.plan(request.season, rows, students)
    going = [plan for plan in plans if not plan.refusal]
    owing = [plan for plan in going if plan.owed_fen]
    wants_reason = bool(owing) and request.season.owing_rule == Season.OwingRule.REASON
    form = OrderForm(request.POST or None, wants_reason=wants_reason)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        job = print_orders.start(rows, season=request.season, by=request.user, reason=reason, students=students)
        return HttpResponseRedirect(reverse("printing:print_order", args=[job.pk]))
    context = {
        "picked": picked,
        "plans": sorted(plans, key=lambda plan: (bool(plan.refusal), plan.enrolment.school.code)),
        "going": len(going),
        "students": sum(plan.students for plan in going),
        "again": sum(plan.again for plan in going),
        "owing": owing,
        "reason": form["reason"],
        "labels": dict(print_orders.LeftOut.choices),
        "is_again": students is not None,
    }
    return render(request, "printing/order.html", context)


def _picked(request: Any) -> list[int]:
    picked: list[int] = PickedField(required=False).clean((request.POST or request.GET).getlist("pick"))
    return picked


@dataclass
class OrderedSchool:
    """What came of one school of an order."""

    enrolment: Enrolment
    students: int
    left_out: dict[str, int]
    refusal: str
    run: PrintRun | None
    is_done: bool


@vary_on_headers("HX-Request")
@require_GET
@center_page(may="prints.see")
def print_order(request: Any, pk: int) -> HttpResponse:
    """An order. While it is carried out, the page polls for the fragment of its progress."""
    orders = Job.objects.filter(kind=print_orders.KIND, season=request.season).select_related("created_by")
    job = get_object_or_404(orders, pk=pk)
    if request.htmx and not job.is_open:
        # The job has ended: the whole page is loaded again, since it has the result then.
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    rows = [] if request.htmx else _schools(request, job)
    context = {
        "job": job,
        "rows": rows,
        "rest": [] if "students" in job.params else [row.enrolment.pk for row in rows if not row.is_done],
        "may_cancel": jobs.may_cancel(job, request.membership),
        "labels": dict(print_orders.LeftOut.choices),
    }
    return render(request, f"printing/print_order.html{'#state' if request.htmx else ''}", context)


def _schools(request: Any, job: Job) -> list[OrderedSchool]:
    rows = Enrolment.objects.filter(pk__in=job.params["enrolments"]).select_related("school")
    runs = _runs(job).in_bulk()
    found = []
    for row in rows.order_by("school__code"):
        told = job.result.get(str(row.pk), {})
        found.append(
            OrderedSchool(
                row,
                told.get("students", 0),
                told.get("left_out", {}),
                told.get("refusal", ""),
                runs.get(told.get("run")),
                is_done=bool(told),
            )
        )
    return found


def _runs(job: Job) -> QuerySet[PrintRun]:
    ids = [told["run"] for told in job.result.values() if "run" in told]
    return delivery.with_parcels(PrintRun.objects.filter(pk__in=ids)).select_related("job")
