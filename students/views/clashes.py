"""The center's page of document numbers that two schools want."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from portal.access import center_page
from portal.models import Look
from portal.pages.lists import List
from portal.privacy import looks
from students.models import Student
from students.roster import roster_imports


@require_GET
@vary_on_headers("HX-Request")
@center_page(may="students.see")
def number_clashes(request: Any) -> HttpResponse:
    """Rows left out of each school's last import, with the student of another school who has the number;
    on the dashboard, how many."""
    imports = roster_imports.taken_elsewhere(request.season) if request.season else []
    total = sum(len(rows) for _roster, rows in imports)
    if request.htmx:
        return render(request, "students/number_clashes.html#callout", {"total": total})
    listed = List([(roster, row, pk) for roster, rows in imports for row, pk in rows], request.GET)
    students = Student.objects.select_related("school").in_bulk([pk for _roster, _row, pk in listed.page])
    looks.record(request, Look.Kind.LIST, students)
    listed.page.object_list = [(roster, row, students.get(pk)) for roster, row, pk in listed.page]
    return render(request, "students/number_clashes.html", {"listed": listed, "page": listed.page})
