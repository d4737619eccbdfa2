"""What every page of the portals shows: who I am, where I am, where I can go."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _

# (label, url name, heroicon); each room's pages, in the order of the work.
SCHOOL_NAV = (
    (_("Overview"), "schools:school_home", "home"),
    (_("Roster"), "students:roster", "table-cells"),
    (_("Review"), "capture:review", "photo"),
    (_("Proofreading"), "printing:proofs", "check-badge"),
    (_("Feedback form"), "printing:feedback", "document-check"),
    (_("Fees"), "billing:account", "banknotes"),
    (_("Prints"), "printing:prints", "printer"),
    (_("Stations and notice"), "capture:stations", "map-pin"),
    (_("People"), "schools:school_people", "users"),
    (_("Messages"), "schools:messages", "bell"),
)
CENTER_NAV = (
    (_("Dashboard"), "schools:dashboard", "chart-bar-square"),
    (_("Season"), "schools:season", "calendar-days"),
    (_("Schools"), "schools:schools", "building-library"),
    (_("People"), "schools:center_people", "users"),
    (_("Photos"), "capture:center_photos", "photo"),
    (_("Fees"), "billing:center_fees", "banknotes"),
    (_("Feedback"), "printing:center_feedback", "document-check"),
    (_("Print runs"), "printing:center_runs", "printer"),
    (_("Shipments"), "printing:center_shipments", "truck"),
    (_("Year's end"), "printing:year_end", "trophy"),
    (_("History"), "schools:history", "clock"),
)


@dataclass(frozen=True)
class NavItem:
    label: Any
    url: str
    icon: str
    active: bool


def portal(request: Any) -> dict[str, Any]:
    """`nav`, `membership`, `season` and whether this is the demo."""
    membership = getattr(request, "membership", None)
    entries = () if membership is None else CENTER_NAV if membership.is_center else SCHOOL_NAV
    return {
        "membership": membership,
        "season": getattr(request, "season", None),
        "nav": [item for item in (_item(request, *entry) for entry in entries) if item],
        "is_demo": settings.DEBUG,
    }


def _item(request: Any, label: Any, name: str, icon: str) -> NavItem | None:
    try:
        url = reverse(name)
    except NoReverseMatch:
        return None
    return NavItem(label, url, icon, active=_is_active(request.path, url))


def _is_active(path: str, url: str) -> bool:
    home = url.count("/") <= 2
    return path == url if home else path.startswith(url)
