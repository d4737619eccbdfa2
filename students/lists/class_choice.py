"""A class is chosen by its place: the college, then the major, then the class. For every list of a school that filters by
class, and for every form that asks for one.

A level is offered whole where it is short. A longer one is offered below what is chosen above it: of a large school the
seven hundred classes would be the weight of the page, and nobody finds one among them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from portal.pages.lists import Choice, Filter, text
from schools.models import School, Season
from students.models import StudentsByClass

FEW = 40  # choices that are offered before anything above them is chosen
LEVELS = {
    "college": (_("College"), _("All colleges")),
    "major": (_("Major"), _("All majors")),
    "class_name": (_("Class"), _("All classes")),
}


class Place(NamedTuple):
    college: str
    major: str
    class_name: str
    students: int


@dataclass(frozen=True)
class Level:
    """One select: of colleges, majors or classes."""

    name: str
    choices: list[Choice]
    chosen: str

    @property
    def label(self) -> Any:
        return LEVELS[self.name][0]

    @property
    def all(self) -> Any:
        return LEVELS[self.name][1]


def filters(path: str = "") -> dict[str, Filter]:
    """The filters of a list. `path` leads from its rows to the student."""
    return {name: text(f"{path}{name}", label=label) for name, (label, _all) in LEVELS.items()}


def of_school(school: School, season: Season, **only: Any) -> list[Place]:
    """The classes of a school, in the order of the roster, with their students."""
    return [Place(*row) for row in StudentsByClass.groups(*LEVELS, school=school, season=season, **only)]


def levels(places: Iterable[Place], chosen: Mapping[str, str], *, counted: bool = True) -> list[Level]:
    """The selects to show, from the college down. Without `counted` the choices have no numbers."""
    left = list(places)
    found = []
    is_narrow = True  # what is above has been chosen, or leaves no choice
    for name in LEVELS:
        numbers: dict[str, int] = {}
        for place in left:
            value = getattr(place, name)
            if value:
                numbers[value] = numbers.get(value, 0) + place.students
        offered = numbers if is_narrow or len(numbers) <= FEW else {}
        wanted = chosen.get(name, "")
        if wanted:
            offered = {wanted: 0} | offered
            left = [place for place in left if getattr(place, name) == wanted]
        if wanted or len(offered) > 1:
            choices = [Choice(value, value, offered[value] if counted else None) for value in sorted(offered)]
            found.append(Level(name, choices, wanted))
        is_narrow = bool(wanted) or (is_narrow and len(numbers) <= 1)
    return found


def above_class(places: Collection[Place], asked: Mapping[str, str]) -> tuple[list[Level], list[Place]]:
    """For a form that asks for a class: the selects above it, and the classes that it offers: those below what is chosen,
    none while they are too many.
    """
    chosen = {name: asked[name] for name in ("college", "major") if asked.get(name)}
    above = [level for level in levels(places, chosen, counted=False) if level.name != "class_name"]
    left = [place for place in places if all(getattr(place, name) == value for name, value in chosen.items())]
    can_be_narrowed = any(not level.chosen for level in above)
    return above, [] if len(left) > FEW and can_be_narrowed else left
