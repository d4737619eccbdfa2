"""The school's pages of printing: electronic portraits, sheets, parcels."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Subquery
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import files
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, search
from portal.privacy import looks
from printing import delivery, portrait_archive, reprints
from printing.forms import ReceiptForm, SheetReportForm
from printing.models import Again, PrintItem, PrintRun, SheetReport, Shipment
from proofing import proofs
from schools.models import Enrolment
from students.lists import class_choice
from students.models import Student

FOUND = 30
MOST_AGAIN = 100
WITH_SHEETS = (Student.Stage.PROOFED, Student.Stage.PRINTED, Student.Stage.DELIVERED)


@require_GET
@school_page(may="prints.see")
def prints(request: Any) -> HttpResponse:
    enrolment: Enrolment | None = request.enrolment
    context: dict[str, Any] = {"enrolment": enrolment}
    if enrolment:
        words = request.GET.get("q", "").strip()
        context |= {
            "portraits": proofs.count_students(enrolment).portraits,
            "runs": _runs(enrolment),
            "receipt_form": ReceiptForm(initial={"received_by": request.user.actor_name}),
            "q": words,
            "found": _found(enrolment, words) if words else [],
            "again": list(reprints.corrections_waiting(enrolment).select_related("student")[:MOST_AGAIN]),
            "reported": list(reprints.reports_waiting(enrolment).select_related("student")[:MOST_AGAIN]),
        }
        waiting = {row.student_id for row in (*context["again"], *context["reported"])}
        in_run = PrintItem.objects.filter(student__in=waiting, run__printed_at=None)
        context["in_run"] = set(in_run.values_list("student_id", flat=True))
        looks.record(request, Look.Kind.LIST, list(waiting))
    return render(request, "printing/prints.html", context)


def _runs(enrolment: Enrolment) -> list[PrintRun]:
    """The runs of a school, each with its `parcels`."""
    rows = delivery.with_parcels(PrintRun.objects.filter(enrolment=enrolment))
    runs = list(rows.select_related("job").prefetch_related("volumes"))
    parcels: dict[int, list[Shipment]] = {}
    for parcel in parcels_of(runs):
        parcels.setdefault(parcel.run_id, []).append(parcel)
    again = again_in(runs)
    for run in runs:
        run.parcels, run.again = parcels.get(run.pk, []), again.get(run.pk, [])  # type: ignore[attr-defined]
    return runs


def again_in(runs: list[PrintRun]) -> dict[int, list[tuple[str, int]]]:
    """{run: (reason, students) of the sheets in it that are printed again}."""
    found: dict[int, list[tuple[str, int]]] = {}
    numbers = PrintItem.objects.filter(run__in=runs).exclude(again="").order_by("run", "again")
    for run, reason, number in numbers.values_list("run_id", "again").annotate(n=Count("*")):
        found.setdefault(run, []).append((str(Again(reason).label), number))
    return found


def parcels_of(runs: list[PrintRun]) -> list[Shipment]:
    """The parcels of these runs with their volumes and `reported`, the oldest first. Two queries."""
    rows = Shipment.objects.filter(run__in=runs).annotate(reported=reported_sheets())
    return list(rows.prefetch_related("volumes").order_by("id"))


def reported_sheets() -> Any:
    """How many sheets of a parcel were reported as missing or damaged."""
    reports = SheetReport.objects.filter(shipment=OuterRef("pk")).exclude(status=SheetReport.Status.WITHDRAWN)
    return Subquery(reports.order_by().values("shipment").annotate(n=Count("*")).values("n"))


def _found(enrolment: Enrolment, words: str) -> list[PrintItem]:
    """The places of the students with this name or number in the school's volumes; `is_replaced`: printed again."""
    later = PrintItem.objects.filter(student=OuterRef("student"), run__gt=OuterRef("run"), volume__gt=0)
    rows = PrintItem.objects.filter(run__enrolment=enrolment, volume__gt=0).select_related("student", "run")
    rows = rows.annotate(is_replaced=Exists(later))
    named = rows.filter(student__name__startswith=words) | rows.filter(student__student_no__startswith=words)
    return list(named.order_by("volume", "page")[:FOUND])


@require_http_methods(["GET", "POST"])
@school_page(may="portraits.download")
def archive(request: Any) -> HttpResponse:
    """What the archive holds; its buttons start the job that makes it."""
    return _archive(request, _own_enrolment(request))


@require_http_methods(["GET", "POST"])
@center_page(may="portraits.download")
def center_archive(request: Any, pk: int) -> HttpResponse:
    return _archive(request, get_object_or_404(Enrolment.objects.select_related("school", "season"), pk=pk))


@require_http_methods(["GET", "POST"])
@school_page(may="portraits.download_by_number")
def archive_by_number(request: Any) -> HttpResponse:
    """The same, named by document number."""
    return _archive(request, _own_enrolment(request), by_document=True)


