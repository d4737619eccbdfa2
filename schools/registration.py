"""What this room registers in the portal: request attributes, permissions, events, navigation."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from portal import access, event_kinds, navigation, people, permissions, status_badges
from portal.models import Membership, Role
from portal.permissions import CENTER, EVERYBODY
from portal.status_badges import Badge
from schools.models import Enrolment, School, Season


@access.prepares_requests
def attach_season(request: Any) -> None:
    request.season = Season.objects.current()


@access.prepares_school_pages
def attach_enrolment(request: Any) -> None:
    """Set request.enrolment; None when the school does not take part in the season."""
    rows = Enrolment.objects.select_related("season")
    request.enrolment = rows.filter(season=request.season, school=request.school).first()


@receiver(people.contact_changed)
def copy_contact(member: Membership, **_signal: Any) -> None:
    """Copy name and phone of the school's contact person to the school."""
    user = member.user
    if member.school_id:
        School.objects.filter(pk=member.school_id).update(contact_name=user.actor_name[:40], contact_phone=user.phone)


permissions.register("overview.see", _("See the overview"), roles=EVERYBODY)
permissions.register("season.see", _("See the seasons and their days"), roles=CENTER)
permissions.register("season.manage", _("Make, change, open and close a season"), roles={Role.CENTER_ADMIN})
permissions.register("season.except_school", _("Grant a school other days"), roles=CENTER)
permissions.register("schools.see", _("See the schools"), roles=CENTER)
permissions.register("schools.manage", _("Add, change and enrol schools"), roles=CENTER)
permissions.register("schools.withdraw", _("Take a school out of the season"), roles={Role.CENTER_ADMIN})

event_kinds.register_subject("season", _("Season and days"), order=10)
event_kinds.register_subject("school", _("Schools"), order=20)
event_kinds.register(
    "season",
    {
        "season.created": _("Season made"),
        "season.changed": _("Terms of the season changed"),
        "season.timetable": _("Days of the areas changed"),
        "season.open": _("Season opened"),
        "season.closed": _("Season closed"),
        "area.created": _("Area added"),
        "area.changed": _("Area changed"),
        "area.removed": _("Area removed"),
        "exception.granted": _("Exception granted"),
        "exception.changed": _("Exception changed"),
        "exception.withdrawn": _("Exception withdrawn"),
    },
)
event_kinds.register(
    "school",
    {
        "school.added": _("School added to the register"),
        "school.changed": _("Entry of the school changed"),
        "enrolment.created": _("School takes part in the season"),
        "enrolment.withdrawn": _("School taken out of the season"),
        "enrolment.changed": _("Settings of the school changed"),
    },
)
event_kinds.register_states(Season, _("Season"), subject="season")
event_kinds.register_states(Enrolment, _("School in the season"), subject="school")
event_kinds.register_facts(
    {
        "days": _("Days"),
        "hours": _("Hours"),
        "code": _("Code"),
    }
)

status_badges.register(
    Season,
    {
        Season.Status.DRAFT: Badge("", "pencil"),
        Season.Status.OPEN: Badge("ok", "lock-open"),
        Season.Status.CLOSED: Badge("", "lock-closed"),
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
navigation.register("center", "schools:schools", _("Schools"), "building-library", order=30)
