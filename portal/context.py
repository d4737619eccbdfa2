"""What every page of the portals shows: who I am, where I am, where I can go."""

from functools import cache
from typing import Any

from django.conf import settings

from portal import navigation
from portal.channels import inbox
from portal.tenancy import school_scope


def portal(request: Any) -> dict[str, Any]:
    """`nav`, `unread`, `membership`, `season` and whether this is the demo. Fragments that show no menu pay for none."""
    return {
        "membership": getattr(request, "membership", None),
        "season": getattr(request, "season", None),
        "unread": cache(lambda: count_unread(request)),
        "nav": cache(lambda: navigation.shown(request)),
        "is_demo": settings.IS_LOCAL,
    }


def count_unread(request: Any) -> int:
    """How many messages wait for a person of a school; counted once a request."""
    membership = getattr(request, "membership", None)
    if membership is None or membership.school is None:
        return 0
    if not hasattr(request, "_unread"):
        with school_scope(membership.school):
            request._unread = inbox.count_unread(membership.user)
    found: int = request._unread
    return found
