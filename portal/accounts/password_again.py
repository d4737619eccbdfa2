"""Pages that ask for the person's password again: those of an action that `asks_password` (portal.permissions).

Whoever sits down at an open session cannot use them. An answer holds for
ACCOUNT_REAUTHENTICATION_TIMEOUT seconds; signing in is none. The page decorators of portal.access ask.
"""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.account.internal.flows import reauthentication
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode

from portal.permissions import Action

PREFIX = "again"  # of the fields of the password form, beside those of the form that came too late


def ask(request: Any, action: Action) -> HttpResponse | None:
    """The answer that asks for the password, or None when it was given lately, or with this form.

    A form that comes too late stands in the page that asks, and is sent with the password: nothing
    that was typed is lost, but for files. A page, and a button that htmx sends, is opened again by
    the person, after the password page (which takes a code of the second factor too).
    """
    if reauthentication.did_recently_reauthenticate(request):
        return None
    if request.method != "POST":
        raise ReauthenticationRequired
    if request.htmx:
        here = urlencode({"next": request.htmx.current_url_abs_path or "/"})
        return HttpResponse(status=204, headers={"HX-Redirect": f"{reverse('account_reauthenticate')}?{here}"})
    rest, own = _apart(request.POST)
    form = ReauthenticateForm(own or None, user=request.user, prefix=PREFIX)
    if form.is_valid():
        reauthentication.reauthenticate_by_password(request)
        request.POST = rest
        return None
    back = request.headers.get("Referer", "")
    is_ours = back.startswith(f"{request.scheme}://{request.get_host()}/") and not own
    context = {"form": form, "asked": action, "back": back if is_ours else ""}
    context["rest"] = [(name, value) for name, values in rest.lists() for value in values]
    return render(request, "portal/password_again.html", context)


def _apart(posted: QueryDict) -> tuple[QueryDict, QueryDict]:
    """The fields of the form that came too late, and those of the password form."""
    rest, own = posted.copy(), QueryDict(mutable=True)
    for name in [name for name in rest if name.startswith(f"{PREFIX}-")]:
        own.setlist(name, rest.pop(name))
    rest.pop("csrfmiddlewaretoken", None)
    return rest, own
