"""Tags for pages that lead to other seasons than their own."""

from typing import Any

from django import template
from django.urls import reverse

from schools import season_addresses

register = template.Library()
# {% season_url YEAR NAME %}: the address of a page in the season of this year
register.simple_tag(season_addresses.reverse_in, name="season_url")


@register.inclusion_tag("schools/_season_switch.html", takes_context=True)
def season_switch(context: Any) -> dict[str, Any]:
    """The seasons that are shown to the person, each with the address of this page in it.

    A page about one object leads to the first page of the other season: the object is in this one only.
    """
    request = context.get("request")
    season, shown = getattr(request, "season", None), getattr(request, "seasons", [])
    if season is None or request.membership is None:
        return {}
    links = [(row, _address(request, row.year), row.year == season.year) for row in shown]
    return {"season": season, "links": links, "has_choice": len([row for row in shown if row != season]) > 0}


def _address(request: Any, year: int) -> str:
    match = request.resolver_match
    if match and not match.kwargs and season_addresses.is_of_season(request.path):
        return season_addresses.in_year(request.path, year)
    home = "schools:dashboard" if request.membership.is_center else "schools:school_home"
    return season_addresses.in_year(reverse(home), year)
