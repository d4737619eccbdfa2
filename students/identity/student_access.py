"""Who may open a student's pages: the session of a signed-in student, and the school's scope.

A session is a row (`StudentSession`) beside what the browser or the mini program sends. It ends
STUDENT_IDLE_SECONDS after its last use, STUDENT_SESSION_SECONDS after signing in, and when the
student signs out. The check of credentials is in `capture.sign_in`. This module is here because
billing and proofing have pages for students too.
"""

import base64
import datetime as dt
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.db.models import Q
from django.dispatch import receiver
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from portal.security.sessions import is_by_itself
from portal.tenancy import across_schools, school_scope
from schools.models import Action, Enrolment
from students.models import Student, StudentSession

SESSION_KEY = "student_session"  # in the browser's session: the id of its row
SECONDS_BETWEEN_WRITES = 300
View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Recognition:
    """Who has signed in, by which way (`provider`), and what stands behind it (`strength`): words of capture.sign_in."""

    student: Student
    provider: str
    strength: str

    @property
    def fields(self) -> dict[str, str]:
        return {"recognised_by": self.provider, "strength": self.strength}


def start_session(request: Any, recognition: Recognition) -> None:
    """Sign the student in: a new session key and a new CSRF token.

    Forms that another student left open on this device are refused from now on, and the session of a
    person of the staff ends.
    """
    if request.user.is_authenticated:
        auth.logout(request)
    request.session.cycle_key()
    rotate_token(request)
    begin(request.session, recognition.student, **recognition.fields)


def begin(session: Any, student: Student, **how: str) -> None:
    """Make the row of a browser's session. `how`: of a Recognition."""
    session[SESSION_KEY] = _new(student, **how).pk
    session.set_expiry(settings.STUDENT_SESSION_SECONDS)


def new_token(student: Student, **how: str) -> str:
    """A token for a mini program: 256 random bits, of which only the hash is stored. `how`: of a Recognition."""
    token = secrets.token_urlsafe(32)
    _new(student, token_hash=_hash_of(token), **how)
    return token


def _new(student: Student, **fields: Any) -> StudentSession:
    with school_scope(student.school):
        return StudentSession.objects.create(student=student, school=student.school, seen_at=timezone.now(), **fields)


def _hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@receiver(auth.user_logged_in)
def end_student_session(request: Any, **_signal: Any) -> None:
    """A person of the staff signs in: the student who was signed in on this device is so no longer."""
    if request.session.pop(SESSION_KEY, None) is not None:
        request.session.set_expiry(None)


def end_session(request: Any, *, everywhere: bool = False) -> None:
    """Sign out. The mini program's tokens end too, and with `everywhere` the other browsers."""
    row = _live(pk=request.session.get(SESSION_KEY))
    if row:
        with school_scope(row.student.school):
            of_student = StudentSession.objects.filter(student=row.student)
            (of_student if everywhere else of_student.exclude(~Q(pk=row.pk), token_hash=None)).delete()
    request.session.flush()


def end_all(student: Student) -> None:
    """Sign the student out everywhere, in the scope that is open."""
    StudentSession.objects.filter(student=student).delete()


def end_token(token: str) -> None:
    row = _live(token_hash=_hash_of(token))
    if row:
        with school_scope(row.student.school):
            row.delete()


def session_student(request: Any) -> Student | None:
    """The student who is signed in in this browser, or None."""
    row = session_of(request)
    return row.student if row else None


def session_of(request: Any) -> StudentSession | None:
    """The session of the student who is signed in in this browser, or None."""
    pk = request.session.get(SESSION_KEY)
    return None if pk is None else _used(_live(pk=pk), is_by_itself=is_by_itself(request))


def session_of_token(token: str) -> StudentSession | None:
    return _used(_live(token_hash=_hash_of(token)), is_by_itself=False)


def _live(**named: Any) -> StudentSession | None:
    """The session, unless it is over, the student's row was erased, or the school is inactive."""
    now = timezone.now()
    with across_schools():  # the school is not known before the row is read
        live = StudentSession.objects.filter(
            begun_at__gt=now - dt.timedelta(seconds=settings.STUDENT_SESSION_SECONDS),
            seen_at__gt=now - dt.timedelta(seconds=settings.STUDENT_IDLE_SECONDS),
            student__school__is_active=True,
            **named,
        ).exclude(student__student_no__startswith=Student.ERASED_NUMBER)
        return live.select_related("student__school__area", "student__season").first()


def _used(row: StudentSession | None, *, is_by_itself: bool) -> StudentSession | None:
    if row is None:
        return None
    if not is_by_itself and timezone.now() - row.seen_at > dt.timedelta(seconds=SECONDS_BETWEEN_WRITES):
        with school_scope(row.student.school):
            StudentSession.objects.filter(pk=row.pk).update(seen_at=timezone.now())
    return row


def device_key(student: Student) -> str:
    """A key of this student for what the browser keeps between sessions: 32 bytes in base64.

    It is the same in every session. A page carries only the key of the student who is signed in, so
    that nobody else on the device can read what was kept.
    """
    return base64.b64encode(salted_hmac("students.device_key", str(student.pk), algorithm="sha256").digest()).decode()


def in_archive(view: View) -> View:
    """Below `student_page`: the form is answered after the season has been archived too."""
    view.in_archive = True  # type: ignore[attr-defined]
    return view


def student_page(view: View) -> View:
    """A page of the signed-in student, in the school's scope.

    Sets `student`, `student_session`, `school`, `season`, `enrolment` and `device_key` of the request.
    """

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        row = session_of(request)
        if row is None:
            return _to_sign_in(request)
        request.student_session, student = row, row.student
        request.student, request.school, request.season = student, student.school, student.season
        request.device_key = device_key(student)
        with school_scope(student.school):
            request.enrolment = Enrolment.objects.select_related("season").get(
                school=student.school, season=student.season
            )
            if request.method == "POST" and not getattr(view, "in_archive", False):
                request.season.require(Action.CHANGE)
            response = view(request, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    wrapped.portal = "student"  # type: ignore[attr-defined]
    return wrapped


def _to_sign_in(request: Any) -> HttpResponse:
    sentence = _("Please sign in. For your safety you are signed out when you are away for a while.")
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
