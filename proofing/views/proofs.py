"""The school's pages of proofreading: the students' proofs, and the corrections they ask for."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from capture.models import Photo
from portal import permissions
from portal.access import school_page
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases, search
from portal.privacy import looks
from proofing import proofs
from proofing.forms import ReasonForm, SettleForm
from schools.models import Action, Enrolment
from students.lists import class_choice
from students.models import Student


class ProofList(List):
    filters = {
        "q": search("name__startswith", "student_no__startswith"),
        **class_choice.filters(),
        "state": cases(
            {
                "to_confirm": (
                    gettext_lazy("Not confirmed yet"),
                    Q(stage=Student.Stage.APPROVED, is_disputed=False),
                ),
                "disputed": (gettext_lazy("Correction asked for"), Q(is_disputed=True)),
                "proofed": (gettext_lazy("Proofreading complete"), ~Q(stage=Student.Stage.APPROVED)),
            },
            label=gettext_lazy("State"),
        ),
    }


@require_GET
@school_page(may="proofs.see")
def proof_list(request: Any) -> HttpResponse:
    enrolment: Enrolment | None = request.enrolment
    if enrolment is None:
        return render(request, "proofing/proofs.html", {"enrolment": None})
    listed = ProofList(proofs.worklist(enrolment), request.GET)
    page = listed.page
    looks.record(request, Look.Kind.PORTRAIT, [student.pk for student in page.object_list])
    context = {
        "listed": listed,
        "enrolment": enrolment,
        "counts": proofs.count_students(enrolment),
        "page": page,
        "photos": _photos(page.object_list),
        "levels": class_choice.levels(_places(enrolment), listed.wanted, counted=False),
        "asks": _each(ReasonForm, "picked", "all"),
        "is_open": enrolment.allows(Action.CONFIRM),
        "may_settle": enrolment.allows(Action.CONFIRM) and permissions.may(request.membership, "proofs.run"),
        "can_open": enrolment.allows(Action.OPEN_PROOFREADING),
        "can_make_form": enrolment.allows(Action.FEEDBACK),
    }
    return render(request, "proofing/proofs.html", context)


def _enrolled(request: Any) -> Enrolment:
    if request.enrolment is None:
        raise Http404
    enrolment: Enrolment = request.enrolment
    return enrolment


def _each(form: type[Form], *dialogs: str) -> dict[str, Form]:
    """One form for each dialog of the page. The prefix keeps the ids of their fields apart."""
    return {name: form(auto_id=f"{name}_%s") for name in dialogs}


def _places(enrolment: Enrolment) -> list[class_choice.Place]:
    return class_choice.of_school(enrolment.school, enrolment.season, stage__in=proofs.WITH_PORTRAIT)


def _photos(students: Any) -> dict[int, int]:
    """Student id to id of the current photo, for the thumbnails of one page."""
    rows = Photo.objects.filter(student__in=[s.pk for s in students], is_current=True).exclude(thumbnail="")
    return dict(rows.values_list("student_id", "pk"))


@require_GET
@school_page(may="proofs.see")
def unprintable(request: Any) -> HttpResponse:
    """The names that cannot be printed.

    A request of its own, because it reads every name of the school.
    """
    found = proofs.unprintable_names(request.enrolment) if request.enrolment else []
    return render(request, "proofing/_unprintable.html", {"unprintable": found})


@require_POST
@school_page(may="proofs.run")
def open_proofreading(request: Any) -> HttpResponse:
    enrolment = proofs.open_proofreading(_enrolled(request), by=request.user)
    messages.success(request, _("Proofreading is open. The form is due on %(day)s.") % {"day": enrolment.proof_due_on})
    return HttpResponseRedirect(reverse("proofing:proofs"))


@require_POST
@school_page(may="proofs.run")
def confirm_for_students(request: Any) -> HttpResponse:
    """Confirm for the picked students, or with `all=1` for all who have not answered."""
    rows = proofs.awaiting_confirmation(_enrolled(request))
    wanted = checked(SettleForm(request.POST))
    if not wanted["all"]:
        rows = rows.filter(pk__in=wanted["pick"])
    count = proofs.confirm_for_students(rows, reason=wanted["reason"], by=request.user)
    if count:
        messages.success(
            request, ngettext("%(n)d student confirmed.", "%(n)d students confirmed.", count) % {"n": count}
        )
    else:
        messages.warning(
            request, _("Nobody was confirmed: choose students who have not answered and have no open correction.")
        )
    return HttpResponseRedirect(reverse("proofing:proofs"))
