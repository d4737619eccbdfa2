"""The center's page of the ways by which students sign in, and unlinking a student's WeChat."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capture.forms import ReasonForm, SignInWaysForm
from capture.sign_in import offers, wechat_binding
from capture.sign_in.real_name import asking
from portal.access import center_page, school_page
from portal.errors import PortalError
from portal.pages.form_fields import checked
from students.models import Student


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


@require_POST
@school_page(may="students.unlink_wechat")
def unlink_wechat(request: Any, pk: int) -> HttpResponse:
    """`pk`: the student."""
    return _unlink(request, pk, "students:student")


@require_POST
@center_page(may="students.unlink_wechat")
def center_unlink_wechat(request: Any, pk: int) -> HttpResponse:
    return _unlink(request, pk, "students:center_student")


def _unlink(request: Any, pk: int, page: str) -> HttpResponse:
    student = get_object_or_404(Student.objects.select_related("school", "season"), pk=pk)
    wechat_binding.unlink(student, **checked(ReasonForm(request.POST)), by=request.user)
    messages.success(request, _("WeChat is unlinked, the student is told and signed out everywhere."))
    return redirect(page, student.pk)
