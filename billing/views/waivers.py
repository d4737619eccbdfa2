"""The center's list of waivers, and the page that grants them to students picked from a list."""

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.accounts import waivers as rules
from billing.forms import RevocationForm, WaiverForm
from billing.models import Waiver
from portal import files
from portal.access import center_page
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import List, cases, choice, row, search
from portal.privacy import looks
from portal.untrusted import workbooks
from schools.models import School
from students.lists.student_list import StudentList
from students.models import Student


class WaiverList(List):
    filters = {
        "q": search("student__name__startswith", "student__student_no__startswith"),
        "kind": choice("kind", Waiver.Kind.choices, label=gettext_lazy("Kind")),
        "state": cases(
            {
                "in_force": (gettext_lazy("In force"), Q(revoked_at=None)),
                "revoked": (gettext_lazy("Revoked"), Q(revoked_at__isnull=False)),
            },
            label=gettext_lazy("State"),
        ),
        "school": row("school", School.objects.all(), label=gettext_lazy("School")),
    }
    sorts = {
        "": ("-granted_at", "-id"),
        "school": ("school__code", "student__student_no"),
        "granted": ("granted_at", "id"),
    }


def _of_season(request: Any) -> Any:
    rows = Waiver.objects.filter(season=request.season)
    return rows.select_related("student", "school", "granted_by", "revoked_by")


@require_GET
@center_page(may="fees.see")
def waivers(request: Any) -> HttpResponse:
    listed = WaiverList(_of_season(request), request.GET)
    looks.record(request, Look.Kind.LIST, [waiver.student_id for waiver in listed.page])
    context = {"listed": listed, "page": listed.page, "revocation": RevocationForm()}
    return render(request, "billing/waivers.html", context)


@require_POST
@center_page(may="fees.export")
def export(request: Any) -> HttpResponse:
    """Download of the filtered list. It is a POST because it is recorded."""
    listed = WaiverList(_of_season(request), request.POST).require_known()
    content = rules.export(listed.found, of=request.season or request.user, by=request.user)
    name = f"{_('waivers')}-{timezone.localdate():%Y%m%d}.xlsx"
    return files.attachment(content, filename=name, content_type=workbooks.CONTENT_TYPE)


@require_http_methods(["GET", "POST"])
@center_page(may="fees.waive")
def grant(request: Any) -> HttpResponse:
    """Students to pick from; POST waives the fee of those that were picked."""
    if request.method == "POST":
        return _grant(request)
    students = Student.objects.filter(season=request.season).select_related("school")
    listed = StudentList(students, request.GET)
    looks.record(request, Look.Kind.LIST, [student.pk for student in listed.page])
    context = {"listed": listed, "page": listed.page, "form": WaiverForm(), "school": listed.wanted.get("school_id")}
    return render(request, "billing/waiver_grant.html", context)


def _grant(request: Any) -> HttpResponse:
    values = checked(WaiverForm(request.POST))
    values["students"] = values.pop("pick")
    done = rules.grant(season=request.season, by=request.user, **values)
    if done.waived:
        text = ngettext("%(n)d student need not pay.", "%(n)d students need not pay.", done.waived)
        messages.success(request, text % {"n": done.waived})
    if done.had:
        text = ngettext("%(n)d student had a waiver already.", "%(n)d students had a waiver already.", done.had)
        messages.info(request, text % {"n": done.had})
    if done.paid:
        text = ngettext(
            "%(n)d student has paid already: refund the payment first.",
            "%(n)d students have paid already: refund their payments first.",
            done.paid,
        )
        messages.warning(request, text % {"n": done.paid})
    return HttpResponseRedirect(reverse("billing:waivers"))


@require_POST
@center_page(may="fees.waive")
def revoke(request: Any, pk: int) -> HttpResponse:
    waiver = get_object_or_404(Waiver, pk=pk)
    rules.revoke(waiver, by=request.user, **checked(RevocationForm(request.POST)))
    messages.success(request, _("The waiver is revoked; the fee is due again."))
    return HttpResponseRedirect(reverse("billing:waivers"))
