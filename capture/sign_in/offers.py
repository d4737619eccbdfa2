"""Which ways to sign in a season offers, in which order, and which of them a school may add."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from capture.sign_in.providers import all_providers
from capture.sign_in.providers.base import Provider, Strength
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
    return _usable([*names, *_of_newcomers()] if has_newcomers(season) else names)


def has_newcomers(season: Season | None) -> bool:
    """Whether a school of the season hands over no list."""
    if season is None or season.without_list == Season.WithoutList.NO:
        return False
    with across_schools():
        return Enrolment.objects.filter(season=season, hands_over_list=False).exists()


def of_newcomers() -> Provider | None:
    """The way by which somebody who is on no list appears; None where none is set up."""
    return next(iter(_usable(_of_newcomers())), None)


def _of_newcomers() -> list[str]:
    return [provider.name for provider in all_providers().values() if provider.names_newcomers]


def of_enrolment(enrolment: Enrolment) -> list[Provider]:
    """What the students of one school are offered, in the same order."""
    season = enrolment.season
    added = [name for name in season.sign_in_allowed if name in enrolment.sign_in_added]
    found = _usable([*season.sign_in_offered, *added])
    if enrolment.hands_over_list:
        return found
    # No way asks for a name or document number that the school has not handed over.
    others = [way for way in found if way.strength in (Strength.HOLDS, Strength.SEEN) and not way.names_newcomers]
    return [*_usable(_of_newcomers()), *others]


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
    if provider.name in season.sign_in_offered or (provider.names_newcomers and not enrolment.hands_over_list):
        return
    if provider.name not in season.sign_in_allowed or provider.name not in enrolment.sign_in_added:
        raise NotAllowed(_("Your school does not let students sign in this way. Choose another one."))


def choose_for_season(season: Season, *, places: dict[str, str], photograph_strength: str, by: User) -> Season:
    """`places`: {provider: "1" for the first … | "school" | ""}. Raises PortalError when nothing would be offered, or
    nothing that is enough to photograph.
    """
    season.require(Action.CHANGE)
    offered = sorted((name for name, place in places.items() if place.isdigit()), key=lambda name: int(places[name]))
    if not _usable(offered):
        raise PortalError(_("Offer at least one way that is set up, or nobody can sign in."))
    if not any(Strength.is_enough(way.strength, least=photograph_strength) for way in _usable(offered)):
        raise PortalError(
            _("None of the offered ways is enough to photograph. Offer one that is, or ask for less behind it.")
        )
    allowed = [name for name, place in places.items() if place == "school"]
    return seasons.change_season(
        season,
        by=by,
        sign_in_offered=offered,
        sign_in_allowed=allowed,
        photograph_strength=photograph_strength,
    )


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
    for name in ("sign_in_offered", "sign_in_allowed", "photograph_strength"):
        setattr(new, name, getattr(old, name))
    new.save(update_fields=["sign_in_offered", "sign_in_allowed", "photograph_strength"])
