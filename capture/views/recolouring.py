"""Portraits on another background than the season's: how many there are, and the job that makes
them again."""

import datetime as dt
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from django.views.decorators.vary import vary_on_headers

from capture.portraits import recolouring
from portal.access import center_page, school_page
from portal.pages.lists import List

REPORT_SHOWN_FOR = dt.timedelta(minutes=10)  # the callout shows the result of a job this long


@vary_on_headers("HX-Request", "Cookie")
@school_page(may="photos.see")
def background(request: Any) -> HttpResponse:
    """The page of the school; by htmx the callout of the overview and the review page, empty if
    there is nothing to do."""
    context: dict[str, Any] = {}
    if request.enrolment:
        job = recolouring.last_job(request.enrolment)
        is_fresh = bool(job and job.finished_at and job.finished_at > timezone.now() - REPORT_SHOWN_FOR)
        context = {"counts": recolouring.count_photos(request.enrolment), "job": job, "is_fresh": is_fresh}
    return _render(request, "capture/background.html", context)


@require_POST
@school_page(may="portraits.make_again")
def make_again(request: Any) -> HttpResponse:
    if request.enrolment:
        recolouring.start(enrolment=request.enrolment, by=request.user)
        messages.success(request, _("The portraits are being made again. You may go on with your work."))
    return redirect("capture:background")


@vary_on_headers("HX-Request", "Cookie")
@center_page(may="photos.see")
def center_background(request: Any) -> HttpResponse:
    """Which schools still have portraits on another background."""
    schools = recolouring.counts_by_school(request.season) if request.season else []
    listed = List(schools, request.GET)
    context = {"listed": listed, "page": listed.page, "total": sum(row["again"] for row in schools)}
    return _render(request, "capture/center_background.html", context)


def _render(request: Any, template: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"{template}#callout" if request.htmx else template, context)
