"""The review page of a school: photo beside portrait, findings marked, and the decisions."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

import vision
from capture.forms import AnswerForm, ReasonForm
from capture.judging import explanations, judge, likeness
from capture.live.shown import film_of
from capture.models import Likeness, Photo
from capture.review import decisions, exemptions, return_reasons, view_log, worklist
from capture.review.worklist import Worklist
from capture.same_person.sides import faces_of
from capture.sign_in import consent
from portal import permissions
from portal.access import school_page
from portal.history import event_text
from portal.models import Look
from portal.pages.form_fields import PickedForm, checked, whole_number
from portal.privacy import looks
from schools.models import Action
from students.lists import class_choice
from students.models import Student
from vision.rules.criteria import DISTANCE

STRIP = 9
CHIP_RULES = 8


@school_page(may="photos.see")
def table(request: Any) -> HttpResponse:
    """The photos one by one (the default) or as a grid; the address holds the filters."""
    listed = _listed(request, request.GET)
    if request.GET.get("view") == "grid":
        return _render(request, _grid(request, listed))
    return _render(request, _single(request, listed, _wanted(request)))


def _wanted(request: Any) -> int | None:
    return whole_number(request.GET.get("photo"))


def _render(request: Any, context: dict[str, Any]) -> HttpResponse:
    template = "capture/review.html#table" if request.htmx else "capture/review.html"
    response = render(request, template, context)
    response["Vary"] = "HX-Request, Cookie"
    return response


def _listed(request: Any, asked: Any) -> Worklist:
    return Worklist(worklist.photos_of(request.season, request.school), asked)


def _frame(request: Any, listed: Worklist) -> dict[str, Any]:
    """The context of both views: filters with counts, levels of the class, forms, and what can be undone."""
    return {
        "listed": listed,
        "filters": listed.wanted,
        "states": listed.states,
        "rules": listed.rules(CHIP_RULES),
        "clean": worklist.approvable_together(listed.found).count(),
        "levels": class_choice.levels(worklist.places_of(request.season, request.school), listed.wanted, counted=False),
        "has_place": not listed.wanted.keys().isdisjoint(class_choice.LEVELS),
        "undoable": len(decisions.last_decision(request.user)),
        "query": _query(request),
        "presets": return_reasons.RETURNING,
        "lock_presets": return_reasons.LOCKING,
        "reason_form": ReasonForm(auto_id="return_%s"),
        "lock_form": ReasonForm(auto_id="lock_%s"),
        "reset_form": ReasonForm(auto_id="reset_%s"),
        "left_to_reviewer": vision.LEFT_TO_REVIEWER,
    }


def _query(request: Any) -> str:
    """The query string of the filters, without the photo."""
    query = request.GET.copy()
    query.pop("photo", None)
    return query.urlencode()


def _grid(request: Any, listed: Worklist) -> dict[str, Any]:
    looks.record(request, Look.Kind.PORTRAIT, [photo.student_id for photo in listed.page])
    items = [(photo, explanations.explain_photo(photo)) for photo in listed.page]
    return _frame(request, listed) | {"view": "grid", "page": listed.page, "items": items}


def _single(request: Any, listed: Worklist, pk: int | None) -> dict[str, Any]:
    photos = listed.found
    wanted = Photo.objects.filter(season=request.season, pk=pk) if pk else photos
    photo = wanted.select_related("student").first() or photos.select_related("student").first()
    context = _frame(request, listed) | {"view": "single", "photo": photo}
    if photo is None:
        return context
    exemption = exemptions.of_student(photo.student) if permissions.may(request.membership, "exemptions.see") else None
    view_log.record_view(photo, by=request.user)
    before, after = worklist.before(photos, photo), worklist.after(photos, photo)
    strip = _strip(before, photo, after)
    following = next(iter(strip[strip.index(photo) + 1 :]), None)
    looks.record(request, Look.Kind.PORTRAIT, [row.student_id for row in strip])
    found = explanations.explain_photo(photo)
    return context | {
        "student": photo.student,
        "found": found,
        "is_not_compared": not consent.allows_comparison(photo.student),
        "marks": explanations.marks(found),
        "exemption": exemption,
        "excused": explanations.explain_excused(photo),
        "refuse_form": AnswerForm(auto_id="refuse_%s"),
        "here": f"{reverse('capture:review')}?{_query(request)}&photo={photo.pk}",
        "likenesses": likeness.sides_of(photo, viewer=request.school),
        "faces": faces_of(photo) if permissions.may(request.membership, "likenesses.compare") else None,
        "film": film_of(photo),
        "unit": DISTANCE,
        "lock_event": decisions.locked_by(photo.student),
        "may_unlock": permissions.may(request.membership, "students.unlock"),
        "unlock_form": ReasonForm(auto_id="unlock_%s"),
        "unlockers": decisions.unlockers(request.school),
        "is_suspect": any(item.is_forbidden for item in found),
        "before": before.values_list("pk", flat=True).first(),
        "after": following and following.pk,
        "after_has_portrait": bool(following and following.portrait),
        "strip": strip,
        "place": before.count() + 1,
        "total": listed.count,
        "events": event_text.describe_events(view_log.list_events(photo, most=8)),
        "can_reset": photo.is_current
        and photo.status == Photo.Status.APPROVED
        and request.enrolment.allows(Action.RESET),
    }


def _strip(before: Any, photo: Photo, after: Any) -> list[Photo]:
    """At most nine photos for the strip of thumbnails: the photo and its neighbours in the list."""
    ahead = list(before[: STRIP // 3])
    return [*reversed(ahead), photo, *after[: STRIP - len(ahead) - 1]]


def _next(request: Any, photo: Photo) -> HttpResponse:
    """The answer after a decision: the next photo of the same list, as a redirect or a fragment."""
    back = request.POST.get("back", "")
    if not request.htmx:
        return HttpResponseRedirect(f"{reverse('capture:review')}?{back}")
    request.GET = QueryDict(back)
    listed = _listed(request, request.GET)
    if request.GET.get("view") == "grid":
        return _render(request, _grid(request, listed))
    after = worklist.after(listed.found, photo).values_list("pk", flat=True).first()
    return _render(request, _single(request, listed, after))


def _photo(pk: int) -> Photo:
    return get_object_or_404(Photo.objects.select_related("student", "school"), pk=pk)


@require_POST
@school_page(may="photos.review")
def approve(request: Any, pk: int) -> HttpResponse:
    photo = exemptions.approve(photo=_photo(pk), kind=request.POST.get("exemption", ""), by=request.user)
    return _next(request, photo)


@require_POST
@school_page(may="photos.review")
def return_(request: Any, pk: int) -> HttpResponse:
    photo = decisions.return_(photo=_photo(pk), by=request.user, **checked(ReasonForm(request.POST)))
    return _next(request, photo)


@require_POST
@school_page(may="photos.reset")
def reset(request: Any, pk: int) -> HttpResponse:
    photo = decisions.reset(photo=_photo(pk), by=request.user, **checked(ReasonForm(request.POST)))
    messages.success(request, _("The photo was reset and the student told."))
    return _next(request, photo)


@require_POST
@school_page(may="photos.review")
def approve_clean(request: Any) -> HttpResponse:
    """Approve the photos without a finding: of the chosen ones, or of all that the filters
    select."""
    picks = checked(PickedForm(request.POST))["pick"]
    photos = _listed(request, QueryDict(request.POST.get("back", ""))).require_known().found
    is_picked = "pick" in request.POST  # none of them may be a photo, and that is not all photos
    if is_picked:
        photos = photos.filter(pk__in=picks)
    approved = decisions.approve_clean(photos=photos, by=request.user)
    left = len(picks) - len(approved) if is_picked else 0
    messages.success(request, _approved_sentence(len(approved), left))
    return redirect(f"{reverse('capture:review')}?{request.POST.get('back', '')}")


def _approved_sentence(approved: int, left: int) -> str:
    sentence = ngettext("%(n)d clean photo approved.", "%(n)d clean photos approved.", approved) % {"n": approved}
    if left <= 0:
        return sentence
    rest = ngettext("%(n)d with findings stays.", "%(n)d with findings stay.", left) % {"n": left}
    return f"{sentence} {rest}"


@require_POST
@school_page(may="photos.review")
def undo(request: Any) -> HttpResponse:
    photos = decisions.undo_last_decision(by=request.user)
    n = len(photos)
    messages.success(
        request, ngettext("%(n)d photo is in review again.", "%(n)d photos are in review again.", n) % {"n": n}
    )
    back = QueryDict(request.POST.get("back", "")).copy()
    if n == 1:
        back["photo"] = str(photos[0].pk)
    return redirect(f"{reverse('capture:review')}?{back.urlencode()}")


@require_POST
@school_page(may="photos.judge_again")
def judge_again(request: Any, pk: int) -> HttpResponse:
    judge.judge_again(photo=_photo(pk), by=request.user)
    messages.success(request, _("The photo is judged again."))
    return redirect(f"{reverse('capture:review')}?{request.POST.get('back', '')}")


@require_POST
@school_page(may="students.lock")
def lock(request: Any, pk: int) -> HttpResponse:
    """`pk`: the student."""
    student = get_object_or_404(Student, pk=pk)
    decisions.lock(student=student, **checked(ReasonForm(request.POST)), by=request.user)
    messages.success(request, _("The account is locked and the student told."))
    return back_to_review(request)


@require_POST
@school_page(may="students.unlock")
def unlock(request: Any, pk: int) -> HttpResponse:
    student = get_object_or_404(Student, pk=pk)
    decisions.unlock(student=student, **checked(ReasonForm(request.POST)), by=request.user)
    messages.success(request, _("The account is unlocked."))
    return back_to_review(request)


@require_POST
@school_page(may="likenesses.clear")
def clear_likeness(request: Any, pk: int) -> HttpResponse:
    """Record that the two pictures are not the same."""
    likeness.clear_likeness(likeness=get_object_or_404(Likeness, pk=pk), by=request.user)
    messages.success(request, _("Noted on both sides: not the same picture."))
    return back_to_review(request)


def back_to_review(request: Any) -> HttpResponse:
    here = request.headers.get("Referer", "")
    safe = here.startswith(f"{request.scheme}://{request.get_host()}/")
    url = here if safe else reverse("capture:review")
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)
