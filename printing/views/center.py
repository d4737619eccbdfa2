"""The center's pages of print runs and shipments."""

from functools import reduce
from operator import or_
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from billing.accounts import fee_accounts
from portal import files, history
from portal.access import center_page
from portal.background import jobs
from portal.history.event_text import describe_events
from portal.models import Event, Job, Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases, choice, search
from portal.privacy import looks
from printing import delivery, print_orders, print_runs, reprints
from printing.forms import RunActionForm, ShipmentForm
from printing.models import Again as ReasonAgain
from printing.models import PrintItem, PrintRun, Shipment, Volume
from printing.views.prints import again_in, download_packing_list, parcels_of, reported_sheets
from schools.models import Action, Enrolment


class RunList(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith"),
        "state": cases(
            {
                "building": (gettext_lazy("Being built"), Q(printed_at=None, job__status__in=("queued", "running"))),
                "failed": (gettext_lazy("Failed"), Q(printed_at=None, job__status="failed")),
                "to_print": (gettext_lazy("To be printed"), Q(printed_at=None, job__status="done")),
                "to_ship": (gettext_lazy("To be shipped"), delivery.TO_SHIP),
                "shipped": (gettext_lazy("Shipped"), Q(has_parcel=True, has_unsent=False)),
            },
            label=gettext_lazy("State"),
        ),
    }
    page_size = 30


class ShipmentList(List):
    filters = {
        "q": search("school__name__icontains", "school__code__startswith", "tracking_no__startswith"),
        "status": choice("status", Shipment.Status.choices, label=gettext_lazy("State")),
    }
    page_size = 30


def _runs(request: Any) -> QuerySet[PrintRun]:
    rows = PrintRun.objects.filter(season=request.season).select_related("school__area", "season", "job")
    return delivery.with_parcels(rows)


@require_GET
@center_page(may="prints.see")
def runs(request: Any) -> HttpResponse:
    """The schools whose sheets can be ordered, and the runs so far."""
    listed = RunList(_runs(request), request.GET)
    orders = Job.objects.filter(kind=print_orders.KIND, season=request.season)
    context = {
        "listed": listed,
        "page": listed.page,
        "ready": _ready(request),
        "last_order": orders.select_related("created_by").order_by("-id").first(),
        "again": reprints.students(request.season).filter(is_waiting=True).count(),
    }
    return render(request, "printing/center_runs.html", context)


def _ready(request: Any) -> list[print_orders.SchoolPlan]:
    """The schools with students who are to be printed and are in no run yet."""
    if request.season is None:
        return []
    rows = Enrolment.objects.filter(season=request.season, status__in=Enrolment.phases_allowing(Action.PRINT))
    found = print_orders.plan(request.season, rows.select_related("school__area", "season"))
    return [plan for plan in found if plan.students]


class Again(List):
    """The students whose sheet is printed again, of `reprints.students` with `in_run`."""

    filters = {
        "q": search(
            "name__startswith", "student_no__startswith", "school__name__icontains", "school__code__startswith"
        ),
        "state": cases(
            {
                "waiting": (gettext_lazy("Waiting"), Q(is_waiting=True, in_run=False)),
                "in_run": (gettext_lazy("In a run"), Q(is_waiting=True, in_run=True)),
                "done": (gettext_lazy("Printed again"), Q(is_waiting=False)),
            },
            label=gettext_lazy("State"),
        ),
        "reason": cases(
            {value: (label, Q(**{f"is_{value}": True})) for value, label in ReasonAgain.choices},
            label=gettext_lazy("Reason"),
        ),
    }
    sorts = {"": ("school__code", "college", "major", "class_name", "student_no", "pk")}


@require_GET
@center_page(may="prints.see")
def again(request: Any) -> HttpResponse:
    """Whose sheets are printed again, by school; those who wait can be ordered."""
    rows = reprints.students(request.season).annotate(in_run=print_runs.in_open_run("pk"))
    listed = Again(rows.select_related("school"), request.GET)
    page = listed.page
    ids = [row.pk for row in page.object_list]
    looks.record(request, Look.Kind.LIST, ids)
    newest = PrintItem.objects.filter(student__in=ids).order_by("run_id").values_list("student_id", "run_id")
    runs, causes = dict(newest), reprints.causes(ids)
    for row in page.object_list:
        row.run, row.causes = runs.get(row.pk), causes.get(row.pk, [])
    return render(request, "printing/again.html", {"listed": listed, "page": page})


