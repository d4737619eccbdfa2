"""Counts of students by stage for dashboards: by school, area, class and college."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import groupby

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from schools.days import opening_hours
from schools.models import Area, Enrolment, School, Season, Window, WindowException
from schools.models.season import WindowKind
from students.models import Student, StudentsByClass, StudentsByStage

Stage = Student.Stage
# The columns of the matrix, each with the stages that it counts.
STEPS = (
    ("waiting", (Stage.WAITING,)),
    ("retake", (Stage.RETAKE,)),
    ("review", (Stage.CHECKING, Stage.READY, Stage.REVIEW)),
    ("approved", (Stage.APPROVED,)),
    ("proofed", (Stage.PROOFED,)),
    ("printed", (Stage.PRINTED, Stage.DELIVERED)),
)
# Several of them together, for the figures that count them.
SUMS = (
    ("roster", tuple(stage for stage in Stage if stage != Stage.LEFT)),
    ("todo", (Stage.WAITING, Stage.RETAKE)),
    ("captured", Student.CAPTURED),
    ("done", (Stage.APPROVED, Stage.PROOFED, Stage.PRINTED, Stage.DELIVERED)),
)
STAGES_OF = dict((*STEPS, *SUMS))  # what the filter "step" of a list may be
STEP_LABELS = {
    "waiting": _("No photo yet"),
    "retake": Stage.RETAKE.label,
    "review": _("Check and review"),
    "approved": Stage.APPROVED.label,
    "proofed": Stage.PROOFED.label,
    "printed": Stage.PRINTED.label,
    "roster": _("On the roster"),
    "todo": _("Still to photograph"),
    "captured": _("Captured"),
    "done": _("Portraits approved"),
}
TODO, CAPTURED, DONE = (frozenset(stage.value for stage in STAGES_OF[name]) for name in ("todo", "captured", "done"))


@dataclass
class StageCounts:
    """Numbers of students by stage."""

    stages: dict[str, int] = field(default_factory=dict)

    def add(self, stage: str, number: int) -> None:
        self.stages[stage] = self.stages.get(stage, 0) + number

    def merge(self, other: "StageCounts") -> None:
        for stage, number in other.stages.items():
            self.add(stage, number)

    def count(self, *stages: str) -> int:
        return sum(self.stages.get(stage, 0) for stage in stages)

    @property
    def total(self) -> int:
        """Without those who have left."""
        return sum(self.stages.values()) - self.count(Stage.LEFT)

    @property
    def captured(self) -> int:
        """Students who have submitted a photo (实拍)."""
        return self.count(*CAPTURED)

    @property
    def done(self) -> int:
        """Students with an approved portrait."""
        return self.count(*DONE)

    @property
    def waiting(self) -> int:
        return self.count(*TODO)

    @property
    def steps(self) -> list[tuple[str, int]]:
        return [(name, self.count(*stages)) for name, stages in STEPS]


def expected(enrolment: Enrolment, total: int) -> int:
    """How many students a school has: `total`, who are there, or as many as it states while they still appear."""
    return total if enrolment.hands_over_list else max(total, enrolment.stated_students)


@dataclass
class SchoolProgress:
    """Counts of a school, and its plan: an equal number of students on each day of the window."""

    school: School
    enrolment: Enrolment
    counts: StageCounts
    window: Window | None
    today: dt.date
    days_left: int = 0

    @property
    def size(self) -> int:
        """The students of the school: of its list, or as many as it states where they appear by their codes."""
        return expected(self.enrolment, self.counts.total)

    @property
    def to_come(self) -> int:
        """Still to photograph, and still to appear."""
        return self.counts.waiting + self.size - self.counts.total

    @property
    def pace(self) -> int:
        """Students to photograph on each of the days left, today included, so that nobody is missed; 0 without days."""
        return -(-self.to_come // self.days_left) if self.days_left else 0

    @property
    def planned(self) -> int:
        """Students who should be photographed by this evening."""
        if self.window is None or self.today < self.window.starts_on:
            return 0
        days = (self.window.ends_on - self.window.starts_on).days + 1
        passed = min((self.today - self.window.starts_on).days + 1, days)
        return self.size * passed // days

    @property
    def behind(self) -> int:
        return max(self.planned - self.counts.captured, 0)

    @property
    def is_late(self) -> bool:
        """More than a tenth of the school is behind the plan."""
        return self.behind * 10 > self.size


@dataclass
class AreaProgress:
    area: Area
    window: Window | None
    counts: StageCounts
    schools: int


def count_students(season: Season) -> list[tuple[int, str, str, int]]:
    """[(school id, stage, fee state, number of students)] of a season. Needs the center's scope."""
    return list(StudentsByStage.groups("school_id", "stage", "fee_state", season=season))


