"""The staff's pages of corrections, of a school and of the center: list, one of them, its evidence, a new one."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from capture.models import Photo
from portal import history, permissions
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.history.event_text import describe_events
from portal.models import Look
from portal.pages.form_fields import checked
from portal.pages.lists import Choice, Filter, List, cases, choice, search
from portal.privacy import looks
from proofing import disputes, scanned_paper
from proofing.forms import AnswerForm, CorrectionForm, DecisionForm, EvidenceForm
from schools.models import Enrolment
from students.correcting import correction_evidence, corrections
from students.models import Correction, Student

Status = Correction.Status
UNDECIDED = Q(status__in=Correction.UNDECIDED)
AGES = {
    3: gettext_lazy("More than 3 days"),
    7: gettext_lazy("More than 7 days"),
    30: gettext_lazy("More than 30 days"),
}


def _older(rows: Any, days: str) -> Any:
    return rows.filter(created_at__lt=timezone.now() - dt.timedelta(days=int(days)))


def _age() -> Filter:
    choices = [(str(days), label) for days, label in AGES.items()]
    field = forms.ChoiceField(label=gettext_lazy("Age"), required=False, choices=choices)
    return Filter(field, _older, lambda rows: {value: _older(rows, value).count() for value, _label in choices})


class Corrections(List):
    """Without a filter what is not decided, the oldest first."""

    filters = {
        "q": search("student__name__startswith", "student__student_no__startswith"),
        "status": cases(
            {
                "undecided": (gettext_lazy("Not decided"), UNDECIDED),
                **{value: (label, Q(status=value)) for value, label in Status.choices},
                "again": (gettext_lazy("To be printed again"), Q(to_print_again=True, printed_again_at=None)),
                "all": (gettext_lazy("All"), Q(pk__isnull=False)),
            },
            label=gettext_lazy("State"),
        ),
        "age": _age(),
        "field": choice("field", Correction.Field.choices, label=gettext_lazy("what is wrong")),
    }
    sorts = {"": ("created_at", "id"), "newest": ("-created_at", "-id")}
    defaults = {"status": "undecided"}

    def number_of_all(self, chips: list[Choice]) -> int:
        """The ages overlap, and leave out what is younger."""
        is_age = {chip.value for chip in chips} <= {str(days) for days in AGES}
        return self.narrowed(without="age").count() if is_age else super().number_of_all(chips)


class CenterCorrections(Corrections):
    filters = Corrections.filters | {
        "q": search(
            *("student__name__startswith", "student__student_no__startswith"),
            *("school__name__icontains", "school__code__startswith"),
        )
    }


@require_GET
@school_page(may="corrections.see")
def correction_list(request: Any) -> HttpResponse:
    return _list(request, Corrections)


@require_GET
@vary_on_headers("HX-Request")
@center_page(may="corrections.see")
def center_list(request: Any) -> HttpResponse:
    """All schools'; on the dashboard, how many wait for a second person whom the school does not have."""
    if request.htmx:
        rows = corrections.of_season(request.season).filter(status=Status.CHECKED)
        alone = corrections.schools_of_one_person(rows.order_by().values_list("school", flat=True).distinct())
        total = rows.filter(school__in=alone).count() if alone else 0
        context = {"total": total, "url": reverse("proofing:center_corrections")}
        return render(request, "proofing/corrections.html#callout", context)
    return _list(request, CenterCorrections)


def _list(request: Any, kind: type[Corrections]) -> HttpResponse:
    listed = kind(corrections.of_season(request.season), request.GET)
    page = listed.page
    looks.record(request, Look.Kind.LIST, [row.student_id for row in page.object_list])
    for row in page.object_list:
        row.wanted_shown, row.present_shown = corrections.masked_wanted_value(row), disputes.present_shown(row)
        row.days = (timezone.now() - row.created_at).days
    context = {"listed": listed, "page": page, "names": _names(request)}
    return render(request, "proofing/corrections.html", context)


