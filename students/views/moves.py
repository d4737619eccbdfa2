"""Pages of students who move from one school to another: the school that asks, the school that has them, the center."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from portal import permissions
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, choice
from portal.privacy import looks
from schools.models import School
from students import records
from students.forms import AnswerForm, AskForStudentForm
from students.models import RosterImport, SchoolChange
from students.moving import school_changes

Rule = Callable[..., SchoolChange]


class Changes(List):
    """Of all schools."""

    filters = {"status": choice("status", SchoolChange.Status.choices, label=gettext_lazy("State"))}
    page_size = 30


@dataclass(frozen=True)
class Shown:
    """A change as one of its parties sees it. `sees_both`: not the school that asks, before the student has come."""

    change: SchoolChange
    may_decide: bool
    may_withdraw: bool
    sees_both: bool
    has_come: bool  # to the school that looks
    student_page: str

    @property
    def has_other_name(self) -> bool:
        student = self.change.student
        return self.sees_both and self.may_decide and student is not None and student.name != self.change.name


def _shown(row: SchoolChange, party: School | None, may: bool) -> Shown:
    asks = party is not None and party.pk == row.school_id
    is_open = row.status in SchoolChange.TO_DECIDE
    return Shown(
        row,
        may_decide=may and is_open and not asks,
        may_withdraw=may and is_open and asks,
        sees_both=not asks or row.status == SchoolChange.Status.MOVED,
        has_come=asks and row.moved_to_id is not None,
        student_page="students:student" if party else "students:center_student",
    )


def _page(request: Any, listed: List) -> HttpResponse:
    may = permissions.may(request.membership, "students.move")
    page = listed.page
    page.object_list = [_shown(row, request.school, may) for row in page]
    named = [row.change.student_id for row in page.object_list if row.sees_both and row.change.student_id]
    looks.record(request, Look.Kind.LIST, named)
    return render(request, "students/moves.html", {"listed": listed, "page": page})


@require_GET
@vary_on_headers("HX-Request")
@school_page(may="students.move")
def moves(request: Any) -> HttpResponse:
    """What the school has asked for and is asked for; on the overview, how many wait for its answer."""
    if request.htmx:
        total = school_changes.waiting_for(request.school, request.season) if request.season else 0
        return render(request, "students/moves.html#callout", {"total": total, "url": reverse("students:moves")})
    rows = school_changes.of_school(request.school, request.season) if request.season else []
    return _page(request, List(rows, request.GET))


@require_GET
@vary_on_headers("HX-Request")
@center_page(may="students.move")
def center_moves(request: Any) -> HttpResponse:
    rows = school_changes.of_season(request.season)
    if request.htmx:
        total = rows.filter(status__in=SchoolChange.TO_DECIDE).count()
        return render(request, "students/moves.html#callout", {"total": total, "url": reverse("students:center_moves")})
    return _page(request, Changes(rows, request.GET))


@school_page(may="students.move")
def ask(request: Any) -> HttpResponse:
    """The form for one student; that of a new student sends its fields here too."""
    form = AskForStudentForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = school_changes.ask(school=request.school, season=request.season, by=request.user, **form.cleaned_data)
        except records.WrongData as wrong:
            form.show(wrong)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(
                request, _("Asked for %(student)s. You are told when it is answered.") % {"student": row.name}
            )
            return HttpResponseRedirect(reverse("students:moves"))
    return render(request, "students/move_ask.html", {"form": form}, status=422 if form.errors else 200)


@require_POST
@school_page(may="students.move")
def ask_for_import(request: Any, pk: int) -> HttpResponse:
    """Ask for the students whose rows an import left out because another school has their number."""
    imports = RosterImport.objects.select_related("season", "school").filter(school=request.school)
    roster = get_object_or_404(imports, pk=pk, season=request.season, status=RosterImport.Status.DONE)
    asked, refused = school_changes.ask_for_import(roster, by=request.user)
    if asked:
        sentence = ngettext("Asked for %(n)d student.", "Asked for %(n)d students.", asked)
        messages.success(request, sentence % {"n": asked})
    for reason in refused[:10]:
        messages.error(request, reason)
    return HttpResponseRedirect(reverse("students:moves"))


DONE = {
    school_changes.grant: gettext_lazy("Handed over. The student is moved in a moment; both schools are told."),
    school_changes.refuse: gettext_lazy("Refused. The school that asked reads your reason."),
    school_changes.withdraw: gettext_lazy("Withdrawn."),
}


def _decide(request: Any, pk: int, rule: Rule) -> HttpResponse:
    """Call the rule, with the answer of the form where it takes one, and lead back to the list."""
    row = school_changes.one(pk, party=request.school)
    asks = row is not None and request.school is not None and row.school_id == request.school.pk
    if row is None or row.season_id != request.season.pk or asks != (rule is school_changes.withdraw):
        raise Http404
    given = checked(AnswerForm(request.POST)) if rule is school_changes.refuse else {}
    rule(row, by=request.user, **given)
    messages.success(request, DONE[rule])
    return HttpResponseRedirect(reverse("students:moves" if request.school else "students:center_moves"))


@require_POST
@school_page(may="students.move")
def grant(request: Any, pk: int) -> HttpResponse:
    return _decide(request, pk, school_changes.grant)


@require_POST
@center_page(may="students.move")
def center_grant(request: Any, pk: int) -> HttpResponse:
    return _decide(request, pk, school_changes.grant)


@require_POST
@school_page(may="students.move")
def refuse(request: Any, pk: int) -> HttpResponse:
    return _decide(request, pk, school_changes.refuse)


@require_POST
@center_page(may="students.move")
def center_refuse(request: Any, pk: int) -> HttpResponse:
    return _decide(request, pk, school_changes.refuse)


@require_POST
@school_page(may="students.move")
def withdraw(request: Any, pk: int) -> HttpResponse:
    return _decide(request, pk, school_changes.withdraw)
