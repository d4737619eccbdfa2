"""The daily check: the school's reports by day, resetting what failed, and what the center sees of it."""

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

import vision
from capture import daily_check
from capture.models import Finding
from portal.access import center_page, school_page
from portal.models import Job, Look
from portal.pages.lists import Filter, List
from portal.privacy import looks
from students.lists import class_choice


class DailyChecks(List):
    page_size = 31


def _of_rule(photos: Any, rule: str) -> Any:
    found = Finding.objects.filter(rule=rule, outcome=Finding.Outcome.REJECT).values("photo")
    return photos.filter(pk__in=found)


class FailedList(List):
    """The photos of a day that did not pass."""

    filters = {
        **class_choice.filters("student__"),
        "rule": Filter(
            forms.ChoiceField(
                label=gettext_lazy("Reason"), required=False, choices=[(rule.name, rule.label) for rule in vision.RULES]
            ),
            _of_rule,
        ),
    }
    sorts = {"": ("student__class_name", "student__student_no", "pk")}


def _day(text: str) -> dt.date:
    """Raises Http404 for what is no day of a season."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError as error:
        raise Http404 from error
    if not 2000 <= found.year <= 2999:
        raise Http404
    return found


@require_GET
@school_page(may="photos.check_daily")
def daily_checks(request: Any) -> HttpResponse:
    """The reports of the daily checks, the newest first."""
    rows = Job.objects.filter(school=request.school, season=request.season, kind=daily_check.KIND)
    listed = DailyChecks(rows, request.GET)
    context = {"listed": listed, "page": listed.page, "today": timezone.localdate()}
    return render(request, "capture/daily_checks.html", context)


@require_GET
@school_page(may="photos.check_daily")
def day(request: Any, day: str) -> HttpResponse:
    """The photos of today or of a past day, by class and by reason. That somebody looked is recorded."""
    enrolment, wanted = request.enrolment, _day(day)
    bad = daily_check.photos_of_day(enrolment, wanted).filter(status__in=daily_check.FAILED_STATUSES)
    listed = FailedList(bad.select_related("student").prefetch_related("findings"), request.GET)
    looks.record(request, Look.Kind.LIST, [photo.student_id for photo in listed.page])
    if not request.membership.is_visiting:  # the center asks whether the school has looked
        daily_check.record_opened(enrolment, wanted, by=request.user)
    found = daily_check.day_of(enrolment, wanted)
    context = {
        "day": wanted,
        "found": found,
        "reasons": [(rule, vision.rule_label(rule), number) for rule, number in found.reasons],
        "left": daily_check.failed_photos(enrolment).count(),
        "listed": listed,
        "levels": class_choice.levels(found.places, listed.wanted, counted=False),
        "page": listed.page,
        "labels": {rule.name: rule.label for rule in vision.RULES},
    }
    return render(request, "capture/daily_check.html", context)


@require_POST
@school_page(may="photos.check_daily")
def reset(request: Any) -> HttpResponse:
    """Reset every photo that did not pass, and tell its student."""
    number = daily_check.reset_failed(request.enrolment, by=request.user)
    told = ngettext(
        "%(n)d photo reset; its student has been told to take it again.",
        "%(n)d photos reset; their students have been told to take them again.",
        number,
    )
    messages.success(request, told % {"n": number} if number else _("No photo had to be reset."))
    return HttpResponseRedirect(reverse("capture:daily_check", args=[timezone.localdate().isoformat()]))


@require_GET
@center_page(may="daily_checks.see")
def center(request: Any) -> HttpResponse:
    """The reports of all schools on a day, today's at first, and who has not looked."""
    wanted = _day(request.GET.get("day") or timezone.localdate().isoformat())
    reports = daily_check.reports_of_day(request.season, wanted) if request.season else []
    context = {
        "day": wanted,
        "before": (wanted - dt.timedelta(days=1)).isoformat(),
        "after": (wanted + dt.timedelta(days=1)).isoformat() if wanted < timezone.localdate() else "",
        "reports": reports,
        "unread": sum(not report.readers for report in reports),
    }
    return render(request, "capture/center_daily_checks.html", context)
