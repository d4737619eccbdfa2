"""The center's books: entries, day book and balances."""

from typing import IO, Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from billing.books import day_book, entries
from billing.books.day_book import DayBook
from billing.books.entries import EntryList
from billing.models import DaySum, LedgerEntry
from portal import files, history
from portal.access import center_page
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
    listed = EntryList(entries.listed(LedgerEntry.objects.all()), _asked(request, request.GET))
    return render(request, "billing/center_entries.html", {"listed": listed, "page": listed.page})


@require_POST
@center_page(may="fees.see")
def entry_export(request: Any) -> HttpResponse:
    listed = EntryList(LedgerEntry.objects.all(), _asked(request, request.POST))
    listed.require_known()
    return _file(request, _("Entries"), entries.sheet(listed), count=listed.count)


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