@vary_on_headers("HX-Request")
@require_GET
@center_page(may="prints.see")
def run(request: Any, pk: int) -> HttpResponse:
    """One run. While it is built, the page polls for the fragment of its state."""
    row = get_object_or_404(_runs(request), pk=pk)
    words = request.GET.get("q", "").strip()
    context = {
        "run": row,
        "volumes": row.volumes.select_related("shipment"),
        "parcels": parcels_of([row]),
        "may_cancel": bool(row.job) and jobs.may_cancel(row.job, request.membership),
        "unprintable": len((row.job.result if row.job else {}).get("unprintable", [])),
        "q": words,
        "found": _found(row, words) if words else [],
        "again": again_in([row]).get(row.pk, []),
        "events": describe_events(_history(row)[:20]),
    }
    if request.htmx and row.job and row.job.is_open:
        return render(request, "printing/center_run.html#state", context)
    if request.htmx:
        # The job has ended: the whole page is loaded again, since its buttons differ.
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return render(request, "printing/center_run.html", context)


def _history(row: PrintRun) -> QuerySet[Event]:
    """Of the run, its volumes and its parcels."""
    parts = [*row.volumes.all(), *row.shipments.all()]
    return reduce(or_, map(history.of, parts), history.of(row))


def _found(row: PrintRun, words: str) -> list[PrintItem]:
    rows = row.items.filter(volume__gt=0).select_related("student")
    return list(rows.filter(Q(student__name__startswith=words) | Q(student__student_no__startswith=words))[:30])


@require_GET
@center_page(may="prints.download")
def volume(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(Volume.objects.select_related("run__school", "run__season"), pk=pk)
    return files.download(
        row.file,
        of=row,
        by=request.user,
        filename=f"{row.run.season.year}-{row.run.school.code}-{row.run_id}-{row.number:02}.pdf",
        content_type="application/pdf",
    )


@require_GET
@center_page(may="prints.see")
def contents(request: Any, pk: int) -> HttpResponse:
    return download_packing_list(request, get_object_or_404(_runs(request), pk=pk))


@require_POST
@center_page(may="prints.order")
def act(request: Any, pk: int) -> HttpResponse:
    """`do` is rebuild, leave_out or printed."""
    row = get_object_or_404(_runs(request), pk=pk)
    do = checked(RunActionForm(request.POST))["do"]
    if do == "rebuild":
        print_runs.rebuild(row, by=request.user)
        messages.success(request, _("The sheets are being built again."))
    elif do == "leave_out":
        count = print_runs.leave_out(row, by=request.user)
        messages.success(request, ngettext("%(n)d student left out.", "%(n)d students left out.", count) % {"n": count})
    else:
        print_runs.mark_printed(row, by=request.user)
        messages.success(request, _("Marked as printed. Now the parcel can go."))
    return HttpResponseRedirect(reverse("printing:center_run", args=[pk]))


@require_http_methods(["GET", "POST"])
@center_page(may="prints.ship")
def ship(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(_runs(request), pk=pk)
    due_fen = fee_accounts.statement(_enrolment_of(row)).due_fen
    unsent = list(row.volumes.filter(shipment=None))
    form = ShipmentForm(
        request.POST or None, initial={"address": row.school.address}, is_owing=due_fen > 0, volumes=unsent
    )
    if request.method == "POST" and form.is_valid():
        parcel = delivery.ship(row, by=request.user, **form.cleaned_data)
        messages.success(request, _("Shipped. %(school)s has been told.") % {"school": parcel.school})
        return HttpResponseRedirect(reverse("printing:center_shipments"))
    return render(request, "printing/center_ship.html", {"run": row, "form": form, "due_fen": due_fen})


def _enrolment_of(row: PrintRun) -> Enrolment:
    return Enrolment.objects.select_related("school", "season").get(pk=row.enrolment_id)


@require_GET
@center_page(may="prints.see")
def shipments(request: Any) -> HttpResponse:
    rows = Shipment.objects.filter(season=request.season).select_related("school__area", "run")
    listed = ShipmentList(rows.annotate(reported=reported_sheets()), request.GET)
    context = {"listed": listed, "page": listed.page, "to_ship": _runs(request).filter(delivery.TO_SHIP)}
    return render(request, "printing/center_shipments.html", context)
