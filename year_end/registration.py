"""What the year's end adds to the pages of other rooms."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from portal.panels import PageLink, add_link
from year_end.commended_schools import published_bulletin


def has_bulletin(request: Any) -> bool:
    return published_bulletin(request.season) is not None


add_link("printing:prints", PageLink("year_end:bulletin", _("Bulletin"), "megaphone", has_bulletin))
