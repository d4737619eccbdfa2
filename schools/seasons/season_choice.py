"""Which seasons a person sees, and which one is meant when an address names none."""

from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from portal.models import Membership
from portal.tenancy import school_scope
from schools.models import Enrolment, Season, Window

REMEMBERED = "season_year"  # in the session
NEAREST = (Season.Status.OPEN, Season.Status.CLOSED, Season.Status.DRAFT)


def enrolments_of(member: Membership | None) -> list[Enrolment]:
    """With their seasons, the newest first, in one statement; none for the center."""
    if member is None or member.school is None:
        return []
    with school_scope(member.school):
        rows = list(Enrolment.objects.filter(school=member.school).select_related("season").order_by("-season__year"))
    for row in rows:
        row.school = member.school
    return rows


def known(enrolments: Sequence[Enrolment], year: int | None) -> list[Season]:
    """The seasons among which that of the address is found: the school's own, or all where those do not do."""
    own = [row.season for row in enrolments]
    does = any(row.status != Season.Status.DRAFT for row in own) and year in (None, *(row.year for row in own))
    return own if does else list(Season.objects.all())


def shown_to(member: Membership | None, seasons: Sequence[Season], enrolments: Sequence[Enrolment]) -> list[Season]:
    """The seasons that matter to a person, the newest first.

    All for the center. A school: those that it takes part in; where there is none, those that are no draft.
    """
    if member and member.is_center:
        return list(seasons)
    public = [row for row in seasons if row.status != Season.Status.DRAFT]
    own = {row.season_id for row in enrolments}
    return [row for row in public if row.pk in own] or public


def current_of(seasons: Sequence[Season]) -> Season | None:
    """The open one; where none is open, the newest that is over, and only then a draft. `seasons`: the newest first.

    Of several that are open, the newest whose days have begun: next year's is opened while this year's students photograph.
    """
    found = next(filter(None, ([row for row in seasons if row.status == status] for status in NEAREST)), [])
    if len(found) > 1 and found[0].status == Season.Status.OPEN:
        past = Window.objects.filter(season__in=[row.pk for row in found], starts_on__lte=timezone.localdate())
        begun = set(past.values_list("season", flat=True))
        return next((row for row in found if row.pk in begun), found[-1])
    return found[0] if found else None


def meant_by(request: Any, shown: Sequence[Season]) -> Season | None:
    """Of an address without a year: the season in which the person worked last, else the current one."""
    year = request.session.get(REMEMBERED)
    return next((row for row in shown if row.year == year), None) or current_of(shown)


def remember(request: Any, season: Season, shown: Sequence[Season]) -> None:
    if meant_by(request, shown) != season:
        request.session[REMEMBERED] = season.year