def _names(request: Any) -> dict[str, str]:
    """The addresses of the same pages in the portal of whoever looks."""
    before = "center_" if request.membership.is_center else ""
    names = ("corrections", "correction", "compare", "picture", "evidence", "decide")
    return {name: f"proofing:{before}{name if name == 'corrections' else f'correction_{name}'}" for name in names} | {
        "correction": f"proofing:{before}correction_page",
        "student": "students:center_student" if before else "students:student",
        "thumbnail": f"capture:{before}picture",
    }


def _one(request: Any, pk: int) -> Correction:
    return get_object_or_404(corrections.of_season(request.season).select_related("school"), pk=pk)


@require_GET
@school_page(may="corrections.see")
def correction_page(request: Any, pk: int) -> HttpResponse:
    return _page(request, _one(request, pk))


@require_GET
@center_page(may="corrections.see")
def center_correction_page(request: Any, pk: int) -> HttpResponse:
    return _page(request, _one(request, pk))


@require_GET
@school_page(may="corrections.see_evidence")
def compare(request: Any, pk: int) -> HttpResponse:
    """The same page with the evidence and the values in clear."""
    return _page(request, _one(request, pk), in_clear=True)


@require_GET
@center_page(may="corrections.see_evidence")
def center_compare(request: Any, pk: int) -> HttpResponse:
    return _page(request, _one(request, pk), in_clear=True)


def _page(request: Any, row: Correction, *, in_clear: bool = False) -> HttpResponse:
    member, student = request.membership, row.student
    looks.record(request, Look.Kind.RECORD, [student.pk])
    if in_clear:
        present, wanted = disputes.reveal(row, by=request.user)
    else:
        present, wanted = disputes.present_shown(row), corrections.masked_wanted_value(row)
    decides = row.is_undecided and permissions.may(member, "corrections.decide")
    accepts = decides and corrections.may_accept(row, request.user)
    photo = Photo.objects.filter(student=student, is_current=True).exclude(thumbnail="").first()
    context = {
        "c": row,
        "photo": photo,
        "present": present,
        "wanted": wanted,
        "in_clear": in_clear,
        "names": _names(request),
        "may_compare": permissions.may(member, "corrections.see_evidence") and bool(row.evidence or row.wanted_sealed),
        "may_check": decides and row.needs_two and row.status == Status.OPEN and bool(row.evidence),
        "may_accept": accepts and (not row.needs_two or permissions.may(member, "corrections.accept")),
        "may_decline": decides,
        "may_withdraw": decides and row.source != Correction.Source.STUDENT,
        "has_checked": row.status == Status.CHECKED and row.checked_by_id == request.user.pk,
        "may_add": row.status == Status.OPEN and permissions.may(member, "corrections.open"),
        "is_framed": row.is_undecided and disputes.is_reframed(row),
        "evidence_form": EvidenceForm(),
        "asks": {
            name: AnswerForm(auto_id=f"{name}_%s") for name in ("accept", "retake", "framed", "decline", "withdraw")
        },
        "events": describe_events(history.of(row).order_by("-id")[:30]),
    }
    response = render(request, "proofing/correction_page.html", context)
    if in_clear:
        response["Cache-Control"] = "private, no-store"
    return response


@require_GET
@school_page(may="corrections.see_evidence")
def picture(request: Any, pk: int) -> HttpResponse:
    return picture_response(_one(request, pk), by=request.user)


@require_GET
@center_page(may="corrections.see_evidence")
def center_picture(request: Any, pk: int) -> HttpResponse:
    return picture_response(_one(request, pk), by=request.user)


def picture_response(row: Correction, *, by: history.Actor) -> HttpResponse:
    if not row.evidence:
        raise Http404
    response = HttpResponse(correction_evidence.picture(row, by=by), content_type="image/jpeg")
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@school_page(may="corrections.open")
def add_evidence(request: Any, pk: int) -> HttpResponse:
    return _add_evidence(request, _one(request, pk))


@require_POST
@center_page(may="corrections.open")
def center_add_evidence(request: Any, pk: int) -> HttpResponse:
    return _add_evidence(request, _one(request, pk))


def _add_evidence(request: Any, row: Correction) -> HttpResponse:
    jpeg = read_evidence(EvidenceForm({}, request.FILES), by=request.user)
    correction_evidence.attach(row, jpeg=jpeg, by=request.user)
    messages.success(request, _("The evidence is kept, encrypted."))
    return HttpResponseRedirect(reverse(_names(request)["correction"], args=[row.pk]))


