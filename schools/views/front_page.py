"""The first page, and where a person lands after signing in."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone


def home(request: Any) -> HttpResponse:
    """The season, its notice, its days, and the three doors."""
    season = request.season
    windows = season.windows.select_related("area") if season else []
    return render(request, "schools/home.html", {"windows": windows, "today": timezone.localdate()})


@login_required
def door(request: Any) -> HttpResponse:
    if request.membership is None:
        if request.user.is_superuser:
            return HttpResponseRedirect(reverse("admin:index"))
        raise Http404
    name = "schools:dashboard" if request.membership.is_center else "schools:school_home"
    return HttpResponseRedirect(reverse(name))
