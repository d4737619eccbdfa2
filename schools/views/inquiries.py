"""Letters between a school and the center."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST
from django.views.decorators.vary import vary_on_headers

from portal.access import center_page, school_page
from portal.pages.form_fields import checked, whole_number
from portal.pages.lists import List, choice, search
from schools import inquiries
from schools.forms import InquiryForm, LetterForm
from schools.models import Inquiry
from schools.notices import reading


class InquiryList(List):
    filters = {
        "q": search("subject__icontains", "school__name__icontains", "school__code__startswith"),
        "status": choice("status", Inquiry.Status.choices, label=gettext_lazy("State")),
        "topic": choice("topic", Inquiry.Topic.choices, label=gettext_lazy("Topic")),
    }
    sorts = {"": ("-updated_at", "-id"), "school": ("school__name", "-id"), "subject": ("subject", "-id")}
    page_size = 30


# the center


@require_GET
@vary_on_headers("HX-Request")
@center_page(may="inquiries.see")
def center_inquiries(request: Any) -> HttpResponse:
    """The letters that concern the person; on the dashboard, how many wait."""
    rows = inquiries.seen_by(request.membership, request.season).select_related("school", "season", "notice")
    if request.htmx:
        waiting = rows.filter(status=Inquiry.Status.OPEN).count()
        return render(request, "schools/center_inquiries.html#callout", {"waiting": waiting})
    listed = InquiryList(rows, request.GET)
    return render(request, "schools/center_inquiries.html", {"listed": listed, "page": listed.page})


@require_GET
@center_page(may="inquiries.see")
def center_inquiry(request: Any, pk: int) -> HttpResponse:
    row = _seen(request, pk)
    may_answer = row.topic in inquiries.may_answer(request.membership)
    context = {"inquiry": row, "letters": row.messages.all(), "may_answer": may_answer, "form": LetterForm()}
    return render(request, "schools/inquiry.html", context)


@require_POST
@center_page(may="inquiries.see")
def inquiry_answer(request: Any, pk: int) -> HttpResponse:
    row = _seen(request, pk)
    inquiries.require_answerable(row, request.membership)
    text = checked(LetterForm(request.POST))["text"]
    inquiries.answer(row, text=text, by=request.user, member=request.membership)
    messages.success(request, _("Answered. The school is told."))
    return HttpResponseRedirect(row.get_absolute_url())


@require_POST
@center_page(may="inquiries.see")
def inquiry_settle(request: Any, pk: int) -> HttpResponse:
    row = _seen(request, pk)
    inquiries.settle(row, by=request.user, member=request.membership)
    messages.success(request, _("Settled."))
    return HttpResponseRedirect(reverse("schools:center_inquiries"))


def _seen(request: Any, pk: int) -> Inquiry:
    row = get_object_or_404(Inquiry.objects.select_related("season"), pk=pk)
    return get_object_or_404(
        inquiries.seen_by(request.membership, row.season).select_related("school", "season", "notice"), pk=pk
    )


# a school


@require_GET
@school_page(may="inquiries.write")
def school_inquiries(request: Any) -> HttpResponse:
    rows = Inquiry.objects.filter(season=request.season).select_related("season", "notice")
    listed = InquiryList(rows, request.GET)
    return render(request, "schools/school_inquiries.html", {"listed": listed, "page": listed.page})


@school_page(may="inquiries.write")
def inquiry_new(request: Any) -> HttpResponse:
    """A new subject; ?notice=N: about a notice; ?topic=prints: of this topic."""
    asked = request.POST.get("notice") or request.GET.get("notice")
    shown = reading.visible(request.school, request.season)
    notice = get_object_or_404(shown, pk=whole_number(asked)) if asked else None
    form = InquiryForm(request.POST or None, initial={"topic": request.GET.get("topic")})
    if request.method == "POST" and form.is_valid():
        row = inquiries.ask(request.school, request.season, by=request.user, notice=notice, **form.cleaned_data)
        messages.success(request, _("Sent. You are told when the center answers."))
        return HttpResponseRedirect(row.school_url)
    status = 422 if form.errors else 200
    return render(request, "schools/inquiry_form.html", {"form": form, "notice": notice}, status=status)


@require_GET
@school_page(may="inquiries.write")
def inquiry(request: Any, pk: int) -> HttpResponse:
    row = _own(pk)
    context = {"inquiry": row, "letters": row.messages.all(), "may_answer": True, "form": LetterForm()}
    return render(request, "schools/inquiry.html", context)


@require_POST
@school_page(may="inquiries.write")
def inquiry_write(request: Any, pk: int) -> HttpResponse:
    row = _own(pk)
    inquiries.write_again(row, text=checked(LetterForm(request.POST))["text"], by=request.user)
    messages.success(request, _("Sent. You are told when the center answers."))
    return HttpResponseRedirect(row.school_url)


def _own(pk: int) -> Inquiry:
    return get_object_or_404(Inquiry.objects.select_related("school", "season", "notice"), pk=pk)
