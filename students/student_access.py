"""The student's way into pages: a session that holds who signed in, and the scope of that student's school.

Lives here and not with the sign-in (capture/sign_in/credentials.py), because billing and printing show students pages too.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.tenancy import across_schools, school_scope
from schools.models import Enrolment
from students.models import Student

SESSION_KEY = "student_id"
SESSION_SECONDS = 2 * 3600
View = Callable[..., HttpResponse]


def remember(request: Any, student: Student) -> None:
    """Make this session the student's: a new session key, and an end after two hours."""
    request.session.cycle_key()
    request.session[SESSION_KEY] = student.pk
    request.session["student_since"] = timezone.now().isoformat()
    request.session.set_expiry(SESSION_SECONDS)


def forget(request: Any) -> None:
    request.session.flush()


def signed_in(request: Any) -> Student | None:
    """The student of this session, if the roster still has the row and the school is still active."""
    pk = request.session.get(SESSION_KEY)
    return None if pk is None else admitted(pk)


def admitted(pk: int) -> Student | None:
    """The student whom a session or token names; None once the row is gone or the school is inactive."""
    with across_schools():  # it says who, not where: the school is read from the row
        active = Student.objects.filter(school__is_active=True)
        return active.select_related("school__area", "season").filter(pk=pk).first()


def student_page(view: View) -> View:
    """A page of the signed-in student: sets request.student, school, season, enrolment; opens the school's scope."""

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        student = signed_in(request)
        if student is None:
            return _to_sign_in(request)
        request.student, request.school, request.season = student, student.school, student.season
        with school_scope(student.school):
            request.enrolment = Enrolment.objects.select_related("season").get(
                school=student.school, season=student.season
            )
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    wrapped.portal = "student"  # type: ignore[attr-defined]
    return wrapped


def _to_sign_in(request: Any) -> HttpResponse:
    sentence = _("Please sign in. For your safety you are signed out after two hours.")
    url = reverse("capture:signin")
    if request.headers.get("Accept", "").startswith("application/json"):
        from django.http import JsonResponse

        return JsonResponse({"error": sentence, "next": url}, status=401)
    if request.path != reverse("capture:me"):  # the door itself: whoever comes there first was never signed in
        messages.info(request, sentence)
    if request.htmx:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)
