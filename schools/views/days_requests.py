"""Requests of schools for other days: asked on the school's side, decided on the center's."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal.access import center_page, school_page
from schools.days import days_requests, opening_hours
from schools.forms import DaysAnswerForm, DaysRequestForm
from schools.models import DaysRequest


@school_page(may="schedule.ask_days")
def request_new(request: Any) -> HttpResponse:
    if request.enrolment is None:
        raise Http404
    form = DaysRequestForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        days_requests.ask(request.enrolment, by=request.user, **form.cleaned_data)
        messages.success(request, _("Sent. You are told what the center decides."))
        return HttpResponseRedirect(reverse("schools:school_schedule"))
    periods = opening_hours.periods_of(school=request.school, season=request.season)
    return render(request, "schools/days_request_form.html", {"form": form, "periods": periods})


@require_POST
@school_page(may="schedule.ask_days")
def request_take_back(request: Any, pk: int) -> HttpResponse:
    days_requests.take_back(get_object_or_404(DaysRequest, pk=pk), by=request.user)
    messages.success(request, _("Taken back."))
    return HttpResponseRedirect(reverse("schools:school_schedule"))


@center_page(may="schedule.see", to_post="season.except_school")
def days_request(request: Any, pk: int) -> HttpResponse:
    """Grant the days, or others, or refuse."""
    row = get_object_or_404(DaysRequest.objects.select_related("school__area", "season", "exception"), pk=pk)
    form = DaysAnswerForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        row = DaysRequest.objects.select_related("school", "season").get(pk=pk)
        if request.POST.get("do") == "refuse":
            days_requests.refuse(row, by=request.user, answer=values["answer"])
            messages.success(request, _("Refused. The school has been told."))
        else:
            days_requests.grant(row, by=request.user, **values)
            messages.success(request, _("Granted. The school has been told."))
        return HttpResponseRedirect(reverse("schools:schedule"))
    context = {
        "row": DaysRequest.objects.select_related("school__area", "exception").get(pk=pk),
        "form": form,
        "is_open": row.status == DaysRequest.Status.ASKED,
        "periods": opening_hours.periods_of(school=row.school, season=row.season),
    }
    return render(request, "schools/days_request.html", context)
