"""What this room adds to the portal: request attributes, badges, navigation, panels."""

from typing import Any

from django.db.models import QuerySet
from django.dispatch import receiver
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.urls import set_urlconf
from django.utils.translation import gettext_lazy as _

from portal import access, notifications
from portal.accounts import people
from portal.models import Membership
from portal.pages import navigation, panels, status_badges
from portal.pages.status_badges import Badge
from schools import (
    group_messages,  # noqa: F401  registers a kind of job
    season_addresses,
)
from schools.models import (
    Action,
    DaysRequest,
    Enrolment,
    GroupDays,
    Inquiry,
    Notice,
    School,
    Season,
    Window,
    WindowException,
)
from schools.notices import reading
from schools.seasons import season_choice, season_objects


@access.prepares_requests
def attach_season(request: Any) -> HttpResponse | None:
    """Set request.season, request.seasons (those shown to the person), request.enrolments (of the person's school) and
    the addresses of the season.

    The season of the address; 404 for one that is not there or not shown to the person. Without a year the
    person's own, and a page that is opened in a browser then moves to the address with the year.
    """
    member, year = request.membership, season_addresses.year_in(request.path_info)
    own = request.enrolments = season_choice.enrolments_of(member)
    every = season_choice.known(own, year)
    shown = request.seasons = season_choice.shown_to(member, every, own)
    if year is None:
        request.season = season_choice.meant_by(request, shown)
    else:
        request.season = _named_season(request, every, year)
        if member and request.season:
            season_choice.remember(request, request.season, shown)
    if request.season is None or not (member or year):
        return None
    if season_addresses.is_of_season(request.path_info) and not request.season.allows(Action.CHANGE):
        request.read_only = request.season.state_refusal()
    request.urlconf = season_addresses.urls_of(request.season.year)
    set_urlconf(request.urlconf)
    return _to_its_year(request) if year is None else None


def _named_season(request: Any, seasons: list[Season], year: int) -> Season | None:
    if not seasons:  # before the first one no address has a year, and the pages say so
        return None
    row = next((row for row in seasons if row.year == year), None)
    is_hidden = row and row.status == Season.Status.DRAFT and request.user.is_authenticated
    if row is None or (is_hidden and row not in request.seasons):
        raise Http404
    return row


def _to_its_year(request: Any) -> HttpResponse | None:
    is_page = request.method == "GET" and "text/html" in request.headers.get("Accept", "") and not request.htmx
    if not is_page or not season_addresses.is_of_season(request.path):
        return None
    return HttpResponseRedirect(season_addresses.in_year(request.get_full_path(), request.season.year))


@access.answers_before_pages
def keep_objects_in_their_season(request: Any) -> HttpResponse | None:
    """An object under the year of another season: its page moves to its own year, nothing is done with it."""
    match = request.resolver_match
    year = season_objects.year_of(match.route, match.kwargs)
    if year is None or request.season is None or year == request.season.year:
        return None
    if request.method not in ("GET", "HEAD") or all(row.year != year for row in request.seasons):
        raise Http404
    return HttpResponseRedirect(season_addresses.in_year(request.get_full_path(), year))


@access.prepares_school_pages
def attach_enrolment(request: Any) -> None:
    """Set request.enrolment; None when the school does not take part in the season."""
    request.enrolment = next((row for row in request.enrolments if row.season == request.season), None)


@notifications.links_to_seasons
def link_in_season(link: str, season: Season) -> str:
    return season_addresses.in_year(link, season.year)


@receiver(people.contact_changed)
def copy_contact(member: Membership, **_signal: Any) -> None:
    """Copy name and phone of the school's contact person to the school."""
    user = member.user
    if member.school_id:
        School.objects.filter(pk=member.school_id).update(contact_name=user.actor_name[:40], contact_phone=user.phone)


def unread_notices(request: Any) -> QuerySet[Notice]:
    """The notices that a person of a school has not read in their newest version."""
    shown = reading.visible(request.membership.school, request.season)
    return reading.unread(shown, request.user)


