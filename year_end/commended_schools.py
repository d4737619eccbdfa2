"""Last year's excellent units, for the others to learn from (item 5.3 of the notice)."""

from dataclasses import dataclass

from portal.tenancy import across_schools
from schools.models import Season
from year_end.models import Award, Bulletin


@dataclass(frozen=True)
class Example:
    """A commended school; `responsible` is the name in the register, empty when it has none."""

    school: str
    responsible: str


def newest() -> tuple[Season | None, list[Example]]:
    """The newest season with a published bulletin, and the schools that it commends, by rank.

    What was published to every school is every school's to read: the one place where a school sees awards of others,
    and nothing of them but the names.
    """
    bulletins = Bulletin.objects.exclude(published_at=None).select_related("season")
    bulletin = bulletins.order_by("-season__year").first()
    return (bulletin.season, of(bulletin.season)) if bulletin else (None, [])


def of(season: Season) -> list[Example]:
    """The commended schools of a season whose bulletin has been published."""
    with across_schools():
        rows = Award.objects.filter(season=season, season__bulletin__published_at__isnull=False, is_commended=True)
        names = list(rows.order_by("rank").values_list("school__name", "school__contact_name"))
    return [Example(school, responsible.strip()) for school, responsible in names]


def published_bulletin(season: Season | None) -> Bulletin | None:
    """The bulletin of the season or, until it is out, the newest of those before."""
    rows = Bulletin.objects.exclude(published_at=None).select_related("season")
    return rows.filter(season__year__lte=season.year).order_by("-season__year").first() if season else None
