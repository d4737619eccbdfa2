"""Who may open which page, and the scope it runs in.

A view of the staff portals is decorated with `school_page`, `center_page` or `staff_page`; a view
for students with `students.identity.student_access.student_page`. The decorator names the action that the
page needs (`portal.permissions`), sets `request.school` and opens the scope around the view. Rooms
above add their own attributes to the request, such as the season, with `prepares_requests` and
`prepares_school_pages`.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.utils import url_str_to_user_pk
from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.views import redirect_to_login
from django.db import DataError, IntegrityError, OperationalError, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import resolve, reverse
from django.utils.translation import gettext_lazy as _

from portal import history, permissions, student_limits
from portal.accounts import password_again, second_factor, visits
from portal.accounts.signed_in import membership_of
from portal.changes.transactions import is_already_there, is_retryable
from portal.database.scope import about_account
from portal.errors import Conflict, InvalidForm, NotAllowed, PortalError
from portal.models import Membership
from portal.security import refusals
from portal.tenancy import center_scope, outside_scopes, school_scope

View = Callable[..., HttpResponse]
log = logging.getLogger(__name__)
# Others, such as TRACE, would reach the views as a kind of GET.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


Prepare = Callable[[Any], None]
Answer = Callable[[Any], HttpResponse | None]
_REQUEST: list[Answer] = []
_SCHOOL_PAGE: list[Prepare] = []
_BEFORE_PAGE: list[Answer] = []


def prepares_requests(function: Answer) -> Answer:
    """Register a function that sets attributes on every request, before its view is resolved.

    Where it returns an answer, such as a redirect, that is the answer to the request.
    """
    _REQUEST.append(function)
    return function


def prepares_school_pages(function: Prepare) -> Prepare:
    """Register a function that sets attributes on the request of a school's page, inside the
    school's scope.
    """
    _SCHOOL_PAGE.append(function)
    return function


def answers_before_pages(function: Answer) -> Answer:
    """Register a function that is called inside the scope of a page of the staff, before its view.

    Where it returns an answer, that is the answer to the request. It may raise Http404.
    """
    _BEFORE_PAGE.append(function)
    return function


class ScopeMiddleware:
    """Every answer begins outside of any scope, whatever its thread did before, and cannot open the system's.

    The parts of a streamed answer are made outside of any scope too. Must be the first middleware.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with outside_scopes(is_answering=True):
            response: Any = self.get_response(request)
        if response.streaming and getattr(response, "file_to_stream", None) is None:
            response.streaming_content = _made_outside(response.streaming_content)
        return response


def _made_outside(parts: Iterable[bytes]) -> Iterator[bytes]:
    made = iter(parts)
    while True:
        with outside_scopes(is_answering=True):
            part = next(made, None)
        if part is None:
            return
        yield part


