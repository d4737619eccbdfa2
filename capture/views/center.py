"""The center's pages: the photos of all schools, one photo, and the actions on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from capture.forms import ReasonForm
from capture.judging import explanations, judge, likeness
from capture.models import Likeness, Photo
from capture.review import decisions, view_log
from capture.review.worklist import CenterPhotos
from capture.same_person import sides
from portal import permissions
from portal.access import center_page
from portal.history import event_text
from portal.models import Look
from portal.pages.form_fields import checked
from portal.privacy import looks
from schools.models import Action, Enrolment, School
from vision.rules.criteria import DISTANCE

CHIP_RULES = 10


@center_page(may="photos.see")
def photos(request: Any) -> HttpResponse:
    """The photos, by school, day, attempt, state and finding."""
    listed = CenterPhotos(request.season, request.GET)
    looks.record(request, Look.Kind.PORTRAIT, [photo.student_id for photo in listed.page])
    states = listed.states
    context = {
        "listed": listed,
        "filters": listed.wanted,
        "page": listed.page,
        "items": [(photo, explanations.titles(photo)) for photo in listed.page],
        "states": states,
        "attempts": listed.choices("attempts"),
        "total": sum(number for _state, _label, number in states),
        "rules": listed.rules(CHIP_RULES),
        "schools": School.objects.filter(pk__in=Enrolment.objects.filter(season=request.season).values("school")),
    }
    return render(request, "capture/center_photos.html", context)


@center_page(may="photos.see")
def photo(request: Any, pk: int) -> HttpResponse:
    """One photo, large, with its findings and its history."""
    row = _photo(pk)
    view_log.record_view(row, by=request.user)
    enrolment = Enrolment.objects.filter(season=row.season_id, school=row.school_id).first()
    found = explanations.explain_photo(row)
    may_reset = enrolment is not None and enrolment.allows(Action.RESET)
    context = {
        "photo": row,
        "student": row.student,
        "found": found,
        "marks": explanations.marks(found),
        "events": event_text.describe_events(view_log.list_events(row, most=20)),
        "likenesses": likeness.sides_of(row, viewer=None),
        "faces": sides.faces_of(row) if permissions.may(request.membership, "likenesses.compare") else None,
        "unit": DISTANCE,
        "lock_event": decisions.locked_by(row.student),
        "unlockers": decisions.unlockers(row.school),
        "can_reset": row.is_current and row.status == Photo.Status.APPROVED and may_reset,
        "reset_form": ReasonForm(),
    }
    return render(request, "capture/center_photo.html", context)


def _photo(pk: int) -> Photo:
    return get_object_or_404(Photo.objects.select_related("student__school", "school", "season"), pk=pk)


@require_POST
@center_page(may="photos.reset")
def reset(request: Any, pk: int) -> HttpResponse:
    decisions.reset(photo=_photo(pk), by=request.user, **checked(ReasonForm(request.POST)))
    messages.success(request, _("The photo was reset and the student told."))
    return redirect("capture:center_photo", pk=pk)


@require_POST
@center_page(may="likenesses.clear")
def clear_likeness(request: Any, pk: int) -> HttpResponse:
    row = likeness.clear_likeness(likeness=get_object_or_404(Likeness, pk=pk), by=request.user)
    messages.success(request, _("Noted on both sides: not the same picture."))
    return redirect("capture:center_photo", pk=row.photo_id)


@require_POST
@center_page(may="photos.judge_again")
def judge_again(request: Any, pk: int) -> HttpResponse:
    judge.judge_again(photo=_photo(pk), by=request.user)
    messages.success(request, _("The photo is judged again."))
    return redirect("capture:center_photo", pk=pk)
