"""What a new center does before its first season photographs: a list on its overview that ticks itself off."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.access import may_open
from portal.accounts import second_factor
from portal.models import Membership, Role
from schools.models import Enrolment, Notice, School, Season
from schools.seasons import season_checklist


@dataclass(frozen=True)
class Step:
    """`url`: "" where the person may not do it, or not before another step is done."""

    text: str
    url: str
    is_done: bool
    note: str = ""


def steps(request: Any) -> list[Step]:
    """Empty when all is done, and for a center that has closed a season before."""
    season: Season | None = request.season
    if Season.objects.exclude(status__in=(Season.Status.DRAFT, Season.Status.OPEN)).exists():
        return []
    found = [*_people(request), *_season(request, season), *_schools(request, season)]
    return found if not all(step.is_done for step in found) else []


def _step(request: Any, text: str, name: str, is_done: bool, note: str = "", query: str = "") -> Step:
    url = f"{reverse(name)}{query}" if may_open(request.membership, name) else ""
    return Step(text, url, is_done, "" if is_done else note)


def _people(request: Any) -> list[Step]:
    admins = Membership.objects.filter(school=None, roles__contains=[Role.CENTER_ADMIN], user__is_active=True).count()
    is_safe = second_factor.missing(request.user, request.membership) is None
    return [
        Step(_("Set up the second step of your own sign-in"), reverse("mfa_index"), is_safe),
        _step(
            request,
            _("Make accounts for your colleagues"),
            "portal:center_people",
            admins >= 2,
            _("At least two administrators, so that one can help the other who has lost a phone."),
        ),
    ]


def _season(request: Any, season: Season | None) -> list[Step]:
    if season is None:
        terms = Step(_("Complete days, bank account, contact and texts"), "", False)
        return [_step(request, _("Make the first season"), "schools:season_new", False), terms]
    missing = season_checklist.missing_terms(season)
    note = _("Still missing: %(names)s") % {"names": _(", ").join(missing)}
    is_whole = season.status != Season.Status.DRAFT or not missing
    return [
        _step(request, _("Make the first season"), "schools:season", True),
        _step(
            request,
            _("Complete days, bank account, contact and texts"),
            "schools:season",
            is_whole,
            note,
            query="#checks",
        ),
    ]


def _schools(request: Any, season: Season | None) -> list[Step]:
    found = [
        _step(
            request,
            _("Bring in the list of schools"),
            "schools:schools_import",
            School.objects.exists(),
            _("An Excel file with code, name and area; or one school after the other."),
        )
    ]
    enrolled = Enrolment.objects.filter(season=season)
    people = Membership.objects.filter(school=OuterRef("school"), user__is_active=True)
    has_schools, without = enrolled.exists(), enrolled.filter(~Exists(people)).count()
    if season is None:
        return found
    number = ngettext("%(n)d school has nobody yet.", "%(n)d schools have nobody yet.", without) % {"n": without}
    is_told = Notice.objects.filter(season=season, status=Notice.Status.PUBLISHED, for_schools=True).exists()
    return [
        *found,
        _step(
            request,
            _("Let the schools take part in the season"),
            "schools:schools",
            has_schools,
            _("Tick them in the list."),
        ),
        _step(
            request,
            _("Send each school's first administrator a link"),
            "schools:schools",
            has_schools and not without,
            number if has_schools else "",
        ),
        _step(request, _("Open the season"), "schools:season", season.status != Season.Status.DRAFT),
        _step(
            request,
            _("Publish the notice to the schools"),
            "schools:center_notices",
            is_told,
            _("Each school confirms it; you see who has not read it."),
        ),
    ]