@require_http_methods(["GET", "POST"])
@center_page(may="portraits.download_by_number")
def center_archive_by_number(request: Any, pk: int) -> HttpResponse:
    enrolment = get_object_or_404(Enrolment.objects.select_related("school", "season"), pk=pk)
    return _archive(request, enrolment, by_document=True)


def _own_enrolment(request: Any) -> Enrolment:
    if request.enrolment is None:
        raise Http404
    enrolment: Enrolment = request.enrolment
    return enrolment


def _archive(request: Any, enrolment: Enrolment, *, by_document: bool = False) -> HttpResponse:
    if request.method == "POST":
        folders = "folders" in request.POST
        job = portrait_archive.create(enrolment, by=request.user, folders=folders, by_document=by_document)
        return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))
    context = {
        "enrolment": enrolment,
        "by_document": by_document,
        "portraits": portrait_archive.approved_portraits(enrolment).count(),
        "corrected": len(portrait_archive.corrected_lines(enrolment)),
    }
    return render(request, "printing/archive.html", context)


@require_GET
@school_page(may="prints.see")
def contents(request: Any, pk: int) -> HttpResponse:
    """The packing list of a run."""
    return download_packing_list(request, get_object_or_404(PrintRun.objects.select_related("job", "school"), pk=pk))


def download_packing_list(request: Any, run: PrintRun) -> HttpResponse:
    if run.job is None or not run.job.artefact:
        raise Http404
    return files.download(
        run.job.artefact,
        of=run,
        by=request.user,
        filename=f"装箱清单-{run.school.code}-{run.pk}.pdf",
        content_type="application/pdf",
        kind="printrun.contents_downloaded",
    )


@require_POST
@school_page(may="prints.receive")
def receive(request: Any, pk: int) -> HttpResponse:
    parcel = get_object_or_404(Shipment.objects.select_related("run"), pk=pk)
    delivery.receive(parcel, by=request.user, **checked(ReceiptForm(request.POST)))
    messages.success(request, _("Thank you. The parcel is confirmed; your students see their photos as delivered."))
    return HttpResponseRedirect(reverse("printing:prints"))


class ParcelStudents(List):
    """The sheets of a parcel."""

    filters = {
        "q": search("student__name__startswith", "student__student_no__startswith"),
        **class_choice.filters("student__"),
    }
    sorts = {"": ("volume", "page", "id")}
    page_size = 100


@require_http_methods(["GET", "POST"])
@school_page(may="prints.see", to_post="prints.receive")
def parcel(request: Any, pk: int) -> HttpResponse:
    """Whose sheets are in a parcel. Those that are missing or damaged are reported here."""
    row = get_object_or_404(Shipment.objects.select_related("run", "school", "season"), pk=pk)
    if request.method == "POST":
        return _report(request, row)
    listed = ParcelStudents(delivery.items_of(row).select_related("student"), request.GET)
    items = listed.page.object_list
    ids = [item.student_id for item in items]
    looks.record(request, Look.Kind.LIST, ids)
    may_report = set(delivery.reportable(row).filter(student__in=ids).values_list("student_id", flat=True))
    reports = {
        report.student_id: report
        for report in row.reports.filter(student__in=ids).exclude(status=SheetReport.Status.WITHDRAWN).order_by("id")
    }
    for item in items:
        item.may_report, item.report = item.student_id in may_report, reports.get(item.student_id)
    places = class_choice.of_school(row.school, row.season, stage__in=WITH_SHEETS)
    levels = class_choice.levels(places, listed.wanted, counted=False)
    context = {"parcel": row, "listed": listed, "page": listed.page, "levels": levels}
    return render(request, "printing/parcel.html", context)


def _report(request: Any, row: Shipment) -> HttpResponse:
    asked = checked(SheetReportForm(request.POST))
    if not asked["pick"]:
        raise PortalError(_("Pick at least one student."))
    count = delivery.report(row, students=asked["pick"], reason=asked["reason"], by=request.user)
    text = ngettext(
        "Reported: %(n)d sheet. The center prints it again and sends it in another parcel.",
        "Reported: %(n)d sheets. The center prints them again and sends them in another parcel.",
        count,
    )
    messages.success(request, text % {"n": count})
    return HttpResponseRedirect(reverse("printing:prints"))


@require_POST
@school_page(may="prints.receive")
def withdraw(request: Any, pk: int) -> HttpResponse:
    """The sheet was found after all."""
    rows = SheetReport.objects.select_related("shipment", "student")
    row = delivery.withdraw(get_object_or_404(rows, pk=pk), by=request.user)
    messages.success(request, _("Withdrawn: the sheet of %(name)s is not printed again.") % {"name": row.student.name})
    return HttpResponseRedirect(reverse("printing:prints"))
