"""Where a visitor may appear whose school hands over no list: these schools, and the classes of their catalogues."""

from dataclasses import dataclass

from capture.sign_in import offers
from portal.tenancy import across_schools, school_scope
from schools.models import Action, Enrolment, School, Season
from students.models import CatalogueClass
from students.without_list import catalogue, choosing


@dataclass(frozen=True)
class Place:
    """A school with the classes of its catalogue. `is_open`: whether somebody may appear there now."""

    enrolment: Enrolment
    classes: list[CatalogueClass]
    is_open: bool


def schools(season: Season) -> list[School]:
    with across_schools():
        return choosing.without_list(season)


def place_at(season: Season, code: str) -> Place | None:
    """The school with this code; None where it hands over a list, or there is none."""
    school = next((row for row in schools(season) if row.code == code), None)
    if school is None:
        return None
    with school_scope(school):
        enrolment = Enrolment.objects.select_related("season", "school").get(school=school, season=season)
        classes = list(catalogue.of_school(enrolment))
    is_open = enrolment.allows(Action.IMPORT) and bool(classes) and offers.of_newcomers() is not None
    return Place(enrolment, classes, is_open)
