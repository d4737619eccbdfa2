"""The end of a staff session: some time after the last page, and some time after signing in whatever happens."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.dispatch import receiver
from django.http import HttpResponse

from portal.accounts import open_sessions

SIGNED_IN, SEEN = "signed_in_at", "seen_at"  # keys of the session; seconds since 1970
SECONDS_BETWEEN_WRITES = 60


@receiver(auth.user_logged_in)
def note_sign_in(request: Any, **_signal: Any) -> None:
    request.session[SIGNED_IN] = request.session[SEEN] = int(time.time())


class EndOfSessions:
    """Signs people out SESSION_IDLE_SECONDS after their last page and SESSION_COOKIE_AGE after they signed in."""

    def __init__(self, get_response: Callable[[Any], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if request.user.is_authenticated:
            _end_or_go_on(request)
        before = request.session.session_key
        response = self.get_response(request)
        if open_sessions.SIGN_IN in request.session and request.session.session_key != before:  # by a new password
            open_sessions.used(request)
        return response


def _end_or_go_on(request: Any) -> None:
    session, now = request.session, int(time.time())
    seen = session.get(SEEN, 0)
    if now - session.get(SIGNED_IN, 0) > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
        auth.logout(request)
    elif now - seen > SECONDS_BETWEEN_WRITES and not is_by_itself(request):
        session[SEEN] = now
        if not open_sessions.used(request):
            auth.logout(request)


def is_by_itself(request: Any) -> bool:
    """Whether an open page asks by itself, such as a panel: nobody need be there."""
    return request.method == "GET" and "HX-Request" in request.headers
