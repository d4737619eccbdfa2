"""What the year's end adds to the pages of other rooms."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal import event_kinds, navigation, panels, permissions
from portal.models import Role
from portal.panels import PageLink
from portal.permissions import CENTER, SCHOOL
from year_end.commended_schools import published_bulletin


def has_bulletin(request: Any) -> bool:
    return published_bulletin(request.season) is not None


panels.add_link("printing:prints", PageLink("year_end:bulletin", _("Bulletin"), "megaphone", has_bulletin))

permissions.register("ranking.see", _("See and export the ranking"), roles=CENTER)
permissions.register("ranking.decide", _("Rank the schools and decide awards"), roles={Role.CENTER_ADMIN})
permissions.register("bulletin.publish", _("Write and publish the bulletin"), roles={Role.CENTER_ADMIN})
permissions.register("bulletin.read", _("Read the bulletin"), roles=SCHOOL)

event_kinds.register(
    "season",
    {
        "season.ranked": _("Schools ranked"),
    },
)
event_kinds.register(
    "print",
    {
        "award.decided": _("Decision about a school at the year's end"),
        "bulletin.saved": _("Draft of the bulletin saved"),
        "bulletin.published": _("Bulletin published"),
    },
)

navigation.register("center", "year_end:year_end", _("Year's end"), "trophy", order=110)
panels.add_panel("school.notice", "year_end:panel_commended", page="printing:prints", label=_("Prints"))
