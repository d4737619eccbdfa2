"""The template context of every page: person, season, menu and number of unread messages."""

from functools import cache
from typing import Any

from django.conf import settings

from portal.notifications.channels import inbox
from portal.pages import navigation
from portal.tenancy import across_schools, school_scope


def portal(request: Any) -> dict[str, Any]:
    """`nav`, `unread`, `membership`, `season`, `is_demo`.

    The menu and the number are computed when a template calls them.
    """
    return {
        "membership": getattr(request, "membership", None),
        "season": getattr(request, "season", None),
        "unread": cache(lambda: count_unread(request)),
        "nav": cache(lambda: navigation.shown(request)),
        "is_demo": settings.IS_LOCAL,
    }


def count_unread(request: Any) -> int:
    """The number of unread messages of a person of the staff. Counted once in a request."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return 0
    if not hasattr(request, "_unread"):
        # The menu stands on pages that open no scope, too.
        with school_scope(membership.school) if membership.school else across_schools():
            request._unread = inbox.count_unread(membership.user)
    found: int = request._unread
    return found
