"""The list of students: its filters, its orders, and the counts of each choice."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.core.validators import validate_comma_separated_integer_list
from django.db.models import BooleanField, Count, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal import student_limits
from portal.pages.lists import Filter, List, cases, choice, row, search_field
from schools.models import Area, School, Season
from students import progress
from students.identity import id_encryption
from students.lists import (
    class_choice,
    number_search,
    pinyin,
    prefix_search,  # noqa: F401 - registers the prefix look-up
)
from students.models import Student, StudentsByClass
from students.progress import STAGES_OF, STEP_LABELS
from students.roster.cells import half_width
from students.without_list import appearances

FEW = 1500  # what a search finds is ordered by itself: for a page alone PostgreSQL would walk the order of the whole school
DEEP_OFFSET = 200  # from this offset on, the page's numbers are read from the index first
# (school id, college, major, class, stage, fee state, number of students)
Group = tuple[int, str, str, str, str, str, int]
PLACES = ("school_id", "college", "major", "class_name")
_FROM = (
    "(students_student.college, students_student.major, students_student.class_name) >= (%s, %s, %s)"  # of one school
)
GROUPED = (*PLACES, "stage", "fee_state")


def looks_like_number(query: str) -> bool:
    """Whether the search is a document number or a phone. Neither may be in a URL, so it finds nothing."""
    word = id_encryption.normalise(half_width(query))
    is_phone = len(word) == 11 and word.isdigit() and word[0] == "1"
    return is_phone or (len(word) >= 15 and word[:14].isdigit())


def _search(students: QuerySet[Student], query: str) -> QuerySet[Student]:
    """The students whose name, its pinyin or initials, or whose student number begins with the query."""
    query = " ".join(query.split())
    if looks_like_number(query):
        return students.none()
    found = Q(name__prefix=query) | Q(student_no__prefix=half_width(query))
    if letters := pinyin.as_typed(half_width(query)):
        found |= Q(pinyin__prefix=letters) | Q(initials__prefix=letters)
    return students.filter(found)


class PickedList(forms.CharField):
    """The ids of students who were ticked in a list: 17,4,93."""

    def __init__(self) -> None:
        super().__init__(label=_("Selection"), required=False, validators=[validate_comma_separated_integer_list])

    def clean(self, value: Any) -> list[int]:
        return [int(pk) for pk in super().clean(value).split(",") if pk]


def _appearance_field() -> forms.ChoiceField:
    return forms.ChoiceField(label=_("Confirmation"), required=False, choices=appearances.KINDS)


class StudentList(List):
    sorts = {
        "": ("school_id", "college", "major", "class_name", "student_no"),
        "student_no": ("student_no",),
        "name": ("pinyin", "name", "student_no"),
        "college": ("college", "major", "class_name", "student_no"),
        "class_name": ("class_name", "student_no"),
        "stage": ("stage", "student_no"),
    }
    filters = {
        "q": Filter(search_field(), _search),
        "number": Filter(number_search.SealedField(), number_search.find),
        "area": row("school__area", Area.objects.all(), label=_("Area")),
        "school_id": row("school_id", School.objects.all(), label=_("School")),
        **class_choice.filters(),
        "step": cases(
            {name: (STEP_LABELS[name], Q(stage__in=stages)) for name, stages in STAGES_OF.items()}, label=_("Step")
        ),
        "stage": choice("stage", Student.Stage.choices, label=_("Stage")),
        "fee_state": choice("fee_state", Student.FeeState.choices, label=_("Fees")),
        "pick": Filter(PickedList(), lambda students, ids: students.filter(pk__in=ids)),
        "locked": cases({"yes": (_("Locked"), Q(locked_at__isnull=False))}, label=_("Locked")),
        "appearance": Filter(_appearance_field(), appearances.narrow, appearances.count),
    }
    # Filters that the groups do not tell: what they find is counted each time.
    searches = ("q", "number", "locked", "pick", "appearance")
    longest = {"pick": 500 * 12}  # as many as `selection.MOST_PICKED`

    def __init__(self, rows: Any, asked: Any, *, whole: tuple[School | None, Season] | None = None) -> None:
        """`whole`: `rows` are all students of a school, or of all schools, in a season: the counters know them."""
        super().__init__(rows, asked)
        self.whole = whole

    @property
    def looks_like_number(self) -> bool:
        return looks_like_number(self.wanted.get("q", ""))

    # the counts

    @cached_property
    def _groups(self) -> list[Group]:
        """The rows that match the searches (for a whole list: all rows) by place, stage and fee."""
        searched = any(name in self.wanted for name in self.searches)
        if self.whole is None or student_limits.present():
            return self._count()
        school, season = self.whole
        if school is None:
            is_plain = not searched and not any(name in self.wanted for name in PLACES[1:])
            counted = progress.count_students(season) if is_plain else self._count_by_school()
            return sorted((pk, "", "", "", stage, fee, number) for pk, stage, fee, number in counted)
        if searched:
            return self._count()
        # Not sorted: thousands of texts take longer to sort than to count, and a deep page sorts its classes itself.
        groups = StudentsByClass.groups(*GROUPED[1:], school=school, season=season).order_by()
        return [(school.pk, *group) for group in groups]

    def _count(self) -> list[Group]:
        """One scan of the index student_order."""
        rows = self._narrowed_by(self.searches).order_by(*PLACES)
        return list(rows.values_list(*GROUPED).annotate(number=Count("*")))

    def _count_by_school(self) -> list[tuple[int, str, str, int]]:
        """For the center, which has 17,000 classes: (school id, stage, fee state, number)."""
        rows = self._narrowed_by((*self.searches, *PLACES[1:])).order_by()
        return list(rows.values_list("school_id", "stage", "fee_state").annotate(number=Count("*")))

    def _narrowed_by(self, names: tuple[str, ...]) -> QuerySet[Student]:
        rows: QuerySet[Student] = self.rows
        for name in names:
            if name in self.wanted:
                rows = self.filters[name].narrow(rows, self.wanted[name])
        return rows

    @property
    def _is_of_all_schools(self) -> bool:
        return self.whole is not None and self.whole[0] is None

    @cached_property
    def _schools_of_area(self) -> frozenset[int] | None:
        area = self.wanted.get("area")
        return frozenset(School.objects.filter(area=area).values_list("pk", flat=True)) if area else None

    def _matching(self, *, without: tuple[str, ...] = ()) -> list[Group]:
        """The groups that match all filters except `without`."""
        of_sql = PLACES[1:] if self._is_of_all_schools else ()
        allowed: list[tuple[int, Collection[Any]]] = [
            (place, (getattr(self.wanted[name], "pk", self.wanted[name]),))
            for place, name in enumerate(GROUPED)
            if name in self.wanted and name not in without and name not in of_sql
        ]
        if "step" in self.wanted and "step" not in without:
            allowed.append((GROUPED.index("stage"), STAGES_OF[self.wanted["step"]]))
        if self._schools_of_area is not None:
            allowed.append((0, self._schools_of_area))
        return [group for group in self._groups if all(group[place] in values for place, values in allowed)]

    def counts(self, name: str) -> dict[Any, int]:
        if name not in GROUPED:
            return super().counts(name)
        return _sum(self._matching(without=(name,)), GROUPED.index(name))

    @cached_property
    def count(self) -> int:
        return sum(group[-1] for group in self._matching())

    @cached_property
    def class_levels(self) -> list[class_choice.Level]:
        """The selects of college, major and class."""
        groups = self._matching(without=(*PLACES[1:], "stage", "fee_state", "step"))
        return class_choice.levels((class_choice.Place(*group[1:4], group[-1]) for group in groups), self.wanted)

    # a page

    def part(self, start: int, stop: int) -> QuerySet[Student]:
        """The rows of one page. A deep page begins with its class or school; deep in these it is found in the index."""
        if "q" in self.wanted and self.page_size < self.count <= FEW:
            picked: QuerySet[Student] = self.ordered(
                self.rows.filter(pk__in=list(self.found.values_list("pk", flat=True))[start:stop])
            )
            return picked
        is_deep = start > DEEP_OFFSET and self.sort == "" and self.whole
        found, passed = self._from_place(start) if is_deep else (self.found, 0)
        start, stop = start - passed, stop - passed
        if start <= DEEP_OFFSET:
            rows: QuerySet[Student] = found[start:stop]
            return rows
        numbers = list(found.values_list("school_id", "student_no")[start:stop])
        wanted: QuerySet[Student] = self.found.filter(
            school_id__in={school for school, _no in numbers}, student_no__in=[no for _school, no in numbers]
        )
        return wanted

    def _from_place(self, start: int) -> tuple[QuerySet[Student], int]:
        """(the rows from the class or school on that has row number `start`, how many rows are before it)."""
        found: QuerySet[Student] = self.found
        passed = number = 0
        place: tuple[Any, ...] = ()
        students = self._students_by_place()
        for place in sorted(students):  # as the database sorts them: by bytes
            passed, number = number, number + students[place]
            if number > start:
                break
        if self._is_of_all_schools:
            return found.filter(school_id__gte=place[0]), passed
        return found.filter(RawSQL(_FROM, place[1:], output_field=BooleanField())), passed  # noqa: S611

    def _students_by_place(self) -> dict[tuple[Any, ...], int]:
        found: dict[tuple[Any, ...], int] = {}
        for group in self._matching():
            found[group[:4]] = found.get(group[:4], 0) + group[-1]
        return found


def _sum(groups: list[Group], place: int) -> dict[Any, int]:
    counts: dict[Any, int] = {}
    for group in groups:
        counts[group[place]] = counts.get(group[place], 0) + group[-1]
    return counts


def filter_students(students: QuerySet[Student], asked: Any) -> QuerySet[Student]:
    """Filter and order for an export or the API. Raises PortalError for unknown parameters."""
    found: QuerySet[Student] = StudentList(students, asked).require_known().found
    return found
