"""Pages of the history: filtered by subject, school, person and day, paged by primary key."""

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal import student_limits
from portal.access import center_page, school_page
from portal.event_kinds import kind_prefixes, subjects
from portal.history.event_text import describe_events, group_events
from portal.models import Event, Membership
from portal.pages.lists import Filter, KeyedList, row
from portal.tenancy import tenant_model


def _about(events: QuerySet[Event], subject: str) -> QuerySet[Event]:
    kinds = Q()
    for prefix in kind_prefixes(subject):
        kinds |= Q(kind__startswith=f"{prefix}.")
    return events.filter(kinds)


def _since(events: QuerySet[Event], day: dt.date) -> QuerySet[Event]:
    """A day as a bound of the primary key: the list is read by key, and rows are appended in the
    order of time.
    """
    first = Event.objects.filter(at__gte=_midnight(day)).order_by("at").values_list("pk", flat=True).first()
    return events.filter(pk__gte=first) if first else events.none()


def _until(events: QuerySet[Event], day: dt.date) -> QuerySet[Event]:
    end = timezone.make_aware(dt.datetime.combine(day, dt.time.max))
    after = Event.objects.filter(at__gt=end).order_by("at").values_list("pk", flat=True).first()
    return events.filter(pk__lt=after) if after else events


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


class History(KeyedList):
    """Events of a portal. `people` are the persons that can be chosen as a filter."""

    filters = {
        "subject": Filter(forms.ChoiceField(label=_("Subject"), required=False), _about),
        "school": row("school", label=_("School")),
        "person": Filter(
            forms.ModelChoiceField(None, label=_("Person"), required=False),
            lambda events, person: events.filter(actor_key=person.user.actor_key),
        ),
        "since": Filter(forms.DateField(label=_("From"), required=False), _since),
        "until": Filter(forms.DateField(label=_("To"), required=False), _until),
    }

    def __init__(self, events: QuerySet[Event], asked: Any, *, people: QuerySet[Membership]) -> None:
        self.people = people.select_related("user").order_by("user__full_name")
        super().__init__(events, asked)

    def prepare(self, form: forms.Form) -> None:
        fields: Any = form.fields
        fields["subject"].choices = subjects()
        fields["school"].queryset = tenant_model().objects.all()
        fields["person"].queryset = self.people


@center_page(may="history.see")
def center_history(request: Any) -> HttpResponse:
    people = Membership.objects.all()
    return _history(request, Event.objects.select_related("school"), people, "portal/history.html")


@school_page(may="history.see")
def school_history(request: Any) -> HttpResponse:
    """The history of the person's own school."""
    people = Membership.objects.filter(school=request.school)
    events = student_limits.narrow_events(Event.objects.filter(school=request.school))
    return _history(request, events, people, "portal/history.html")


def _history(request: Any, events: QuerySet[Event], people: QuerySet[Membership], template: str) -> HttpResponse:
    listed = History(events, request.GET, people=people)
    context = {"history": listed, "events": group_events(describe_events(listed.shown))}
    return render(request, template, context)
