"""The center's list of receipts, and the exchange with the system that issues fiscal e-receipts."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from billing.forms import FiscalExportForm, FiscalReadForm
from billing.models import Receipt
from billing.online import fiscal, receipts
from billing.views.student import fiscal_response, receipt_response
from portal import files
from portal.access import center_page
from portal.errors import PortalError
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases, row, search
from portal.privacy import looks
from portal.untrusted import workbooks
from schools.models import School, Season

PROBLEMS_SHOWN = 10


class ReceiptList(List):
    filters = {
        "q": search("number", "order__number", "fiscal_number", "payer", "order__student__student_no__startswith"),
        "state": cases(
            {
                "waiting": (gettext_lazy("Without e-receipt"), Q(voided_at=None, fiscal_number="")),
                "issued": (gettext_lazy("With e-receipt"), Q(voided_at=None) & ~Q(fiscal_number="")),
                "void": (gettext_lazy("Void"), Q(voided_at__isnull=False)),
            },
            label=gettext_lazy("State"),
        ),
        "school": row("school", School.objects.all(), label=gettext_lazy("School")),
    }
    sorts = {"": ("-serial",), "number": ("serial",), "school": ("school__code", "serial")}


def _season(request: Any) -> Season:
    if request.season is None:
        raise PortalError(_("No season has been opened yet."))
    season: Season = request.season
    return season


@require_GET
@center_page(may="fees.see")
def receipt_list(request: Any) -> HttpResponse:
    rows = Receipt.objects.filter(season=request.season).select_related("order__student", "school")
    listed = ReceiptList(rows, request.GET)
    looks.record(request, Look.Kind.LIST, [receipt.order.student_id for receipt in listed.page])
    context = {"listed": listed, "page": listed.page, "reading": FiscalReadForm()}
    if request.season:
        context["export"] = FiscalExportForm(initial=fiscal.last_item(request.season))
        context["waiting"] = fiscal.waiting(request.season).count()
    return render(request, "billing/receipts.html", context)


@require_GET
@center_page(may="fees.see")
def receipt_pdf(request: Any, pk: int) -> HttpResponse:
    receipt = get_object_or_404(receipts.whole(), pk=pk)
    looks.record(request, Look.Kind.RECORD, [receipt.order.student_id])
    return receipt_response(receipt)


@require_GET
@center_page(may="fees.see")
def fiscal_file(request: Any, pk: int) -> HttpResponse:
    receipt = get_object_or_404(receipts.whole(), pk=pk)
    looks.record(request, Look.Kind.RECORD, [receipt.order.student_id])
    return fiscal_response(receipt)


@require_POST
@center_page(may="fees.export")
def fiscal_export(request: Any) -> HttpResponse:
    """The table for the issuing system: every valid receipt that has no e-receipt yet."""
    season = _season(request)
    with fiscal.export(season, by=request.user, **checked(FiscalExportForm(request.POST))) as file:
        name = f"{_('fiscal-e-receipts')}-{timezone.localdate():%Y%m%d}.xlsx"
        return files.attachment(file.read(), filename=name, content_type=workbooks.CONTENT_TYPE)


@require_POST
@center_page(may="fees.export")
def fiscal_read(request: Any) -> HttpResponse:
    """Take over the numbers, and the files, that the issuing system has made."""
    done = fiscal.read(_season(request), request.FILES.getlist("file"), by=request.user)
    text = _("Taken over: %(numbers)d numbers and %(files)d files.") % {"numbers": done.numbers, "files": done.files}
    messages.success(request, text)
    problems = done.problems or []
    for sentence in problems[:PROBLEMS_SHOWN]:
        messages.warning(request, sentence)
    if len(problems) > PROBLEMS_SHOWN:
        more = len(problems) - PROBLEMS_SHOWN
        messages.warning(request, _("There are %(n)d more rows that fit no receipt.") % {"n": more})
    return HttpResponseRedirect(reverse("billing:receipts"))