class PortalMiddleware:
    """Sets `request.membership` and what rooms have registered; turns a PortalError into a response
    with its sentence.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.school = request.enrolment = request.student = request.refused_status = request.read_only = None
        request.wants_to_write = False
        request.second_factor_missing = request.visit = None
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        if _length(request) > settings.REQUEST_MAX_BYTES:
            return refusal_page(request, TooLarge())
        if request.method == "GET" and "X-Upload" in request.headers:
            # files.js followed a redirect and will open that page itself; the messages must stay
            # for that page.
            return HttpResponse(status=204)
        with about_account(_account_of(request)):
            return self._answer(request)

    def _answer(self, request: Any) -> HttpResponse:
        member = request.membership = membership_of(request.user)
        if member and member.is_shut_out:
            return _shut_out(request, member)
        request.visit = visits.of(request)
        return self._show_school(request) if request.visit else self._show(request)

    def _show_school(self, request: Any) -> HttpResponse:
        """The answer during a visit: a look, or a refusal. Signing out and ending it are those of the person."""
        visit: visits.Visit = request.visit
        if request.path_info in _ends_of_visits() or visit.is_over:
            request.visit = None
            return _visit_over(request, visit) if visit.is_over else self._show(request)
        if request.method not in SAFE_METHODS:
            return refusal_page(request, visits.OnlyLooking())
        request.membership, request.read_only = visit.membership, visits.OnlyLooking()
        with visits.looking(visit):
            response = self._show(request)
        if request.wants_to_write:
            response = refusal_page(request, visits.OnlyLooking())
        with center_scope():
            visits.store(request, visit, response)
        return response

    def _show(self, request: Any) -> HttpResponse:
        member = request.membership
        for prepare in _REQUEST:
            if (answer := prepare(request)) is not None:
                return answer
        source = history.source("api" if request.path.startswith("/api/") else "web")
        with source, student_limits.limited_to(member.limit if member else student_limits.NONE):
            response = self.get_response(request)
        refusals.note(request, request.refused_status or response.status_code)
        return method_not_allowed(request, response) if _is_bare_405(request, response) else response

    def process_view(self, request: Any, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        """After the days of grace, nothing opens to who needs a second factor and has none but what sets it up."""
        member = request.visit.person if request.visit else request.membership
        found = request.second_factor_missing = second_factor.missing(request.user, member)
        if found is None or not found.is_overdue or _opens_without_factor(request.resolver_match.view_name):
            return None
        if is_program(request) or request.htmx:
            return refusal_page(request, second_factor.SecondFactorMissing())
        return HttpResponseRedirect(reverse("mfa_index"))

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        if request.visit and visits.wanted_to_write(error):
            transaction.set_rollback(True)  # the refusal is made outside of the transaction, which is broken
            request.wants_to_write = True
            return HttpResponse(status=visits.OnlyLooking.status)
        if isinstance(error, DataError):
            # The request holds a value that no column can store, such as a NUL character or too
            # large a number.
            log.warning("%s %s: %s", request.method, request.path, type(error.__cause__ or error).__name__)
            error = PortalError(
                _("Something was missing or damaged on the way. Go back, reload the page and try once more.")
            )
        if isinstance(error, IntegrityError) and is_already_there(error):  # two browsers at the same moment
            log.warning("%s %s came a second time: %s", request.method, request.path, type(error.__cause__).__name__)
            error = Conflict()
        if isinstance(error, OperationalError) and is_retryable(error):
            log.warning("%s %s was refused by PostgreSQL: %s", request.method, request.path, error)
            error = Conflict()
        if not isinstance(error, PortalError):
            return None
        request.refused_status = error.status  # the answer may be a redirect to the page before
        return refusal_page(request, error)


def _opens_without_factor(name: str) -> bool:
    """Whether the page of a URL name sets a factor up, signs out or changes the language."""
    return name.startswith("mfa_") or name in ("account_reauthenticate", "account_logout", "set_language")


def is_program(request: HttpRequest) -> bool:
    """Whether the answer is read by a program, which wants JSON."""
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")


def _account_of(request: Any) -> int | None:
    """The id of the account that is signed in, or whose password was right and whose second step is still missing."""
    if request.user.is_authenticated:
        return int(request.user.pk)
    started = request.session.get(LOGIN_SESSION_KEY) or {}
    return url_str_to_user_pk(started["user_pk"]) if started.get("user_pk") else None


def _ends_of_visits() -> tuple[str, str]:
    return reverse("portal:visit_end"), reverse("account_logout")


def _visit_over(request: Any, visit: visits.Visit) -> HttpResponse:
    """End a visit whose time is over, and lead back. What was asked for is not done: it was meant for the school."""
    with center_scope():
        visits.end(request, visit)
    error = NotAllowed(_("The time in which you saw the school's portal is over. You see the center's portal again."))
    if is_program(request):
        return refusal_page(request, error)
    messages.warning(request, str(error))
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": visit.school.get_absolute_url()})
    return HttpResponseRedirect(visit.school.get_absolute_url())


def _shut_out(request: Any, member: Membership) -> HttpResponse:
    """End the session of a person whose school is switched off, and say so."""
    auth.logout(request)
    request.membership = None
    error = ShutOut(member)
    if is_program(request):
        return refusal_page(request, error)
    messages.error(request, str(error))
    return redirect_to_login(request.get_full_path())


class ShutOut(NotAllowed):
    """The person's school has been switched off."""

    def __init__(self, member: Membership) -> None:
        school = member.school.name if member.school else ""
        super().__init__(_("%(school)s has been switched off. Its people cannot sign in.") % {"school": school})


