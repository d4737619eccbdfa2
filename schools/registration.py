"""What this room adds to the portal: request attributes, badges, navigation, panels."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext_lazy as _

from portal import access
from portal.accounts import people
from portal.models import Membership
from portal.pages import navigation, status_badges
from portal.pages.status_badges import Badge
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
