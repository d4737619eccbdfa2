"""Pages that ask for the person's password again, or for a code of the second factor.

Whoever sits down at an open session cannot use them. An answer holds for
ACCOUNT_REAUTHENTICATION_TIMEOUT seconds; signing in is none.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpResponse, HttpResponseRedirect

View = Callable[..., HttpResponse]


def password_again(view: View) -> View:
    """A page that opens only after the password was given again. It stands below the page decorator:

        @school_page(may="portraits.download_by_number")
        @password_again
        def archive_by_number(request): ...

    A form that comes too late is not sent by itself after the password: the person sees its page first.
    """
    guarded = reauthentication_required(view)

    @wraps(view)
    def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return guarded(request, *args, **kwargs)
        except ReauthenticationRequired:
            if request.method == "GET":
                raise
            return HttpResponseRedirect(request.get_full_path())

    return wrapped
