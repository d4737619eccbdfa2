"""The weights of the ranking: set before a season is opened, fixed from then on."""

from django.db import transaction
from django.utils.translation import gettext as _

from portal import history
from portal.errors import Conflict, PortalError
from portal.models import User
from schools import seasons
from schools.models import Season
from year_end.models import ScoringRules

FULL = 100


def rules_of(season: Season) -> ScoringRules:
    """The rules of the season; those of ScoringRules, unsaved, where nobody has set others."""
    return ScoringRules.objects.filter(season=season).first() or ScoringRules(season=season)


def is_fixed(season: Season) -> bool:
    return season.status != Season.Status.DRAFT


def check_points(weights: dict[str, int]) -> None:
    total = sum(weights.values())
    if total != FULL:
        raise PortalError(_("The points of the parts are %(total)d together; they must be 100.") % {"total": total})


def change_rules(season: Season, *, by: User, **terms: int) -> ScoringRules:
    """Set the points of the parts and the other terms of a draft.

    Raises Conflict once the season has been opened: schools work by what they were told. Raises PortalError when the
    points are not 100 together.
    """
    rules = ScoringRules(season=season, **terms)
    check_points(rules.weights)
    with transaction.atomic():
        # Opening the season waits until this has been committed.
        locked = Season.objects.select_for_update(no_key=True).get(pk=season.pk)
        if is_fixed(locked):
            raise Conflict(_("The weights were fixed when the season was opened, and the schools know them."))
        before = rules_of(locked).terms
        saved, _created = ScoringRules.objects.update_or_create(season=locked, defaults=rules.terms)
        changed = {name: value for name, value in rules.terms.items() if before[name] != value}
        history.record("scoring.changed", saved, by=by, facts=changed)
    return saved


@seasons.carries_over
def carry_over(old: Season, new: Season, by: User) -> None:
    """A new season begins with the rules of the old one, in a row of its own."""
    before = ScoringRules.objects.filter(season=old).first()
    if before:
        change_rules(new, by=by, **before.terms)
