"""Panels of the dashboards and of a student's page, loaded by htmx.

Schools see their own photos, the center all.
"""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone

from capture import dashboard_counts, day_plan
from capture.forms import ForgetForm, ReasonForm
from capture.judging import explanations
from capture.models import Photo
from capture.review import decisions
from capture.review.return_reasons import LOCKING
from capture.review.worklist import REJECTED_BY
from capture.sign_in import registry_codes, wechat_binding
from portal import history, permissions
from portal.access import school_page, staff_page
from portal.event_kinds import VALUE_LABELS
from students.models import Student


def _list_url(request: Any) -> str:
    return reverse("capture:review" if request.school else "capture:center_photos")


@staff_page(may="photos.see")
def today(request: Any) -> HttpResponse:
    of_today = f"&attempts=every&day={timezone.localdate()}" + ("&view=grid" if request.school else "")
    context: dict[str, Any] = {"list_url": _list_url(request), "season": request.season, "of_today": of_today}
    if request.season and not request.school:
        passed, judged = dashboard_counts.count_first_attempts(request.season)
        context["firsts"] = {"passed": passed, "judged": judged}
    if request.season:
        context |= {
            "today": dashboard_counts.count_today(request.season, request.school),
            "oldest": dashboard_counts.oldest_in_review(request.season, request.school),
            "days": dashboard_counts.count_per_day(request.season, request.school),
        }
    return render(request, "capture/panel_today.html", context)


@school_page(may="photos.see")
def days(request: Any) -> HttpResponse:
    """Plan against what was handed in, day by day."""
    found = day_plan.of_school(request.school, request.season, timezone.localdate()) if request.season else None
    return render(request, "capture/panel_days.html", {"plan": found, "today": timezone.localdate()})


@staff_page(may="photos.see")
def failures(request: Any) -> HttpResponse:
    """Rejected photos by rule, and open likenesses."""
    url, rows = _list_url(request), []
    if request.season:
        found = dashboard_counts.count_failures(request.season, request.school)
        every = f"{url}?state=all&attempts=every" + ("&view=grid" if request.school else "")
        rows = [(title, n, f"{every}&finding={REJECTED_BY}{rule}") for rule, title, n in found]
    context = {
        "rows": rows,
        "list_url": url,
        "likenesses": dashboard_counts.count_open_likenesses(request.season, request.school),
    }
    return render(request, "capture/panel_failures.html", context)


@staff_page(may="photos.see")
def student_photos(request: Any, pk: int) -> HttpResponse:
    """All photos of one student, and the lock of the account."""
    student = get_object_or_404(Student.objects.select_related("school"), pk=pk)
    photos = Photo.objects.filter(student=student).prefetch_related("findings")
    context = {
        "student": student,
        "items": [(photo, explanations.explain_photo(photo)) for photo in photos],
        "lock_event": decisions.locked_by(student),
        "may_lock": permissions.may(request.membership, "students.lock"),
        "may_unlock": permissions.may(request.membership, "students.unlock"),
        "lock_form": ReasonForm(auto_id="lock_%s"),
        "bindings": wechat_binding.of(student),
        "may_unlink": permissions.may(request.membership, "students.unlink_wechat"),
        "unlink_form": ReasonForm(auto_id="unlink_%s"),
        "unlockers": decisions.unlockers(student.school),
        "unlock_form": ReasonForm(auto_id="unlock_%s"),
        "lock_presets": LOCKING,
        "sign_in": _last_sign_in(student),
        "code": registry_codes.of(student),
        "may_forget": permissions.may(request.membership, "students.forget_code") and not student.appeared_by_code,
        "forget_form": ForgetForm(auto_id="forget_%s"),
    }
    return render(request, "capture/panel_student.html", context)


def _last_sign_in(student: Student) -> dict[str, Any] | None:
    """When the student has last signed in, by which way, and what stands behind it."""
    event = history.of(student).filter(kind="student.signed_in").first()
    if event is None:
        return None
    words = {name: VALUE_LABELS[name].get(event.facts.get(name), "") for name in ("recognised_by", "strength")}
    return {"at": event.at} | words
