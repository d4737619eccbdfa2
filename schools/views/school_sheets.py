"""Export and import of the schools as a workbook."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import files, history
from portal.access import center_page
from portal.errors import PortalError
from portal.pages.form_fields import checked
from portal.untrusted import workbooks
from schools import school_sheets
from schools.forms import SchoolExportForm, SchoolSheetForm
from schools.models import School
from schools.register.school_list import SchoolList


def _workbook(content: bytes, filename: str) -> HttpResponse:
    return files.attachment(content, filename=filename, content_type=workbooks.CONTENT_TYPE)


@require_POST
@center_page(may="schools.export")
def schools_export(request: Any) -> HttpResponse:
    """The schools that the filters of the list select, with their contact persons and figures.

    It is a POST because it is recorded.
    """
    listed = SchoolList(request.season, request.membership, request.POST)
    listed.require_known()
    picked = checked(SchoolExportForm(request.POST))
    history.record("school.exported", request.season or request.user, by=request.user, facts={"count": listed.count})
    content = school_sheets.write_list(listed, file_format=picked["format"])
    if picked["format"] == "csv":
        return files.attachment(content, filename="学校.csv", content_type="text/csv; charset=utf-8")
    return _workbook(content, "学校.xlsx")


@center_page(may="schools.manage")
def schools_template(request: Any) -> HttpResponse:
    return _workbook(school_sheets.write_sheet(School.objects.none()), "学校模板.xlsx")


@center_page(may="schools.manage")
def schools_import(request: Any) -> HttpResponse:
    form, report = SchoolSheetForm(request.POST or None, request.FILES or None), None
    if request.method == "POST" and form.is_valid():
        report = _import(request, form)
        if report and not report.wrong:
            sentence = _(
                "%(new)d new, %(changed)d changed, %(unchanged)d unchanged; %(enrolled)d now take part in the season."
            )
            messages.success(request, sentence % vars(report))
            return HttpResponseRedirect(reverse("schools:schools"))
    status = 422 if form.errors or report else 200
    return render(request, "schools/schools_import.html", {"form": form, "report": report}, status=status)


def _import(request: Any, form: SchoolSheetForm) -> school_sheets.SheetReport | None:
    file = form.cleaned_data["file"]
    season = request.season if form.cleaned_data["enrol"] else None
    try:
        return school_sheets.import_schools(file.read(), by=request.user, season=season)
    except PortalError as error:
        form.add_error("file", str(error))
        return None
