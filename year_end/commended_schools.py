"""The commended schools, shown to others as an example (item 5.3 of the notice)."""

from dataclasses import dataclass

from portal.tenancy import across_schools
from schools.models import Season
from year_end.models import Award, Bulletin


@dataclass(frozen=True)
class CommendedSchool:
    """A commended school, and its contact in the register of schools ("" if there is none)."""

    school: str
    responsible: str


def latest() -> tuple[Season | None, list[CommendedSchool]]:
    """The latest season with a published bulletin, and its commended schools by rank.

    The only place where a school reads awards of other schools. It reads names only, and the
    bulletin has published them.
    """
    bulletins = Bulletin.objects.exclude(published_at=None).select_related("season")
    bulletin = bulletins.order_by("-season__year").first()
    return (bulletin.season, of_season(bulletin.season)) if bulletin else (None, [])


def of_season(season: Season) -> list[CommendedSchool]:
    """The commended schools of the season by rank; none before its bulletin is published."""
    with across_schools():
        rows = Award.objects.filter(season=season, season__bulletin__published_at__isnull=False, is_commended=True)
        names = list(rows.order_by("rank").values_list("school__name", "school__contact_name"))
    return [CommendedSchool(school, responsible.strip()) for school, responsible in names]


def published_bulletin(season: Season | None) -> Bulletin | None:
    """The published bulletin of the season; before it is published, that of the latest season."""
    rows = Bulletin.objects.exclude(published_at=None).select_related("season")
    return rows.filter(season__year__lte=season.year).order_by("-season__year").first() if season else None
