"""The center's pages of one roster for several schools."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from portal.access import center_page
from portal.errors import PortalError
from students.forms import RosterUploadForm
from students.models import RosterBundle, RosterImport
from students.roster import bundles
from students.roster.columns import COLUMNS
from students.roster.importer import check_size


@center_page(may="roster.import_many")
def bundles_page(request: Any) -> HttpResponse:
    """The form of the upload, and the earlier workbooks."""
    form = RosterUploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            check_size(file.size)
            row = bundles.upload(season=request.season, content=file.read(), filename=file.name, by=request.user)
        except PortalError as error:
            form.add_error("file", str(error))
        else:
            return HttpResponseRedirect(reverse("students:roster_bundle", args=[row.pk]))
    rows = RosterBundle.objects.filter(season=request.season)[:20]
    context = {"form": form, "columns": COLUMNS, "school_heading": bundles.SCHOOL[0], "rows": rows}
    return render(request, "students/roster_bundles.html", context, status=422 if form.errors else 200)


@vary_on_headers("HX-Request")
@center_page(may="roster.import_many")
def bundle(request: Any, pk: int) -> HttpResponse:
    """One workbook: its schools with what their parts would change. It refreshes itself while a job runs."""
    row = _bundle(request, pk)
    imports = list(row.imports.select_related("school").defer(*RosterImport.SEALED).order_by("school__code"))
    previews = [each for each in imports if each.status == RosterImport.Status.PREVIEW and each.new + each.changed]
    working = (RosterImport.Status.READING, RosterImport.Status.APPLYING)
    context = {
        "bundle": row,
        "imports": imports,
        "is_working": row.status == RosterBundle.Status.READING or any(each.status in working for each in imports),
        "to_confirm": len(previews),
        "may_drop": any(each.status in bundles.roster_imports.UNCONFIRMED for each in imports),
        "figures": bundles.figures(row),
    }
    return render(request, "students/roster_bundle.html" + ("#state" if request.htmx else ""), context)


def _bundle(request: Any, pk: int) -> RosterBundle:
    return get_object_or_404(RosterBundle.objects.select_related("season", "job"), pk=pk, season=request.season)


@require_POST
@center_page(may="roster.import_many")
def confirm(request: Any, pk: int) -> HttpResponse:
    """Start the imports of all schools that are previewed."""
    number, refused = bundles.confirm(_bundle(request, pk), by=request.user)
    if number:
        sentence = ngettext("The import of %(n)d school has begun.", "The imports of %(n)d schools have begun.", number)
        messages.success(request, sentence % {"n": number})
    for reason in refused[:10]:
        messages.error(request, reason)
    return HttpResponseRedirect(reverse("students:roster_bundle", args=[pk]))


@require_POST
@center_page(may="roster.import_many")
def drop(request: Any, pk: int) -> HttpResponse:
    bundles.drop(_bundle(request, pk), by=request.user)
    messages.success(request, _("What was not confirmed has been dropped; nothing of it was changed."))
    return HttpResponseRedirect(reverse("students:roster_bundle", args=[pk]))
