"""The rows of the center's tables of figures. All numbers are those of the counters, each with the list that shows as many rows."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from capture.models import Photo, PhotosByCollege, PhotosByDay
from portal.pages.lists import Filter, List
from schools.models import Area, School, Season
from students.models import StudentsByClass
from students.progress import STAGES_OF, STEP_LABELS

PHOTOS, STUDENTS = "capture:center_photos", "students:center_students"  # lists
UNJUDGED = (Photo.Status.CHECKING, Photo.Status.FAILED)


@dataclass(frozen=True)
class Column:
    """`asked`: what the list behind the figure is asked for; a column without it leads to none, and `share_of` is in percent.

    `page`: the URL name of that list.
    """

    name: str
    label: Any
    asked: dict[str, str] | None = None
    share_of: str = ""
    page: str = PHOTOS


@dataclass
class Row:
    """A line of a table. `places`: {URL name of a list: what it is asked for besides}."""

    key: Any
    label: Any
    places: dict[str, dict[str, Any]] = field(default_factory=dict)
    school: str = ""  # its name, where the label alone does not tell
    numbers: Counter[str] = field(default_factory=Counter)

    def value(self, column: Column) -> int:
        if not column.share_of:
            return self.numbers[column.name]
        whole = self.numbers[column.share_of]
        return round(100 * self.numbers[column.name] / whole) if whole else 0


class Table(List):
    """A list whose rows are sums of counters."""

    columns: tuple[Column, ...] = ()

    def __init__(self, season: Season | None, asked: Any) -> None:
        self.season = season
        self.sorts = {"": (), "label": (), **{column.name: () for column in self.columns}}  # type: ignore[misc]
        super().__init__([], asked)

    def narrowed(self, *, without: str = "") -> list[Row]:
        return self._read() if self.season else []

    def _read(self) -> list[Row]:
        raise NotImplementedError

    def ordered(self, rows: list[Row]) -> list[Row]:
        name, is_down = self.sort.removeprefix("-"), self.sort.startswith("-")
        if not name:
            return self.usual(rows)
        by_name = {column.name: column for column in self.columns if not column.share_of}
        key: Callable[[Row], Any] = (lambda row: row.key) if name == "label" else lambda row: row.value(by_name[name])
        return sorted(rows, key=key, reverse=is_down)

    def usual(self, rows: list[Row]) -> list[Row]:
        return rows

    def cells(self, row: Row) -> list[tuple[Column, int, str]]:
        """(column, figure, address of the list that shows as many rows; "" without one)"""
        found = []
        for column in self.columns:
            address, place = "", row.places.get(column.page)
            if column.asked is not None and place is not None and row.value(column):
                address = f"{reverse(column.page)}?{urlencode({**place, **column.asked})}"
            found.append((column, row.value(column), address))
        return found

    @property
    def total(self) -> Row:
        """All rows together; of what the filters select, so that it has a list of its own."""
        whole = Row("", _("All"))
        for row in self.found:
            whole.numbers.update(row.numbers)
        return whole

    def table(self) -> tuple[list[str], list[list[str]]]:
        """(headings, rows of text) for a file."""
        headings = [
            str(self.label),
            *(f"{column.label} %" if column.share_of else str(column.label) for column in self.columns),
        ]
        rows = [
            [f"{row.school} {row.label}".strip(), *(str(row.value(column)) for column in self.columns)]
            for row in self.found
        ]
        return headings, rows

    @property
    def label(self) -> Any:
        """What a line is."""
        raise NotImplementedError


def _kept(rows: Any, value: Any) -> Any:
    return rows


AREA = Filter(forms.ModelChoiceField(Area.objects.all(), label=_("Area"), required=False), _kept)
SCHOOL = Filter(
    forms.ModelChoiceField(School.objects.all(), label=_("School"), required=False, to_field_name="code"), _kept
)
DAY = Filter(forms.DateField(label=_("Day"), required=False), _kept)
BY = {"day": _("By day"), "school": _("By school"), "area": _("By area")}


class PhotoFigures(Table):
    """The photos of all days by day, school or area."""

    columns = (
        Column("taken", _("Photos taken"), {"attempts": "every"}),
        Column("passed", _("Accepted by the check"), {"attempts": "every", "verdict": "passed"}),
        Column("rejected", Photo.Status.REJECTED.label, {"attempts": "every", "state": "rejected"}),
        Column("first", _("First attempts"), {"attempts": "first"}),
        Column("first_passed", _("Accepted at the first attempt"), {"attempts": "first", "verdict": "passed"}),
        Column("first_passed", _("First-time pass rate"), share_of="first_judged"),
        Column("submitted", Photo.Status.SUBMITTED.label, {"state": "submitted"}),
        Column("approved", Photo.Status.APPROVED.label, {"state": "approved"}),
    )
    filters = {
        "by": Filter(forms.ChoiceField(label=_("Lines"), required=False, choices=list(BY.items())), _kept),
        "area": AREA,
        "school": SCHOOL,
        "day": DAY,
    }
    defaults = {"by": "day"}

    @property
    def label(self) -> Any:
        return {"day": _("Day"), "school": _("School"), "area": _("Area")}[self.wanted["by"]]

    def _read(self) -> list[Row]:
        by = self.wanted["by"]
        asked = {
            "school__area" if name == "area" else name: value for name, value in self.wanted.items() if name != "by"
        }
        key = {"day": "day", "school": "school_id", "area": "school__area_id"}[by]
        groups = PhotosByDay.groups(
            key, "status", "has_passed", "is_current", "is_first", season=self.season, **asked
        )  # fmt: skip
        place = {"area": self.chosen.get("area"), "school": self.chosen.get("school"), "day": self.chosen.get("day")}
        place = {name: value for name, value in place.items() if value}
        labels = self._labels(by)
        rows: dict[Any, Row] = {}
        for value, status, has_passed, is_current, is_first, number in groups:
            if value not in rows:
                known = labels.get(value, (value, value))
                rows[value] = Row(value if by == "day" else known[1], known[1], {PHOTOS: place | {by: known[0]}})
            _add(rows[value].numbers, status, has_passed, is_current, is_first, number)
        return list(rows.values())

    def _labels(self, by: str) -> dict[Any, tuple[Any, Any]]:
        """{key: (value in an address, name)}"""
        if by == "school":
            return {pk: (code, name) for pk, code, name in School.objects.values_list("pk", "code", "name")}
        if by == "area":
            return {pk: (pk, name) for pk, name in Area.objects.values_list("pk", "name")}
        return {}

    def usual(self, rows: list[Row]) -> list[Row]:
        """The newest day first; schools and areas by name."""
        return sorted(rows, key=lambda row: row.key, reverse=self.wanted["by"] == "day")


def _add(numbers: Counter[str], status: str, has_passed: bool, is_current: bool, is_first: bool, number: int) -> None:
    numbers["taken"] += number
    numbers["passed"] += number * has_passed
    numbers["rejected"] += number * (status == Photo.Status.REJECTED)
    numbers["first"] += number * is_first
    numbers["first_passed"] += number * (is_first and has_passed)
    numbers["first_judged"] += number * (is_first and status not in UNJUDGED)
    numbers["submitted"] += number * (is_current and status == Photo.Status.SUBMITTED)
    numbers["approved"] += number * (is_current and status == Photo.Status.APPROVED)


STEPS = ("roster", "waiting", "retake", "review", "captured", "done")


class CollegeFigures(Table):
    """The students of all colleges of all schools, and their photos of all days."""

    columns = (
        *(Column(step, STEP_LABELS[step], {"step": step}, page=STUDENTS) for step in STEPS),
        Column("captured", _("Captured, share"), share_of="roster"),
        Column("taken", _("Photos taken"), {"attempts": "every"}),
        Column("rejected", Photo.Status.REJECTED.label, {"attempts": "every", "state": "rejected"}),
        Column("first_passed", _("Accepted at the first attempt"), {"attempts": "first", "verdict": "passed"}),
        Column("first_passed", _("First-time pass rate"), share_of="first_judged"),
    )
    filters = {"area": AREA, "school": SCHOOL}

    @property
    def label(self) -> Any:
        return _("College")

    def _read(self) -> list[Row]:
        asked = {"school__area" if name == "area" else name: value for name, value in self.wanted.items()}
        schools = {pk: (code, name) for pk, code, name in School.objects.values_list("pk", "code", "name")}
        rows: dict[tuple[int, str], Row] = {}
        of = {"season": self.season, **asked}
        for school, college, stage, number in StudentsByClass.groups("school_id", "college", "stage", **of):
            numbers = _row_of(rows, school, college, schools).numbers
            for step in STEPS:
                numbers[step] += number * (stage in STAGES_OF[step])
        by = ("school_id", "college", "status", "has_passed", "is_current", "is_first")
        for school, college, status, has_passed, is_current, is_first, number in PhotosByCollege.groups(*by, **of):
            numbers = _row_of(rows, school, college, schools).numbers
            _add(numbers, status, has_passed, is_current, is_first, number)
        return list(rows.values())

    def usual(self, rows: list[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: row.key)


def _row_of(rows: dict[tuple[int, str], Row], school: int, college: str, schools: dict[int, tuple[str, str]]) -> Row:
    """The line of a college, made when it is the first time. Without a college it leads nowhere: a filter for an empty
    one is no filter."""
    if (school, college) not in rows:
        code, name = schools[school]
        places: dict[str, dict[str, Any]] = {
            STUDENTS: {"school_id": school, "college": college},
            PHOTOS: {"school": code, "college": college},
        }
        label = college or _("Without college")
        rows[school, college] = Row((name, college), label, places if college else {}, school=name)
    return rows[school, college]
