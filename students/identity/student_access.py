"""Who may open a student's pages: the session of a signed-in student, and the school's scope.

The check of credentials is in `capture.sign_in`. This module is here because billing and proofing
have pages for students too.
"""

import base64
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import auth, messages
from django.dispatch import receiver
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from portal.tenancy import across_schools, school_scope
from schools.models import Enrolment
from students.models import Student
from students.privacy.erasure import ERASED_NUMBER

SESSION_KEY = "student_id"
SESSION_SECONDS = 2 * 3600
View = Callable[..., HttpResponse]


def start_session(request: Any, student: Student) -> None:
    """Sign the student in: a new session key, valid for SESSION_SECONDS, and a new CSRF token.

    Forms that another student left open on this device are refused from now on, and the session of a
    person of the staff ends.
    """
    if request.user.is_authenticated:
        auth.logout(request)
    request.session.cycle_key()
    rotate_token(request)
    request.session[SESSION_KEY] = student.pk
    request.session["student_since"] = timezone.now().isoformat()
    request.session.set_expiry(SESSION_SECONDS)


@receiver(auth.user_logged_in)
def end_student_session(request: Any, **_signal: Any) -> None:
    """A person of the staff signs in: the student who was signed in on this device is so no longer."""
    if request.session.pop(SESSION_KEY, None) is not None:
        request.session.pop("student_since", None)
        request.session.set_expiry(None)


def end_session(request: Any) -> None:
    request.session.flush()


def session_student(request: Any) -> Student | None:
    """The signed-in student, or None; see `active_student`."""
    pk = request.session.get(SESSION_KEY)
    return None if pk is None else active_student(pk)


def active_student(pk: int) -> Student | None:
    """The student with this id, or None when the row is deleted or erased or the school is inactive."""
    with across_schools():  # the school is not known before the row is read
        active = Student.objects.filter(school__is_active=True).exclude(student_no__startswith=ERASED_NUMBER)
        return active.select_related("school__area", "season").filter(pk=pk).first()


def device_key(student: Student) -> str:
    """A key of this student for what the browser keeps between sessions: 32 bytes in base64.

    It is the same in every session. A page carries only the key of the student who is signed in, so
    that nobody else on the device can read what was kept.
    """
    return base64.b64encode(salted_hmac("students.device_key", str(student.pk), algorithm="sha256").digest()).decode()


def student_page(view: View) -> View:
    """A page of the signed-in student, in the school's scope.

    Sets `student`, `school`, `season`, `enrolment` and `device_key` of the request.
    """

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        student = session_student(request)
        if student is None:
            return _to_sign_in(request)
        request.student, request.school, request.season = student, student.school, student.season
        request.device_key = device_key(student)
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
    if request.path != reverse("capture:me"):  # no message on the first visit
        messages.info(request, sentence)
    if request.htmx:
        response = HttpResponse(status=401)
        response["HX-Redirect"] = url
        return response
    return HttpResponseRedirect(url)
