"""Who may open which page, and the scope it runs in.

`school_page` and `center_page` are the only two ways into the staff portals; the student's is `students.student_access`.
Each names the action that it asks for (`portal.permissions`), sets `request.school` and opens the scope around the view. What else a request carries (its season, the
school's part in it), the rooms above put there: `prepares_requests`, `prepares_school_pages`.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy as _

from portal import history, permissions
from portal.errors import InvalidForm, PortalError
from portal.models import Membership
from portal.tenancy import center_scope, school_scope

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)


Prepare = Callable[[Any], None]
_REQUEST: list[Prepare] = []
_SCHOOL_PAGE: list[Prepare] = []


def prepares_requests(function: Prepare) -> Prepare:
    """Register what every request is given before its view is looked up."""
    _REQUEST.append(function)
    return function


def prepares_school_pages(function: Prepare) -> Prepare:
    """Register what a page of a school is given, inside the school's scope."""
    _SCHOOL_PAGE.append(function)
    return function


class PortalMiddleware:
    """Puts the season and the person's membership on the request, and answers a PortalError with its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.school = request.enrolment = request.student = None
        if _length(request) > settings.REQUEST_MAX_BYTES:
            return refusal_page(request, TooLarge())
        if request.method == "GET" and "X-Upload" in request.headers:
            return HttpResponse(
                status=204
            )  # files.js was redirected: it opens the address, the words are for that page
        request.membership = membership_of(request.user)
        for prepare in _REQUEST:
            prepare(request)
        with history.source("api" if request.path.startswith("/api/") else "web"):
            response = self.get_response(request)
        return method_not_allowed(request, response) if _is_bare_405(request, response) else response

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        if isinstance(error, DataError):  # a NUL, a number beyond any id: what no column can hold came with the request
            log.warning("%s %s: %s", request.method, request.path, type(error.__cause__ or error).__name__)
            error = PortalError(
                _("Something was missing or damaged on the way. Go back, reload the page and try once more.")
            )
        return refusal_page(request, error) if isinstance(error, PortalError) else None


def _is_bare_405(request: HttpRequest, response: HttpResponse) -> bool:
    """A browser that opened the address of a button: Django answers with nothing to look at."""
    return response.status_code == 405 and "text/html" in request.headers.get("Accept", "") and not response.content


def method_not_allowed(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """The page in the place of that nothing."""
    response = render(request, "errors/405.html", status=405)
    response["Allow"] = refused["Allow"]
    return response


class TooLarge(PortalError):
    """Known before anything is read: a form with files is otherwise written to the disk, however long it is."""

    status = 413

    def __init__(self) -> None:
        super().__init__(_("The file is too large: at most %(mb)d MB.") % {"mb": settings.REQUEST_MAX_BYTES // 2**20})


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


def membership_of(user: Any) -> Membership | None:
    if not user.is_authenticated:
        return None
    return Membership.objects.select_related("school__area", "user").filter(user=user).first()


def _other_fields(request: Any, form: Any) -> list[tuple[str, str]]:
    """What was sent beside the fields of the form: such as the rows that were ticked before a dialog asked for a reason."""
    own = {"csrfmiddlewaretoken", *(form.add_prefix(name) for name in form.fields)}
    return [(name, value) for name, values in request.POST.lists() if name not in own for value in values]


def refusal_page(request: Any, error: PortalError) -> HttpResponse:
    """A refusal that no view caught: a toast for htmx, back to the page for a form, else a page of its own."""
    if request.headers.get("Accept", "").startswith("application/json"):
        from django.http import JsonResponse

        return JsonResponse({"error": str(error)}, status=error.status)
    if request.htmx:
        response = render(request, "ui/toast.html", {"sentence": error}, status=error.status)
        response["HX-Retarget"], response["HX-Reswap"] = "#toasts", "beforeend"
        return response
    back = request.headers.get("Referer", "")
    is_ours = back.startswith(f"{request.scheme}://{request.get_host()}/")
    if isinstance(error, InvalidForm):
        context = {"form": error.form, "rest": _other_fields(request, error.form), "back": back if is_ours else ""}
        return render(request, "errors/form.html", context, status=422)
    if request.method == "POST" and is_ours:
        messages.error(request, str(error))
        return HttpResponseRedirect(back)
    return render(request, "errors/refusal.html", {"sentence": error}, status=error.status)


def school_page(*, may: str, to_post: str = "") -> Callable[[View], View]:
    """A page of the person's own school.

    `may`: the action that opens it. `to_post`: the action that its form asks for, where that is another one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            member = request.membership
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if member is None or member.school is None:
                raise Http404
            _check(request, may, to_post)
            request.school = member.school
            with school_scope(request.school):
                for prepare in _SCHOOL_PAGE:
                    prepare(request)
                return view(request, *args, **kwargs)

        return _describe_access(wrapped, "school", may, to_post)

    return decorate


def center_page(*, may: str, to_post: str = "") -> Callable[[View], View]:
    """A page of the center: sees every school. `may` and `to_post` as for `school_page`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            member = request.membership
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if member is None or not member.is_center:
                raise Http404
            _check(request, may, to_post)
            with center_scope():
                return view(request, *args, **kwargs)

        return _describe_access(wrapped, "center", may, to_post)

    return decorate


def staff_page(*, may: str, to_post: str = "") -> Callable[[View], View]:
    """A page that both portals have: the center sees every school there, a school itself."""

    def decorate(view: View) -> View:
        center = center_page(may=may, to_post=to_post)(view)
        school = school_page(may=may, to_post=to_post)(view)

        @wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            member = request.membership
            return (center if member and member.is_center else school)(request, *args, **kwargs)

        return _describe_access(wrapped, "staff", may, to_post)

    return decorate


def may_open(member: Membership | None, name: str, *args: object) -> bool:
    """Whether a person's role may open the page behind a URL name. For menus and panels; the page checks by itself."""
    if name not in _ACTIONS:
        _ACTIONS[name] = resolve(reverse(name, args=args)).func.may  # type: ignore[attr-defined]
    return permissions.may(member, _ACTIONS[name])


_ACTIONS: dict[str, str] = {}  # URL name -> the action of its page


def _check(request: Any, may: str, to_post: str) -> None:
    is_read = request.method in ("GET", "HEAD", "OPTIONS")
    permissions.check(request.membership, may if is_read or not to_post else to_post)


def _describe_access(view: View, portal: str, may: str, to_post: str) -> View:
    """Says on the view who gets in, for menus and tests. LookupError at the start for an action nobody registered."""
    for name in filter(None, (may, to_post)):
        permissions.action(name)
    view.portal, view.may, view.to_post = portal, may, to_post  # type: ignore[attr-defined]
    return view
