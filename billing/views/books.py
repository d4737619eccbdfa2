"""The center's books: entries, day book and balances, and the comparison with the providers."""

from typing import IO, Any

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from billing.accounts import overview
from billing.books import account_list, day_book, entries, proof, reconciliation
from billing.books.day_book import DayBook
from billing.books.entries import EntryList
from billing.forms import ReconcileForm, SettlingForm
from billing.models import DaySum, Difference, LedgerEntry, Reconciliation
from billing.views.center import FeeList
from portal import files, history
from portal.access import center_page
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases, search
from portal.untrusted import workbooks


def _asked(request: Any, asked: Any) -> dict[str, str]:
    """The query string, with this season where it names none."""
    season = {"season": str(request.season.pk)} if request.season else {}
    return season | asked.dict()


def _file(request: Any, name: str, content: IO[bytes], *, count: int) -> HttpResponse:
    facts = {"count": count, "format": "xlsx"}
    history.record("fees.exported", request.season or request.user, by=request.user, facts=facts)
    filename = f"{name}-{timezone.localdate():%Y%m%d}.xlsx"
    with content:
        return files.attachment(content.read(), filename=filename, content_type=workbooks.CONTENT_TYPE)


@require_GET
@center_page(may="fees.see")
def entry_list(request: Any) -> HttpResponse:
    """The entries of all accounts, newest first."""
    listed = EntryList(entries.listed(LedgerEntry.objects.prefetch_related("bill_lines")), _asked(request, request.GET))
    return render(request, "billing/center_entries.html", {"listed": listed, "page": listed.page})


@require_POST
@center_page(may="fees.see")
def entry_export(request: Any) -> HttpResponse:
    listed = EntryList(LedgerEntry.objects.all(), _asked(request, request.POST))
    listed.require_known()
    return _file(request, _("Entries"), entries.sheet(listed), count=listed.count)


@require_POST
@center_page(may="fees.see")
def account_export(request: Any) -> HttpResponse:
    listed = FeeList(overview.by_school(request.season), request.POST)
    listed.require_known()
    return _file(request, _("School accounts"), account_list.sheet(listed.found), count=len(listed.found))


@require_GET
@center_page(may="fees.see")
def book(request: Any) -> HttpResponse:
    """What was charged, received and paid back, with balances: by day, school, way of payment or season."""
    listed = DayBook(DaySum.objects.all(), _asked(request, request.GET))
    return render(request, "billing/center_day_book.html", {"listed": listed, "page": listed.page})


@require_POST
@center_page(may="fees.see")
def book_export(request: Any) -> HttpResponse:
    listed = DayBook(DaySum.objects.all(), _asked(request, request.POST))
    listed.require_known()
    heading = str(dict(listed.choices("by"))[listed.wanted["by"]])
    return _file(request, heading, day_book.sheet(listed.found, heading=heading), count=len(listed.found))


class ReconciliationList(List):
    filters = {
        "state": cases(
            {
                "open": (gettext_lazy("With differences"), Q(left__gt=0)),
                "waiting": (gettext_lazy("Without a bill"), Q(billed_at=None)),
            },
            label=gettext_lazy("State"),
        ),
    }
    sorts = {"": ("-day", "merchant")}


@require_GET
@center_page(may="fees.see")
def reconciliation_list(request: Any) -> HttpResponse:
    """Each day's comparison with each merchant's bill, newest first; and the last proof of the sums."""
    listed = ReconciliationList(reconciliation.overview(), request.GET)
    last = proof.latest()
    context = {
        "listed": listed,
        "page": listed.page,
        "form": ReconcileForm(),
        "proof": last,
        "faults": proof.describe(last) if last else [],
    }
    return render(request, "billing/center_reconciliations.html", context)


@require_POST
@center_page(may="fees.reconcile")
def reconcile(request: Any) -> HttpResponse:
    job = reconciliation.start(**checked(ReconcileForm(request.POST)), by=request.user)
    return HttpResponseRedirect(reverse("portal:job", args=[job.pk]))


class BillLines(List):
    filters = {"q": search("order_number__startswith", "external_id")}
    sorts = {"": ("at", "id")}


@require_GET
@center_page(may="fees.see")
def reconciliation_page(request: Any, pk: int) -> HttpResponse:
    """One day of one merchant: what differs, and the lines of the bill with their entries."""
    run = get_object_or_404(reconciliation.overview(), pk=pk)
    lines = run.lines.select_related("entry__school", "entry__order").annotate(
        enrolment_id=F("entry__account__enrolment")
    )
    listed = BillLines(lines, request.GET)
    context = {
        "run": run,
        "ours": reconciliation.ours(run),
        "payout_days": Reconciliation.objects.filter(payout=run.payout_id).count() if run.payout_id else 0,
        "differences": run.differences.select_related("order__school").order_by(F("settled_at").asc(nulls_first=True)),
        "listed": listed,
        "page": listed.page,
        "settling": SettlingForm(),
    }
    return render(request, "billing/center_reconciliation.html", context)


@require_POST
@center_page(may="fees.reconcile")
def settle_difference(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(Difference.objects.select_related("order", "reconciliation"), pk=pk)
    reconciliation.settle(row, **checked(SettlingForm(request.POST)), by=request.user)
    messages.success(request, _("Settled; your reason is kept in the history."))
    return HttpResponseRedirect(reverse("billing:reconciliation", args=[row.reconciliation_id]))
