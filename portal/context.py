"""What every page of the portals shows: who I am, where I am, where I can go."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from portal.channels import portal as inbox
from portal.models import Membership
from portal.tenancy import school_scope

# (label, url name, heroicon); each room's pages, in the order of the work.
SCHOOL_NAV = (
    (_("Overview"), "schools:school_home", "home"),
    (_("Roster"), "students:roster", "table-cells"),
    (_("Review"), "capture:review", "photo"),
    (_("Proofreading"), "proofing:proofs", "check-badge"),
    (_("Feedback form"), "proofing:feedback", "document-check"),
    (_("Fees"), "billing:account", "banknotes"),
    (_("Prints"), "printing:prints", "printer"),
    (_("Stations and notice"), "capture:stations", "map-pin"),
    (_("People"), "portal:school_people", "users"),
    (_("Messages"), "portal:messages", "bell"),
    (_("History"), "portal:school_history", "clock"),
)
CENTER_NAV = (
    (_("Dashboard"), "schools:dashboard", "chart-bar-square"),
    (_("Season"), "schools:season", "calendar-days"),
    (_("Schools"), "schools:schools", "building-library"),
    (_("Students"), "students:center_students", "academic-cap"),
    (_("Photos"), "capture:center_photos", "photo"),
    (_("Judging rules"), "capture:photo_rules", "adjustments-horizontal"),
    (_("Fees"), "billing:center_fees", "banknotes"),
    (_("Feedback"), "proofing:center_feedback", "document-check"),
    (_("Print runs"), "printing:center_runs", "printer"),
    (_("Shipments"), "printing:center_shipments", "truck"),
    (_("Year's end"), "year_end:year_end", "trophy"),
    (_("People"), "portal:center_people", "users"),
    (_("History"), "portal:history", "clock"),
)


@dataclass(frozen=True)
class NavItem:
    label: Any
    url: str
    icon: str
    active: bool
    count: int = 0


def portal(request: Any) -> dict[str, Any]:
    """`nav`, `unread`, `membership`, `season` and whether this is the demo. Fragments that show no menu pay for none."""
    membership = getattr(request, "membership", None)
    unread = cache(lambda: _unread(membership))
    return {
        "membership": membership,
        "season": getattr(request, "season", None),
        "unread": unread,
        "nav": cache(lambda: _nav(request, membership, unread)),
        "is_demo": settings.IS_LOCAL,
    }


def _unread(membership: Membership | None) -> int:
    """How many messages wait for a person of a school."""
    if membership is None or membership.school is None:
        return 0
    with school_scope(membership.school):
        return inbox.unread_number(membership.user)


def _nav(request: Any, membership: Membership | None, unread: Callable[[], int]) -> list[NavItem]:
    entries = () if membership is None else CENTER_NAV if membership.is_center else SCHOOL_NAV
    return [_item(request, *entry, unread) for entry in entries]


def _item(request: Any, label: Any, name: str, icon: str, unread: Callable[[], int]) -> NavItem:
    url = reverse(name)
    count = unread() if name == "portal:messages" else 0
    return NavItem(label, url, icon, active=_is_active(request.path, url), count=count)


def _is_active(path: str, url: str) -> bool:
    home = url.count("/") <= 2
    return path == url if home else path.startswith(url)
