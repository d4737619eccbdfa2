"""The list of students: its filters, its orders, and the counts of each choice."""

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from portal.pages.lists import Choice, Filter, List, cases, choice, row, search_field, text
from schools.models import Area, School
from students.identity import id_encryption
from students.lists import prefix_search  # noqa: F401 - registers the prefix look-up
from students.models import Student
from students.progress import STEP_LABELS, STEPS, SUMS
from students.roster.cells import half_width

DEEP_OFFSET = 2000  # from this offset on, the page's numbers are read from the index first


def looks_like_id_number(query: str) -> bool:
    """Whether the search is a document number. It may not be in a URL, so it finds nothing."""
    word = id_encryption.normalise(half_width(query))
    return len(word) >= 15 and word[:14].isdigit()


def _search(students: QuerySet[Student], query: str) -> QuerySet[Student]:
    """The students whose name or student number begins with the query."""
    query = " ".join(query.split())
    if looks_like_id_number(query):
        return students.none()
    return students.filter(Q(name__prefix=query) | Q(student_no__prefix=half_width(query)))


class StudentList(List):
    sorts = {
        "": ("school_id", "college", "major", "class_name", "student_no"),
        "student_no": ("student_no",),
        "name": ("name", "student_no"),
        "college": ("college", "major", "class_name", "student_no"),
        "class_name": ("class_name", "student_no"),
        "stage": ("stage", "student_no"),
    }
    filters = {
        "q": Filter(search_field(), _search),
        "area": row("school__area", Area.objects.all(), label=_("Area")),
        "school_id": row("school_id", School.objects.all(), label=_("School")),
        "college": text("college", label=_("College")),
        "major": text("major", label=_("Major")),
        "class_name": text("class_name", label=_("Class")),
        "step": cases(
            {name: (STEP_LABELS[name], Q(stage__in=stages)) for name, stages in (*STEPS, *SUMS)}, label=_("Step")
        ),
        "stage": choice("stage", Student.Stage.choices, label=_("Stage")),
        "fee_state": choice("fee_state", Student.FeeState.choices, label=_("Fees")),
    }

    @property
    def looks_like_id_number(self) -> bool:
        return looks_like_id_number(self.wanted.get("q", ""))

    @cached_property
    def _stages(self) -> list[Choice]:
        return super().chips("stage")

    def chips(self, name: str) -> list[Choice]:
        return self._stages if name == "stage" else super().chips(name)

    @cached_property
    def count(self) -> int:
        """Rows found: the sum of the counts by stage, which the page needs too."""
        return sum(stage.count for stage in self._stages if self.wanted.get("stage") in (None, stage.value))

    def part(self, start: int, stop: int) -> QuerySet[Student]:
        """The rows of one page. A deep page is found in the index, then read from the table."""
        rows: QuerySet[Student] = self.found[start:stop]
        if start <= DEEP_OFFSET:
            return rows
        numbers = list(rows.values_list("school_id", "student_no"))
        wanted: QuerySet[Student] = self.found.filter(
            school_id__in={school for school, _no in numbers}, student_no__in=[no for _school, no in numbers]
        )
        return wanted

    @cached_property
    def groups(self) -> dict[str, list[Choice]]:
        """Choices of college, of major in the chosen college, of class in the chosen major."""
        query = self.wanted.get("q")
        rows = _search(self.rows, query) if query else self.rows
        names = ("college", "major", "class_name")
        college_wanted, major_wanted = self.wanted.get("college"), self.wanted.get("major")
        found: dict[str, dict[str, int]] = {name: {} for name in names}
        for college, major, class_name, number in rows.order_by().values_list(*names).annotate(number=Count("*")):
            _add(found["college"], college, number)
            if college_wanted in (None, college):
                _add(found["major"], major, number)
                if major_wanted in (None, major):
                    _add(found["class_name"], class_name, number)
        return {
            name: [Choice(value, value, values[value]) for value in sorted(values) if value]
            for name, values in found.items()
        }


def _add(counts: dict[str, int], value: str, number: int) -> None:
    counts[value] = counts.get(value, 0) + number


def filter_students(students: QuerySet[Student], asked: Any) -> QuerySet[Student]:
    """Filter and order for an export or the API. Raises PortalError for unknown parameters."""
    found: QuerySet[Student] = StudentList(students, asked).require_known().found
    return found
