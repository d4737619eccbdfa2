"""The history as people read it: narrowed by subject, school, person and day, paged by key."""

import datetime as dt
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from portal.access import center_page, school_page
from portal.event_kinds import SUBJECTS, first_words
from portal.event_text import gathered, told
from portal.forms import HistoryFilter
from portal.models import Event, Membership

PAGE_SIZE = 100


@center_page
def history(request: Any) -> HttpResponse:
    people = Membership.objects.all()
    return _history(request, Event.objects.select_related("school"), people, "portal/history.html")


@school_page
def school_history(request: Any) -> HttpResponse:
    """The school's own log."""
    people = Membership.objects.filter(school=request.school)
    return _history(request, Event.objects.filter(school=request.school), people, "portal/history.html")


def _history(request: Any, events: QuerySet[Event], people: QuerySet[Membership], template: str) -> HttpResponse:
    form = HistoryFilter(request.GET, people=people.select_related("user").order_by("user__full_name"))
    form.is_valid()
    rows = list(_before(request, narrowed(events, form.cleaned_data))[: PAGE_SIZE + 1])
    older = rows[PAGE_SIZE - 1].pk if len(rows) > PAGE_SIZE else None
    context = {"form": form, "events": gathered(told(rows[:PAGE_SIZE])), "older": older, "subjects": SUBJECTS.items()}
    return render(request, template, context | {"is_newest": not request.GET.get("before")})


def _before(request: Any, events: QuerySet[Event]) -> QuerySet[Event]:
    """Paged by key: a page far back costs no more than the first."""
    before = request.GET.get("before", "")
    return events.filter(pk__lt=int(before)) if before.isdecimal() else events


def narrowed(events: QuerySet[Event], wanted: dict[str, Any]) -> QuerySet[Event]:
    words = first_words(wanted.get("subject", ""))
    if words:
        kinds = Q()
        for word in words:
            kinds |= Q(kind__startswith=f"{word}.")
        events = events.filter(kinds)
    if wanted.get("school"):
        events = events.filter(school=wanted["school"])
    if wanted.get("person"):
        events = events.filter(actor_key=wanted["person"].user.actor_key)
    return _within(events, wanted.get("since"), wanted.get("until"))


def _within(events: QuerySet[Event], since: dt.date | None, until: dt.date | None) -> QuerySet[Event]:
    """Days as bounds of the key: rows are appended in the order of time, and the list is read by its key."""
    if since:
        first = Event.objects.filter(at__gte=_midnight(since)).order_by("at").values_list("pk", flat=True).first()
        events = events.filter(pk__gte=first) if first else events.none()
    if until:
        end = _midnight(until + dt.timedelta(days=1))
        after = Event.objects.filter(at__gte=end).order_by("at").values_list("pk", flat=True).first()
        events = events.filter(pk__lt=after) if after else events
    return events


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))
