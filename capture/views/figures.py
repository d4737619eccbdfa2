"""The center's tables of figures, and their files."""

import csv
import io
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from capture.figures.tables import BY, CollegeFigures, PhotoFigures, Table
from portal import files, formulas, text_workbooks
from portal.access import center_page
from portal.untrusted import workbooks
from schools.models import Enrolment, School


def _page(request: Any, listed: Table, **more: Any) -> HttpResponse:
    context = {
        "listed": listed,
        "page": listed.page,
        "lines": [(row, listed.cells(row)) for row in listed.page],
        "total": listed.cells(listed.total),
        "schools": School.objects.filter(pk__in=Enrolment.objects.filter(season=request.season).values("school")),
        **more,
    }
    return render(request, "capture/figures.html", context)


@require_GET
@center_page(may="photos.see")
def photo_figures(request: Any) -> HttpResponse:
    """Photos by day, by school or by area."""
    return _page(request, PhotoFigures(request.season, request.GET), by=list(BY.items()))


@require_GET
@center_page(may="students.see")
def college_figures(request: Any) -> HttpResponse:
    """Students by college."""
    return _page(request, CollegeFigures(request.season, request.GET))


@require_POST
@center_page(may="photos.see")
def photo_figures_export(request: Any) -> HttpResponse:
    return _file(PhotoFigures(request.season, request.POST), _("Photos"), request.POST.get("format"))


@require_POST
@center_page(may="students.see")
def college_figures_export(request: Any) -> HttpResponse:
    return _file(CollegeFigures(request.season, request.POST), _("Colleges"), request.POST.get("format"))


def _file(listed: Table, title: str, file_format: str | None) -> HttpResponse:
    """The table as it is filtered and sorted. It holds numbers only."""
    listed.require_known()
    headings, rows = listed.table()
    if file_format == "csv":
        text = io.StringIO()
        csv.writer(text).writerows(map(formulas.harmless_row, [headings, *rows]))
        content = b"\xef\xbb\xbf" + text.getvalue().encode()
        return files.attachment(content, filename=f"{title}.csv", content_type="text/csv; charset=utf-8")
    with text_workbooks.write(title, [(heading, 18) for heading in headings], rows) as file:
        return files.attachment(file.read(), filename=f"{title}.xlsx", content_type=workbooks.CONTENT_TYPE)
