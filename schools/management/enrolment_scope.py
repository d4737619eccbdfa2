"""For management commands: --season, and a school's code turned into its enrolment."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from portal import history
from portal.errors import PortalError
from portal.tenancy import school_scope
from schools.models import Enrolment, School, Season


def add_season_argument(parser: CommandParser) -> None:
    parser.add_argument("--season", type=int, metavar="YEAR", help="left out: the one season that is open")


def named_season(year: int | None) -> Season:
    """The season of the year; without one the season that is open, or the only one that there is."""
    if year is not None:
        found = Season.objects.filter(year=year).first()
        if found is None:
            raise CommandError(_("There is no season %(year)s.") % {"year": year})
        return found
    seasons = list(Season.objects.all())
    if not seasons:
        raise CommandError(_("There is no season yet."))
    is_open = [season for season in seasons if season.status == Season.Status.OPEN]
    begun = [season for season in seasons if season.status != Season.Status.DRAFT]
    for choice in (is_open, begun, seasons):
        if len(choice) == 1:
            return choice[0]
    years = _(", ").join(str(season.year) for season in is_open or seasons)
    raise CommandError(_("Which season? Name it with --season: %(years)s.") % {"years": years})


@contextmanager
def enrolment_scope(code: str, year: int | None = None) -> Iterator[Enrolment]:
    """Yield the enrolment in the school's scope. PortalError and OSError become CommandError."""
    school, season = School.objects.filter(code=code).first(), named_season(year)
    if school is None:
        raise CommandError(_("There is no school with the code %(code)s.") % {"code": code})
    with history.source("command"), school_scope(school):
        enrolment = Enrolment.objects.select_related("school", "season").filter(school=school, season=season).first()
        if enrolment is None:
            raise CommandError(_("%(school)s does not take part in this season.") % {"school": school})
        try:
            yield enrolment
        except PortalError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(_("The file cannot be written: %(reason)s") % {"reason": error.strerror}) from error