season_objects.register(
    {
        "center/exceptions/": (WindowException, "season"),
        "center/season/make-up/": (Window, "season"),
        "center/season/requests/": (DaysRequest, "season"),
        "school/schedule/requests/": (DaysRequest, "season"),
        "school/schedule/classes/": (GroupDays, "season"),
        "center/notices/": (Notice, "season"),
        "school/notices/": (Notice, "season"),
        "center/inquiries/": (Inquiry, "season"),
        "school/inquiries/": (Inquiry, "season"),
        "center/fees/": (Enrolment, "season"),
        "center/enrolments/": (Enrolment, "season"),
    }
)


def days_requests(request: Any) -> QuerySet[DaysRequest]:
    """The requests of schools for other days that wait for the center."""
    return DaysRequest.objects.filter(season=request.season, status=DaysRequest.Status.ASKED)


status_badges.register(
    Season,
    {
        Season.Status.DRAFT: Badge("", "pencil"),
        Season.Status.OPEN: Badge("ok", "lock-open"),
        Season.Status.CLOSED: Badge("look", "lock-closed"),
        Season.Status.ARCHIVED: Badge("", "archive-box"),
    },
)
status_badges.register(
    Notice,
    {
        Notice.Status.DRAFT: Badge("", "pencil"),
        Notice.Status.PUBLISHED: Badge("ok", "megaphone"),
        Notice.Status.WITHDRAWN: Badge("", "no-symbol"),
    },
)
status_badges.register(
    Inquiry,
    {
        Inquiry.Status.OPEN: Badge("look", "clock"),
        Inquiry.Status.ANSWERED: Badge("ok", "chat-bubble-left-right"),
        Inquiry.Status.CLOSED: Badge("", "check"),
    },
)
status_badges.register(
    DaysRequest,
    {
        DaysRequest.Status.ASKED: Badge("look", "clock"),
        DaysRequest.Status.GRANTED: Badge("ok", "check"),
        DaysRequest.Status.REFUSED: Badge("", "no-symbol"),
        DaysRequest.Status.WITHDRAWN: Badge("", "arrow-uturn-left"),
    },
)
status_badges.register(
    Enrolment,
    {
        Enrolment.Status.PREPARING: Badge("", "clipboard-document-list"),
        Enrolment.Status.CAPTURING: Badge("sky", "camera"),
        Enrolment.Status.PROOFREADING: Badge("sky", "document-magnifying-glass"),
        Enrolment.Status.FEEDBACK_SENT: Badge("look", "inbox-arrow-down"),
        Enrolment.Status.FEEDBACK_ACCEPTED: Badge("ok", "document-check"),
        Enrolment.Status.PRINTING: Badge("sky", "printer"),
        Enrolment.Status.SHIPPED: Badge("sky", "truck"),
        Enrolment.Status.RECEIVED: Badge("ok", "check-badge"),
    },
)

navigation.register("school", "schools:school_home", _("Overview"), "home", order=10)
navigation.register("center", "schools:dashboard", _("Dashboard"), "chart-bar-square", order=10)
navigation.register("center", "schools:season", _("Season"), "calendar-days", order=20)
navigation.register("school", "schools:school_schedule", _("Schedule"), "calendar-days", order=12)
navigation.register_tab("center.season", "schools:season", _("Season"), order=10)
navigation.register_tab("center.season", "schools:schedule", _("Schedule"), order=20, counted=days_requests)
navigation.register_tab("center.season", "schools:timetable", _("Areas and days"), order=30)
navigation.register("center", "schools:schools", _("Schools"), "building-library", order=30)
navigation.register("center", "schools:center_notices", _("Notices"), "document-text", order=25)
navigation.register(
    "school", "schools:notices", _("Notices of the center"), "document-text", order=15, counted=unread_notices
)
navigation.register(
    "center", "schools:center_inquiries", _("Letters of the schools"), "chat-bubble-left-right", order=32
)
navigation.register("school", "schools:inquiries", _("Letters to the center"), "chat-bubble-left-right", order=105)
panels.add_panel(
    "center.dashboard", "schools:panel_windows", page="schools:season", label=_("Days of this week"), order=35
)
panels.add_panel(
    "center.callouts",
    "schools:center_inquiries",
    page="schools:center_inquiries",
    label=_("Letters of the schools"),
)
