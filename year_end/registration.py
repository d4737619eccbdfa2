"""What this room adds to the portal: badges, navigation, panels, jobs."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.pages import navigation, panels
from portal.pages.panels import PageLink
from schools.seasons import season_objects
from year_end import ranking, scoring
from year_end.commended_schools import published_bulletin
from year_end.models import Award

__all__ = ["ranking", "scoring"]  # their job and what a new season takes over are registered when they are imported
season_objects.register({"center/year-end/awards/": (Award, "season")})


def has_bulletin(request: Any) -> bool:
    return published_bulletin(request.season) is not None


def has_rules(request: Any) -> bool:
    return request.season is not None and scoring.is_fixed(request.season)


panels.add_link(
    "printing:prints", PageLink("year_end:ranking_rules", _("What schools are ranked by"), "trophy", has_rules)
)
panels.add_link("printing:prints", PageLink("year_end:bulletin", _("Bulletin"), "megaphone", has_bulletin))
navigation.register("center", "year_end:year_end", _("Year's end"), "trophy", order=110)
panels.add_panel("school.notice", "year_end:panel_commended", page="year_end:bulletin", label=_("Bulletin"))