def read_evidence(form: EvidenceForm, *, by: history.Actor) -> bytes:
    """The picture of the file of a form."""
    file = checked(form)["evidence"]
    scanned_paper.check_size(file.size, purpose="evidence")
    return scanned_paper.picture_of(file.read(), purpose="evidence", by=by)


@require_POST
@school_page(may="corrections.decide")
def decide(request: Any, pk: int) -> HttpResponse:
    return _decide(request, _one(request, pk))


@require_POST
@center_page(may="corrections.decide")
def center_decide(request: Any, pk: int) -> HttpResponse:
    return _decide(request, _one(request, pk))


def _decide(request: Any, row: Correction) -> HttpResponse:
    """`do` is "check", "accept", "framed" (accept, the portrait was framed anew), "decline" or "withdraw"."""
    decided = checked(DecisionForm(request.POST))
    do, answer, name = decided["do"], decided["answer"], {"name": row.student.name}
    names = _names(request)
    if do == "check":
        corrections.check_correction(correction=row, by=request.user)
        messages.success(request, _("Checked. Another person accepts it now; %(name)s has been told.") % name)
        return HttpResponseRedirect(reverse(names["correction"], args=[row.pk]))
    if do in ("accept", "framed"):
        if row.needs_two:
            permissions.check(request.membership, "corrections.accept")
        rule = disputes.accept if do == "accept" else disputes.accept_reframed
        done = rule(row, by=request.user, answer=answer)
        again = " " + _("The sheet is to be printed again.") if done.waits_for_print else ""
        messages.success(request, _("Corrected. %(name)s has been told.") % name + again)
    elif do == "withdraw":
        corrections.withdraw_correction(correction=row, by=request.user, answer=answer)
        messages.success(request, _("Withdrawn. %(name)s has been told.") % name)
    else:
        corrections.decline_correction(correction=row, by=request.user, answer=answer)
        messages.success(request, _("Declined. %(name)s has been told.") % name)
    return HttpResponseRedirect(reverse(names["corrections"]))


@require_http_methods(["GET", "POST"])
@school_page(may="corrections.open")
def ask(request: Any, pk: int) -> HttpResponse:
    """A new correction of one student, opened by the school."""
    return _ask(request, pk)


@require_http_methods(["GET", "POST"])
@center_page(may="corrections.open")
def center_ask(request: Any, pk: int) -> HttpResponse:
    return _ask(request, pk)


def _ask(request: Any, pk: int) -> HttpResponse:
    student = get_object_or_404(Student.objects.select_related("school", "season"), pk=pk, season=request.season)
    enrolment = Enrolment.objects.select_related("season").get(school=student.school_id, season=student.season_id)
    # The portrait is returned on the page of its photo.
    fields = [field for field in disputes.fields_open(enrolment) if field != Correction.Field.PORTRAIT]
    looks.record(request, Look.Kind.RECORD, [student.pk])
    initial = {"field": request.GET.get("field", "")}
    form = CorrectionForm(
        request.POST or None, request.FILES or None, fields_open=fields, is_staff=True, initial=initial
    )
    if request.method == "POST" and form.is_valid():
        try:
            row = disputes.ask(student, by=request.user, **asked(form, by=request.user))
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("The correction is open. The student has been told."))
            return HttpResponseRedirect(reverse(_names(request)["correction"], args=[row.pk]))
    context = {"form": form, "student": student, "names": _names(request), "is_open": bool(fields)}
    return render(request, "proofing/correction_ask.html", context, status=422 if form.errors else 200)


def asked(form: CorrectionForm, *, by: history.Actor) -> dict[str, Any]:
    """What the form says for `disputes.ask`; an uploaded file as a picture. Raises PortalError."""
    values = {name: form.cleaned_data[name] for name in ("field", "wanted", "wanted_type", "explanation")}
    file = form.cleaned_data.get("evidence")
    if not file or values["field"] not in Correction.TWO_PERSONS:
        return values
    scanned_paper.check_size(file.size, purpose="evidence")
    return values | {"evidence": scanned_paper.picture_of(file.read(), purpose="evidence", by=by)}
