"""The center's list of schools: the register with what every room knows about each school in a season.

The rows are a list and no query: there are some hundred schools, and most columns are sums of other tables.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy

from portal.models import Membership
from portal.pages.lists import Choice, Filter, List, search_field
from schools.models import Area, Enrolment, School, Season
from schools.register.columns import Choices, Column, Figures, Group, groups_of

UNRECEIVED = "unreceived"  # takes part, and has not confirmed that its prints have come
Rows = list[Any]  # of School, with what `rows_of` sets


def with_state(season: Season | None) -> QuerySet[School]:
    """Schools with the `state` of their enrolment in the season and the number of `people`."""
    mine = Enrolment.objects.filter(season=season, school=OuterRef("pk"))
    return School.objects.select_related("area").annotate(
        state=Subquery(mine.values("status")[:1]),
        people=Count("memberships", filter=Q(memberships__user__is_active=True)),
    )


def rows_of(season: Season | None, member: Membership | None) -> Rows:
    """Every school with `state`, `people` and `figures`, {group: figures} of the groups that the person may see.

    A school that takes no part in the season has no figures.
    """
    rows: Rows = list(with_state(season))
    read = {group: group.read(season) for group in groups_of(member)} if season else {}
    for school in rows:
        found = {group.name: known.get(school.pk, group.empty) for group, known in read.items()}
        school.figures = found if school.state else {}
    return rows


def _searched(rows: Rows, words: str) -> Rows:
    words = " ".join(words.split()).casefold()
    return [
        row
        for row in rows
        if words in row.name.casefold() or words in row.short_name.casefold() or row.code.startswith(words)
    ]


def _in_area(rows: Rows, area: Area) -> Rows:
    return [row for row in rows if row.area_id == area.pk]


def _in_state(rows: Rows, state: str) -> Rows:
    if state == UNRECEIVED:
        return [row for row in rows if row.state and row.state != Enrolment.Status.RECEIVED]
    return [row for row in rows if row.state == (None if state == "none" else state)]


def _count_states(rows: Rows) -> Counter[str]:
    counts = Counter(row.state or "none" for row in rows)
    counts[UNRECEIVED] = counts.total() - counts["none"] - counts[Enrolment.Status.RECEIVED]
    return counts


def _filter(group: Group, choices: Choices) -> Filter:
    """A filter by figures, which finds no school that takes no part."""

    def narrow(rows: Rows, value: str) -> Rows:
        _label, holds = choices.cases[value]
        return [row for row in rows if group.name in row.figures and holds(row.figures[group.name])]

    def count(rows: Rows) -> dict[str, int]:
        return {value: len(narrow(rows, value)) for value in choices.cases}

    values = [(value, label) for value, (label, _holds) in choices.cases.items()]
    return Filter(forms.ChoiceField(label=choices.label, required=False, choices=values), narrow, count)


@dataclass(frozen=True)
class Cell:
    """One figure of a school, as the template shows it. `value` is None for a school that takes no part."""

    column: Column
    value: Any
    whole: int | None
    label: Any
    url: str


class SchoolList(List):
    """The schools that the person of the request may see, by the register and by the figures of the rooms."""

    filters = {
        "q": Filter(search_field(), _searched),
        "area": Filter(
            forms.ModelChoiceField(Area.objects.all(), label=gettext_lazy("Area"), required=False), _in_area
        ),
        "state": Filter(
            forms.ChoiceField(
                label=gettext_lazy("State"),
                required=False,
                choices=[
                    *Enrolment.Status.choices,
                    (UNRECEIVED, gettext_lazy("Not received yet")),
                    ("none", gettext_lazy("Not taking part")),
                ],
            ),
            _in_state,
            _count_states,
        ),
    }
    sorts = {"": (), "code": (), "name": (), "area": (), "state": ()}

    def __init__(self, season: Season | None, member: Membership | None, asked: Mapping[str, str]) -> None:
        self.groups = groups_of(member) if season else []
        added = {choices.name: _filter(group, choices) for group in self.groups for choices in group.filters}
        own = type(self)
        self.filters = {**own.filters, **added}  # type: ignore[misc]
        self.sorts = {**own.sorts, **{column.name: () for _group, column in self.columns}}  # type: ignore[misc]
        super().__init__(rows_of(season, member), asked)

    def number_of_all(self, chips: list[Choice]) -> int:
        return super().number_of_all([choice for choice in chips if choice.value != UNRECEIVED])

    @property
    def columns(self) -> list[tuple[Group, Column]]:
        return [(group, column) for group in self.groups for column in group.columns]

    @property
    def added_filters(self) -> list[str]:
        """The filters of the rooms."""
        return [choices.name for group in self.groups for choices in group.filters]

    def ordered(self, rows: Rows) -> Rows:
        """Schools that take no part stand last, whatever is sorted by."""
        name = self.sort.removeprefix("-")
        rows = sorted(rows, key=lambda row: (row.area.position, row.code))
        if not name:
            return rows
        key = self._key(name)
        known = [row for row in rows if key(row) is not None]
        known.sort(key=key, reverse=self.sort.startswith("-"))
        return known + [row for row in rows if key(row) is None]

    def _key(self, name: str) -> Callable[[Any], Any]:
        states = [None, *Enrolment.Status.values]
        own: dict[str, Callable[[Any], Any]] = {
            "code": lambda row: row.code,
            "name": lambda row: row.name,
            "area": lambda row: (row.area.position, row.code),
            "state": lambda row: states.index(row.state) if row.state else None,
        }
        if name in own:
            return own[name]
        group, column = next(found for found in self.columns if found[1].name == name)
        return lambda row: column.sort_key(row.figures[group.name]) if group.name in row.figures else None

    def cells(self, school: Any) -> list[Cell]:
        return [_cell(school, group, column) for group, column in self.columns]

    @cached_property
    def schools(self) -> QuerySet[School]:
        """What is found, as a query: for messages and exports."""
        return School.objects.filter(pk__in=[row.pk for row in self.found]).select_related("area")


def _cell(school: Any, group: Group, column: Column) -> Cell:
    if group.name not in school.figures:
        return Cell(column, None, None, "", "")
    figures: Figures = school.figures[group.name]
    value = column.value(figures)
    whole = column.whole(figures) if column.whole else None
    return Cell(column, value, whole, column.labels.get(value, ""), column.link(school, figures))
