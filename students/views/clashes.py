"""The center's page of document numbers that two schools want."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from portal.access import center_page
from portal.models import Look
from portal.pages.lists import List
from portal.privacy import looks
from students.models import RosterImport, Student
from students.roster import number_clashes


@require_GET
@vary_on_headers("HX-Request")
@center_page(may="students.see")
def wanted_numbers(request: Any) -> HttpResponse:
    """Rows that imports left out, with the student of another school who has the number; on the dashboard,
    how many."""
    clashes = number_clashes.of_season(request.season) if request.season else []
    if request.htmx:
        return render(request, "students/number_clashes.html#callout", {"total": len(clashes)})
    listed = List(clashes, request.GET)
    students = Student.objects.select_related("school").in_bulk([clash.student for clash in listed.page])
    looks.record(request, Look.Kind.LIST, students)
    listed.page.object_list = [(clash.roster, clash.row, students.get(clash.student)) for clash in listed.page]
    return render(request, "students/number_clashes.html", {"listed": listed, "page": listed.page})


@require_POST
@center_page(may="roster.settle_clashes")
def settle(request: Any, pk: int) -> HttpResponse:
    """Take the rows of one import off the list."""
    count = number_clashes.settle(get_object_or_404(RosterImport, pk=pk), by=request.user)
    message = ngettext("Settled: %(n)d row.", "Settled: %(n)d rows.", count)
    messages.success(request, message % {"n": count})
    return HttpResponseRedirect(reverse("students:number_clashes"))
