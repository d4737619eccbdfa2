"""The public front page, and the redirect after signing in."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from portal.pages import navigation


def home(request: Any) -> HttpResponse:
    """The season with its notice and timetable, and the links to the three portals."""
    season = request.season
    windows = season.windows.select_related("area") if season else []
    return render(request, "schools/home.html", {"windows": windows, "today": timezone.localdate()})


@login_required
def own_portal(request: Any) -> HttpResponse:
    """Redirect to the first page of the menu that the person may open. 404 for a user without a
    membership.
    """
    if request.membership is None:
        if request.user.is_superuser:
            return HttpResponseRedirect(reverse("admin:index"))
        raise Http404
    first = next(iter(navigation.shown(request)), None)
    if first is None:
        raise Http404
    return HttpResponseRedirect(first.url)
