"""The list of students: what the address asks for, and the counts beside each choice."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from django.db.models import Count, Q, QuerySet

from students import id_encryption, prefix_search  # noqa: F401 - registers the prefix look-up
from students.models import Student
from students.progress import STEPS
from students.roster.cells import half_width

PAGE_SIZE = 50
SORTS: dict[str, tuple[str, ...]] = {
    "": ("school_id", "college", "major", "class_name", "student_no"),
    "student_no": ("student_no",),
    "name": ("name", "student_no"),
    "college": ("college", "major", "class_name", "student_no"),
    "class_name": ("class_name", "student_no"),
    "stage": ("stage", "student_no"),
}
GROUPS = ("school_id", "college", "major", "class_name")
CHOICES = (*GROUPS, "stage", "fee_state")


@dataclass(frozen=True)
class Query:
    """What the address asks for; unknown values fall back to none."""

    q: str = ""
    area: str = ""
    school_id: str = ""
    college: str = ""
    major: str = ""
    class_name: str = ""
    step: str = ""
    stage: str = ""
    fee_state: str = ""
    sort: str = ""

    @classmethod
    def read(cls, params: Mapping[str, str]) -> "Query":
        given = {field.name: params.get(field.name, "").strip()[:60] for field in fields(cls)}
        given["q"] = " ".join(given["q"].split())
        if given["sort"].removeprefix("-") not in SORTS:
            given["sort"] = ""
        for name in ("school_id", "area"):
            given[name] = given[name] if given[name].isdecimal() else ""
        if given["step"] not in dict(STEPS):
            given["step"] = ""
        return cls(**given)

    @property
    def chosen(self) -> dict[str, str]:
        """The filters that are set, without the search."""
        return {name: getattr(self, name) for name in ("area", *CHOICES, "step") if getattr(self, name)}

    @property
    def conditions(self) -> dict[str, Any]:
        """The same as look-ups of the ORM."""
        found: dict[str, Any] = {name: getattr(self, name) for name in CHOICES if getattr(self, name)}
        if self.area:
            found["school__area"] = self.area
        if self.step:
            found["stage__in"] = dict(STEPS)[self.step]
        return found

    @property
    def looks_like_document(self) -> bool:
        """Document numbers must not stand in an address: such a search finds nothing and says so."""
        word = id_encryption.normalise(half_width(self.q))
        return len(word) >= 15 and word[:14].isdigit()

    @property
    def order(self) -> tuple[str, ...]:
        names = SORTS[self.sort.removeprefix("-")]
        return tuple(f"-{name}" for name in names) if self.sort.startswith("-") else names


def searched(students: QuerySet[Student], query: Query) -> QuerySet[Student]:
    """Those whose name or student number begins with the words."""
    if not query.q:
        return students
    if query.looks_like_document:
        return students.none()
    return students.filter(Q(name__prefix=query.q) | Q(student_no__prefix=half_width(query.q)))


def filtered(students: QuerySet[Student], query: Query, *, without: str = "") -> QuerySet[Student]:
    """Searched, and with every filter but one."""
    chosen = {name: value for name, value in query.conditions.items() if name != without}
    return searched(students, query).filter(**chosen)


@dataclass
class Choice:
    value: str
    label: Any
    count: int


def counts(students: QuerySet[Student], query: Query, column: str) -> list[tuple[str, int]]:
    """(value, students) of one filter, the other filters applied: what each choice would show."""
    rows = filtered(students, query, without=column).order_by().values_list(column).annotate(number=Count("*"))
    return sorted(rows)


def stage_choices(students: QuerySet[Student], query: Query) -> list[Choice]:
    found = dict(counts(students, query, "stage"))
    return [Choice(stage.value, stage.label, found[stage.value]) for stage in Student.Stage if stage.value in found]


def fee_choices(students: QuerySet[Student], query: Query) -> list[Choice]:
    found = dict(counts(students, query, "fee_state"))
    return [Choice(fee.value, fee.label, found[fee.value]) for fee in Student.FeeState if fee.value in found]


def group_choices(students: QuerySet[Student], query: Query) -> dict[str, list[Choice]]:
    """Colleges, majors and classes to choose from, each within what is chosen before it."""
    rows = (
        searched(students, query).order_by().values_list("college", "major", "class_name").annotate(number=Count("*"))
    )
    chosen = (query.college, query.major)
    found: dict[str, dict[str, int]] = {"college": {}, "major": {}, "class_name": {}}
    for college, major, class_name, number in rows:
        _add(found["college"], college, number)
        if chosen[0] in ("", college):
            _add(found["major"], major, number)
            if chosen[1] in ("", major):
                _add(found["class_name"], class_name, number)
    return {
        name: [Choice(value, value, values[value]) for value in sorted(values) if value]
        for name, values in found.items()
    }


def _add(counts: dict[str, int], value: str, number: int) -> None:
    counts[value] = counts.get(value, 0) + number
