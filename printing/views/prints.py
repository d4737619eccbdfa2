"""The school's pages of printing: electronic portraits, sheets, parcels."""

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from portal import files
from portal.access import center_page, school_page
from portal.models import Look
from portal.pages.form_fields import checked
from portal.privacy import looks
from printing import delivery, portrait_archive, print_runs
from printing.forms import ReceiptForm
from printing.models import PrintItem, PrintRun, Shipment
from proofing import proofs
from schools.models import Enrolment

FOUND = 30
MOST_AGAIN = 100


@require_GET
@school_page(may="prints.see")
def prints(request: Any) -> HttpResponse:
    enrolment: Enrolment | None = request.enrolment
    context: dict[str, Any] = {"enrolment": enrolment}
    if enrolment:
        words = request.GET.get("q", "").strip()
        context |= {
            "portraits": proofs.count_students(enrolment).portraits,
            "runs": PrintRun.objects.filter(enrolment=enrolment)
            .select_related("job", "shipment")
            .prefetch_related("volumes"),
            "receipt_form": ReceiptForm(initial={"received_by": request.user.actor_name}),
            "q": words,
            "found": _found(enrolment, words) if words else [],
            "again": list(print_runs.to_print_again(enrolment).select_related("student")[:MOST_AGAIN]),
        }
        looks.record(request, Look.Kind.LIST, [row.student_id for row in context["again"]])
    return render(request, "printing/prints.html", context)


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
