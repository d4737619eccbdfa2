"""Which ways to sign in a season offers, in which order, and which of them a school may add."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Provider
from portal.changes.field_changes import change_fields
from portal.errors import NotAllowed, PortalError
from portal.models import User
from portal.tenancy import across_schools
from schools import seasons
from schools.models import Action, Enrolment, Season


def of_season(season: Season) -> list[Provider]:
    """What the sign-in page of a season shows: the season's ways in its order, then those that schools have added."""
    with across_schools():  # the visitor's school is not known yet
        added = (
            Enrolment.objects.filter(season=season).exclude(sign_in_added=[]).values_list("sign_in_added", flat=True)
        )
        by_schools = {name for names in added.distinct() for name in names}
    names = [*season.sign_in_offered, *(name for name in season.sign_in_allowed if name in by_schools)]
    return _usable(names)


def may_add(season: Season) -> list[Provider]:
    """What the schools of a season may add."""
    return _usable(season.sign_in_allowed)


def _usable(names: Sequence[str]) -> list[Provider]:
    """Those that are there and set up. One that the operator has taken away is offered no more."""
    known = all_providers()
    return [known[name] for name in dict.fromkeys(names) if name in known and known[name].is_set_up()]


def require(provider: Provider, enrolment: Enrolment) -> None:
    """Raise NotAllowed unless the student's own season, or the school in it, offers this way."""
    season = enrolment.season
    if provider.name in season.sign_in_offered:
        return
    if provider.name not in season.sign_in_allowed or provider.name not in enrolment.sign_in_added:
        raise NotAllowed(_("Your school does not let students sign in this way. Choose another one."))


def choose_for_season(season: Season, *, places: dict[str, str], by: User) -> Season:
    """`places`: {provider: "1" for the first … | "school" | ""}. Raises PortalError when nothing would be offered."""
    season.require(Action.CHANGE)
    offered = sorted((name for name, place in places.items() if place.isdigit()), key=lambda name: int(places[name]))
    if not _usable(offered):
        raise PortalError(_("Offer at least one way that is set up, or nobody can sign in."))
    allowed = [name for name, place in places.items() if place == "school"]
    return seasons.change_season(season, by=by, sign_in_offered=offered, sign_in_allowed=allowed)


def choose_for_school(enrolment: Enrolment, *, names: Sequence[str], by: User) -> Enrolment:
    """The ways that the school adds to those of the season."""
    enrolment.season.require(Action.CHANGE)
    allowed = [provider.name for provider in may_add(enrolment.season)]
    with transaction.atomic():
        added = [name for name in allowed if name in names]
        return change_fields(enrolment, by=by, event_kind="enrolment.sign_in", sign_in_added=added)


@seasons.carries_over
def carry_over(old: Season, new: Season, by: User) -> None:
    """A new season offers what the season before did."""
    new.sign_in_offered, new.sign_in_allowed = old.sign_in_offered, old.sign_in_allowed
    new.save(update_fields=["sign_in_offered", "sign_in_allowed"])
