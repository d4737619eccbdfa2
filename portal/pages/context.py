"""The template context of every page: person, season and menu."""

from functools import cache
from typing import Any

from django.conf import settings

from portal.pages import navigation


def portal(request: Any) -> dict[str, Any]:
    """`nav`, `membership`, `season`, `is_demo`. The menu is computed when a template calls it."""
    return {
        "membership": getattr(request, "membership", None),
        "season": getattr(request, "season", None),
        "nav": cache(lambda: navigation.shown(request)),
        "is_demo": settings.IS_LOCAL,
    }
