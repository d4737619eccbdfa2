"""The page of unusual looks at students' data."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.access import center_page, school_page
from portal.models import Membership
from portal.privacy import unusual_looks


@require_GET
@center_page(may="looks.see")
def center_looks(request: Any) -> HttpResponse:
    return _page(request, None)


@require_GET
@school_page(may="looks.see")
def school_looks(request: Any) -> HttpResponse:
    return _page(request, request.school)


def _page(request: Any, school: Any | None) -> HttpResponse:
    days = unusual_looks.find_unusual(school=school)
    keys = [int(day.actor_key.partition(":")[2]) for day in days]
    members = Membership.objects.filter(user__in=keys).select_related("school")
    context = {
        "days": days,
        "members": {f"user:{member.user_id}": member for member in members},
        "period": unusual_looks.DAYS,
        "many": settings.LOOKS_MANY,
        "times": unusual_looks.MANY_TIMES,
    }
    return render(request, "portal/looks.html", context)