def _is_bare_405(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a browser opened a URL that only takes POST, and Django's answer has no page."""
    return response.status_code == 405 and "text/html" in request.headers.get("Accept", "") and not response.content


def method_not_allowed(request: HttpRequest, refused: HttpResponse) -> HttpResponse:
    """The page that explains a 405, with the Allow header of Django's answer."""
    response = render(request, "errors/405.html", status=405)
    response["Allow"] = refused["Allow"]
    return response


class TooLarge(PortalError):
    """The request is longer than allowed.

    Checked before the body is read, because Django writes uploads to the disk.
    """

    status = 413

    def __init__(self) -> None:
        super().__init__(_("The file is too large: at most %(mb)d MB.") % {"mb": settings.REQUEST_MAX_BYTES // 2**20})


def _length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isdecimal() else 0


def _other_fields(request: Any, form: Any) -> list[tuple[str, str]]:
    """(name, value) of posted data that is not a field of the form, such as the rows that were
    ticked in a list.
    """
    own = {"csrfmiddlewaretoken", *(form.add_prefix(name) for name in form.fields)}
    return [(name, value) for name, values in request.POST.lists() if name not in own for value in values]


def refusal_page(request: Any, error: PortalError) -> HttpResponse:
    """The response to a PortalError that no view caught.

    JSON for programs, a toast for htmx, the form with its errors for InvalidForm, the page before
    with a message for other forms, and else an error page.
    """
    if is_program(request):
        return JsonResponse({"error": str(error)}, status=error.status, headers=error.headers)
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

    `may`: the action that opens it. `to_post`: the action that its form asks for, where that is
    another one.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            member = request.membership
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if member is None or member.school is None:
                raise Http404
            action = _check(request, may, to_post)
            request.school = member.school
            with school_scope(request.school):
                for prepare in _SCHOOL_PAGE:
                    prepare(request)
                return _answer_before(request, action) or view(request, *args, **kwargs)

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
            action = _check(request, may, to_post)
            with center_scope():
                return _answer_before(request, action) or view(request, *args, **kwargs)

        return _describe_access(wrapped, "center", may, to_post)

    return decorate


def staff_page(*, may: str, to_post: str = "") -> Callable[[View], View]:
    """A page of both portals. The center sees every school on it, a school only itself."""

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
    """Whether a person's role may open the page of a URL name.

    For menus and panels; the page has its own check.
    """
    if name not in _ACTIONS:
        _ACTIONS[name] = resolve(reverse(name, args=args)).func.may  # type: ignore[attr-defined]
    return permissions.may(member, _ACTIONS[name])


_ACTIONS: dict[str, str] = {}  # URL name -> the action of its page


def _check(request: Any, may: str, to_post: str) -> permissions.Action:
    """The action that is asked for. Raises NotAllowed, or the refusal of a page that can only be read."""
    is_read = request.method in SAFE_METHODS
    name = may if is_read or not to_post else to_post
    permissions.check(request.membership, name)
    action = permissions.action(name)
    if not is_read and request.read_only and not action.in_archive:
        raise request.read_only
    return action


def _answer_before(request: Any, action: permissions.Action) -> HttpResponse | None:
    """What is answered instead of the page: what rooms have registered, or the page that asks for the password."""
    for answer in _BEFORE_PAGE:
        if (found := answer(request)) is not None:
            return found
    return password_again.ask(request, action) if action.asks_password else None


def _describe_access(view: View, portal: str, may: str, to_post: str) -> View:
    """Set `portal`, `may` and `to_post` on the view, for menus and tests.

    Raises LookupError for an unregistered action.
    """
    for name in filter(None, (may, to_post)):
        permissions.action(name)
    view.portal, view.may, view.to_post = portal, may, to_post  # type: ignore[attr-defined]
    return view