def total_of(season: Season, stage: str) -> int:
    """The students of all schools at one stage, as `count_students` has them."""
    return StudentsByStage.number_of(season=season, stage=stage)


def counts_by_school(season: Season) -> dict[int, StageCounts]:
    """{school id: counts} of all schools with students in the season."""
    counts_by_id: dict[int, StageCounts] = {}
    for school_id, stage, _fee_state, number in count_students(season):
        counts_by_id.setdefault(school_id, StageCounts()).add(stage, number)
    return counts_by_id


def school_counts(school: School, season: Season) -> StageCounts:
    return StageCounts(StudentsByClass.numbers("stage", season=season, school=school))


def college_counts(school: School, season: Season) -> list[tuple[str, StageCounts]]:
    """(college, its counts) of one school, by name."""
    found: dict[str, StageCounts] = {}
    for college, stage, number in StudentsByClass.groups("college", "stage", season=season, school=school):
        found.setdefault(college, StageCounts()).add(stage, number)
    return list(found.items())


def school_progress(season: Season) -> list[SchoolProgress]:
    """Every enrolled school, sorted by the number of students behind the plan. Four queries."""
    counts_by_id = counts_by_school(season)
    windows = {window.area_id: window for window in season.windows.regular()}
    granted: dict[int, list[WindowException]] = {}
    for row in WindowException.objects.filter(season=season, kind=WindowKind.REGULAR):
        granted.setdefault(row.school_id, []).append(row)
    today = timezone.localdate()
    rows = []
    for enrolment in Enrolment.objects.filter(season=season).select_related("school__area"):
        school = enrolment.school
        window = windows.get(school.area_id)
        periods = opening_hours.merge_periods(season, [window] if window else [], granted.get(school.pk, []))
        left = opening_hours.days_left(periods, today)
        counts = counts_by_id.get(school.pk, StageCounts())
        rows.append(SchoolProgress(school, enrolment, counts, window, today, left))
    return sorted(rows, key=lambda row: (-row.behind, row.school.code))


def area_progress(rows: list[SchoolProgress]) -> list[AreaProgress]:
    """The rows added up by area, in the order of the areas."""
    ordered = sorted(rows, key=lambda row: (row.school.area.position, row.school.area.name))
    found = []
    for area, members in groupby(ordered, key=lambda row: row.school.area):
        group = list(members)
        counts = StageCounts()
        for row in group:
            counts.merge(row.counts)
        found.append(AreaProgress(area, group[0].window, counts, len(group)))
    return found


def total_counts(rows: list[SchoolProgress]) -> StageCounts:
    counts = StageCounts()
    for row in rows:
        counts.merge(row.counts)
    return counts


@dataclass
class ClassProgress:
    college: str
    major: str
    class_name: str
    counts: StageCounts


def class_progress(school: School, season: Season) -> list[ClassProgress]:
    """The counts of each class, in the order of the roster. One query."""
    keys = ("college", "major", "class_name")
    rows = StudentsByClass.groups(*keys, "stage", season=season, school=school)
    return [
        ClassProgress(college, major, class_name, StageCounts({stage: number for *_key, stage, number in group}))
        for (college, major, class_name), group in groupby(rows, key=lambda row: row[:3])
    ]


OPEN_AT_MOST = 40  # classes; of a larger school only the chosen college is open


@dataclass
class GridRow:
    """A college, a major or a class in the grid of a school. `filters`: those of the list of its students."""

    level: str  # college, major or class
    name: str
    filters: dict[str, str]
    counts: StageCounts
    is_open: bool = True


def grid(rows: list[ClassProgress], opened: str | None = None) -> list[GridRow]:
    """The rows of the grid; `rows` must be in the order of the roster."""
    found = []
    for college, members in groupby(rows, key=lambda row: row.college):
        group = list(members)
        is_open = len(rows) <= OPEN_AT_MOST or college == opened
        found.append(GridRow("college", college, {"college": college}, _sum(group), is_open))
        for major, classes in groupby(group if is_open else (), key=lambda row: row.major):
            found += _of_major(major, list(classes))
    return found


def _of_major(major: str, classes: list[ClassProgress]) -> list[GridRow]:
    place = {"college": classes[0].college, "major": major}
    rows = [GridRow("class", row.class_name, place | {"class_name": row.class_name}, row.counts) for row in classes]
    return [GridRow("major", major, place, _sum(classes)), *rows]


def _sum(rows: list[ClassProgress]) -> StageCounts:
    counts = StageCounts()
    for row in rows:
        counts.merge(row.counts)
    return counts
