"""A school that hands over no list: its choice, its catalogue of classes, and whom it confirms."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from portal.access import school_page
from portal.errors import PortalError
from portal.pages import qr_codes
from portal.pages.form_fields import checked
from portal.pages.lists import List, search
from schools.models import Action, Enrolment, Season
from students.forms import CatalogueClassForm, CatalogueFileForm, ListChoiceForm, RefusalForm
from students.models import CatalogueClass, Student
from students.without_list import appearances, catalogue, choosing


class CatalogueList(List):
    filters = {"q": search("college__icontains", "major__icontains", "class_name__icontains")}
    sorts = {"": ("college", "major", "class_name")}


def _enrolment(request: Any) -> Enrolment:
    if request.enrolment is None:
        raise Http404
    return request.enrolment  # type: ignore[no-any-return]


@school_page(may="catalogue.see", to_post="catalogue.change")
def catalogue_page(request: Any) -> HttpResponse:
    """What the school has chosen, how students get in, and the classes from which they choose. POST: the choice."""
    enrolment = _enrolment(request)
    form = ListChoiceForm(request.POST or None, initial=ListChoiceForm.initial_of(enrolment))
    if request.method == "POST" and form.is_valid():
        try:
            choosing.choose(enrolment, by=request.user, **form.values)
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("students:catalogue"))
    listed = CatalogueList(catalogue.with_students(enrolment), request.GET)
    address = f"{settings.SITE_URL}{reverse('capture:appear')}?school={request.school.code}"
    context = {
        "form": form,
        "enrolment": enrolment,
        "listed": listed,
        "page": listed.page,
        "add_form": CatalogueClassForm(),
        "file_form": CatalogueFileForm(),
        "address": address,
        "address_code": "" if enrolment.hands_over_list else qr_codes.svg(address),
        "is_allowed": request.season.without_list != Season.WithoutList.NO,
        "is_open": enrolment.allows(Action.IMPORT),
        "waiting": appearances.waiting(enrolment),
        "appeared": Student.objects.filter(season=request.season).exclude(stage=Student.Stage.LEFT).count(),
    }
    return render(request, "students/catalogue.html", context, status=422 if form.errors else 200)


@require_POST
@school_page(may="catalogue.change")
def catalogue_add(request: Any) -> HttpResponse:
    row = catalogue.add(_enrolment(request), by=request.user, **checked(CatalogueClassForm(request.POST)))
    messages.success(request, _("%(name)s is in the catalogue now.") % {"name": row})
    return HttpResponseRedirect(reverse("students:catalogue"))


@require_POST
@school_page(may="catalogue.change")
def catalogue_import(request: Any) -> HttpResponse:
    file = checked(CatalogueFileForm(request.POST, request.FILES))["file"]
    found = catalogue.import_file(_enrolment(request), file.read(catalogue.MAX_BYTES + 1), by=request.user)
    messages.success(request, _say_added(found.added))
    for number, sentence in found.wrong:
        messages.warning(request, _("Row %(row)d was left out. %(why)s") % {"row": number, "why": sentence})
    return HttpResponseRedirect(reverse("students:catalogue"))


@require_POST
@school_page(may="catalogue.change")
def catalogue_copy(request: Any) -> HttpResponse:
    """The classes of the season before."""
    messages.success(request, _say_added(catalogue.take_from_last_season(_enrolment(request), by=request.user)))
    return HttpResponseRedirect(reverse("students:catalogue"))


def _say_added(number: int) -> str:
    return ngettext("%(n)d class is new.", "%(n)d classes are new.", number) % {"n": number}


@require_POST
@school_page(may="catalogue.change")
def catalogue_remove(request: Any, pk: int) -> HttpResponse:
    row = get_object_or_404(CatalogueClass, pk=pk, season=request.season)
    catalogue.remove(row, enrolment=_enrolment(request), by=request.user)
    messages.success(request, _("Removed from the catalogue."))
    return HttpResponseRedirect(reverse("students:catalogue"))


@require_GET
@vary_on_headers("HX-Request")
@school_page(may="students.confirm")
def newcomers(request: Any) -> HttpResponse:
    """On the overview, how many wait to be confirmed; else their list."""
    url = reverse("students:roster") + "?appearance=waiting"
    if not request.htmx:
        return HttpResponseRedirect(url)
    enrolment = request.enrolment
    total = appearances.waiting(enrolment) if enrolment and not enrolment.hands_over_list else 0
    return render(request, "students/catalogue.html#callout", {"total": total, "url": url})


@require_POST
@school_page(may="students.confirm")
def newcomer_confirm(request: Any, pk: int) -> HttpResponse:
    """On the student's page: also of one who looks like another in stars."""
    row = _student(request, pk)
    appearances.confirm(row, by=request.user, is_looked_at=True)
    messages.success(request, _("Confirmed, and %(name)s told.") % {"name": row.name})
    return HttpResponseRedirect(reverse("students:student", args=[pk]))


@require_POST
@school_page(may="students.confirm")
def newcomer_refuse(request: Any, pk: int) -> HttpResponse:
    row = _student(request, pk)
    appearances.refuse(row, by=request.user, **checked(RefusalForm(request.POST)))
    messages.success(request, _("Not confirmed, and %(name)s told.") % {"name": row.name})
    return HttpResponseRedirect(reverse("students:student", args=[pk]))


def _student(request: Any, pk: int) -> Student:
    return get_object_or_404(Student, pk=pk, season=request.season)
