"""The center's page of the ways by which students sign in."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from capture.forms import SignInWaysForm
from capture.sign_in import offers
from capture.sign_in.real_name import asking
from portal.access import center_page
from portal.errors import PortalError


@center_page(may="season.see", to_post="season.manage")
def center(request: Any) -> HttpResponse:
    """Which ways the season offers, in which order, and which a school may add."""
    if request.season is None:
        raise Http404
    form = SignInWaysForm(request.POST or None, season=request.season)
    if request.method == "POST" and form.is_valid():
        try:
            offers.choose_for_season(
                request.season,
                places=form.places(form.cleaned_data),
                photograph_strength=form.cleaned_data["photograph_strength"],
                by=request.user,
            )
        except PortalError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("Saved. Students see it from now on."))
            return redirect("capture:center_sign_in")
    context = {"form": form, "shown": request.season, "services": asking.uses(request.season)}
    return render(request, "capture/center_sign_in.html", context, status=400 if form.errors else 200)
