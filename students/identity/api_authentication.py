"""Authentication for the student's API: a mini program sends a signed token, a browser the
student's session.

A token is random, and its hash is stored: it ends as a session does (students.identity.student_access).
"""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from redis.exceptions import RedisError
from rest_framework import exceptions
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.permissions import BasePermission
from rest_framework.throttling import SimpleRateThrottle

from students.identity.student_access import session_of, session_of_token
from students.models import Student, StudentSession

KEYWORD = "Student"


def sent_token(request: Any) -> str:
    """The token of the call, or ""."""
    word, _space, token = get_authorization_header(request).decode("latin-1").partition(" ")
    return token.strip() if word == KEYWORD else ""


class StudentAuthentication(BaseAuthentication):
    """`Authorization: Student <token>`, else the student's session with Django's CSRF check. `request.auth`: the row."""

    def authenticate(self, request: Any) -> tuple[Student, StudentSession] | None:
        if token := sent_token(request):
            row = session_of_token(token)
            if row is None:
                raise exceptions.AuthenticationFailed(_("Please sign in again."))
            return row.student, row
        row = session_of(request._request)
        if row is None:
            return None
        SessionAuthentication().enforce_csrf(request)
        return row.student, row

    def authenticate_header(self, request: Any) -> str:
        return KEYWORD


class IsStudent(BasePermission):
    def has_permission(self, request: Any, view: Any) -> bool:
        return isinstance(request.user, Student)


class StudentThrottle(SimpleRateThrottle):
    """Counts calls by student; while Redis is down nobody is refused. Nothing is counted by address before the
    sign-in: a campus may have one, and attempts to sign in have their own pace (portal.security.attempts).
    """

    scope = "student"
    rate = "240/min"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        if not isinstance(request.user, Student):
            return None
        return self.cache_format % {"scope": self.scope, "ident": f"s{request.user.pk}"}

    def allow_request(self, request: Any, view: Any) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError:
            return True


class StudentScheme(OpenApiAuthenticationExtension):
    target_class = StudentAuthentication
    name = "studentToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "header", "name": "Authorization", "description": f"{KEYWORD} <token>"}
