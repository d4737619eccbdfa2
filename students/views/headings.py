"""Pages on which a person says what the headings of a roster mean."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.access import school_page
from portal.errors import PortalError
from students.forms import HeadingsForm, PlaceForm, RememberedHeadingsForm
from students.models import RosterHeading, RosterImport
from students.roster import excerpt, headings, layout, remembered_headings, roster_imports
from students.roster.headings import Assignment
from students.roster.layout import Layout

OPEN = (RosterImport.Status.HEADINGS, RosterImport.Status.PREVIEW)


@school_page(may="roster.import")
def roster_headings(request: Any, pk: int) -> HttpResponse:
    """The columns of an uploaded file, each with samples and what it is taken for."""
    imports = RosterImport.objects.select_related("job", "season", "school")
    roster = get_object_or_404(imports.filter(school=request.school, season=request.season), pk=pk)
    if roster.status not in OPEN:
        return HttpResponseRedirect(reverse("students:roster_import_detail", args=[pk]))
    shown = _layout(roster, request.POST or request.GET)
    form = HeadingsForm(request.POST or None, layout=shown)
    if request.method == "POST" and form.is_valid():
        try:
            roster_imports.assign_headings(
                row=roster,
                assignment=Assignment(form.chosen, shown.sheet, shown.row, **form.sheets),
                labels={column.key: column.label for column in shown.columns},
                by=request.user,
            )
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            return HttpResponseRedirect(reverse("students:roster_import_detail", args=[pk]))
    context = {"roster": roster, "layout": shown, "form": form, "place": PlaceForm(layout=shown)}
    return render(request, "students/roster_headings.html", context, status=422 if form.errors else 200)


def _layout(roster: RosterImport, asked: Any) -> Layout:
    """The layout at the sheet and row that the address asks for, or as the file is read now."""
    assignment = headings.of_stored(roster.assigned)
    row = asked.get("row", "")
    if "sheet" in asked:
        same = asked["sheet"] == asked.get("before", asked["sheet"])  # the row belongs to the sheet it was chosen in
        assignment = replace(
            assignment, sheet=asked["sheet"], row=int(row) if same and row.isdecimal() and len(row) < 4 else None
        )
    return layout.layout_of(excerpt.excerpt_of(roster).tables, assignment)


@school_page(may="roster.import")
def remembered(request: Any) -> HttpResponse:
    """What headings mean that the school has assigned before."""
    rows = list(RosterHeading.objects.filter(school=request.school))
    form = RememberedHeadingsForm(request.POST or None, rows=rows)
    if request.method == "POST" and form.is_valid():
        remembered_headings.change(school=request.school, fields=form.chosen, by=request.user)
        messages.success(request, _("Saved. It counts from the next upload on."))
        return HttpResponseRedirect(reverse("students:remembered_headings"))
    context = {"rows": [(row, form[f"heading_{row.pk}"]) for row in rows], "form": form}
    return render(request, "students/remembered_headings.html", context, status=422 if form.errors else 200)
