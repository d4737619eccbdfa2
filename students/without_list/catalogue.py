"""The catalogue of a school's colleges, majors and classes, from which students choose when they appear."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet
from django.utils.translation import gettext as _

from portal import history
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.untrusted import workbooks
from schools.models import Action, Enrolment
from students.models import CatalogueClass, Student
from students.roster import cells
from students.roster.cell_problems import Problem
from students.roster.columns import BY_FIELD, column_of

FIELDS = ("college", "major", "class_name", "level")
MOST = 5000  # classes of a school
MAX_BYTES = 5 * 1024 * 1024
HEAD_ROWS = 10  # in which the headings are looked for
NAMED = 20


@dataclass(frozen=True)
class Imported:
    """What a file did. `wrong`: (row, sentence), the first NAMED."""

    added: int
    known: int
    wrong: list[tuple[int, str]]


def of_school(enrolment: Enrolment) -> QuerySet[CatalogueClass]:
    return CatalogueClass.objects.filter(school=enrolment.school_id, season=enrolment.season_id)


def with_students(enrolment: Enrolment) -> QuerySet[CatalogueClass]:
    """Each with the number of its students."""
    same = Student.objects.filter(
        school=OuterRef("school"),
        season=OuterRef("season"),
        college=OuterRef("college"),
        major=OuterRef("major"),
        class_name=OuterRef("class_name"),
    ).exclude(stage=Student.Stage.LEFT)
    counted = same.order_by().values("school").annotate(n=Count("*")).values("n")
    return of_school(enrolment).annotate(students=counted)


def has(student: Student, *, college: str, major: str, class_name: str) -> bool:
    """Whether the catalogue of the student's school has this class."""
    rows = CatalogueClass.objects.filter(school=student.school_id, season=student.season_id)
    return rows.filter(college=college, major=major, class_name=class_name).exists()


def add(enrolment: Enrolment, *, by: User, **values: str) -> CatalogueClass:
    """Add one class. Raises PortalError."""
    enrolment.require(Action.IMPORT)
    clean = _clean(values)
    if isinstance(clean, str):
        raise PortalError(clean)
    with transaction.atomic():
        _require_room(enrolment, 1)
        row, is_new = CatalogueClass.objects.get_or_create(
            school=enrolment.school, season=enrolment.season, **{name: clean[name] for name in FIELDS[:3]},
            defaults={"level": clean["level"]},
        )  # fmt: skip
        if not is_new:
            raise Conflict(_("The catalogue has this class already."))
        history.record("catalogue.changed", enrolment, by=by, facts={"new": 1})
    return row


def remove(row: CatalogueClass, *, enrolment: Enrolment, by: User) -> None:
    """Raises Conflict while students are in the class."""
    enrolment.require(Action.IMPORT)
    with transaction.atomic():
        place = {name: getattr(row, name) for name in FIELDS[:3]}
        present = Student.objects.filter(school=enrolment.school_id, season=enrolment.season_id, **place)
        if present.exclude(stage=Student.Stage.LEFT).exists():
            raise Conflict(_("Students are in this class. Move them to another one first."))
        row.delete()
        history.record("catalogue.changed", enrolment, by=by, facts={"removed": 1})


def take_from_last_season(enrolment: Enrolment, *, by: User) -> int:
    """Add the classes of the school's students of the newest season before; return how many are new."""
    enrolment.require(Action.IMPORT)
    before = Student.objects.filter(school=enrolment.school_id, season__year__lt=enrolment.season.year)
    newest = before.order_by("-season__year").values_list("season_id", flat=True).first()
    rows = before.filter(season=newest).exclude(major="").order_by().values(*FIELDS).distinct() if newest else []
    return _add_all(enrolment, [dict(row) for row in rows], by)[0]


def import_file(enrolment: Enrolment, content: bytes, *, by: User) -> Imported:
    """Add the classes of a workbook with the columns 学院, 专业, 班级 and, if there is one, 培养层次.

    Raises PortalError. Other columns are not read, so a list of names leaves nothing here.
    """
    enrolment.require(Action.IMPORT)
    if len(content) > MAX_BYTES:
        raise PortalError(_("A catalogue has at most %(n)d MB: send the classes alone.") % {"n": MAX_BYTES // 2**20})
    found, wrong = [], []
    for number, values in _rows(content):
        clean = _clean(values)
        if isinstance(clean, str):
            wrong.append((number, clean))
        else:
            found.append(clean)
    added, known = _add_all(enrolment, found, by)
    return Imported(added, known, wrong[:NAMED])


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    with workbooks.opened(content) as book:
        for index, sheet in enumerate(book.sheets):
            if sheet.visible and (headed := _headings(sheet.head_rows())):
                top, places = headed
                for _index, number, texts in book.rows({index}):
                    values = {name: texts[at].strip() if at < len(texts) else "" for name, at in places.items()}
                    if number > top and any(values.values()):
                        yield number, values
                return
    raise PortalError(_("No sheet has the columns 专业 and 班级. Put these headings above the classes."))


def _headings(rows: list[list[str]]) -> tuple[int, dict[str, int]] | None:
    """(the row of the headings, {field: column})."""
    for number, texts in enumerate(rows[:HEAD_ROWS], start=1):
        places: dict[str, int] = {}
        for at, text in enumerate(texts):
            column = column_of(text)
            if column and column.field in FIELDS:
                places.setdefault(column.field, at)
        if {"major", "class_name"} <= places.keys():
            return number, places
    return None


def _clean(values: dict[str, str]) -> dict[str, str] | str:
    """The clean values, or the sentence why they cannot be."""
    clean = {}
    for name in FIELDS:
        column, value = BY_FIELD[name], (values.get(name) or "").strip()
        cleaned: str | Problem = cells.CLEANERS[name](value) if value else ""
        if isinstance(cleaned, str) and len(cleaned) > column.limit:
            cleaned = Problem("too_long", {"limit": column.limit})
        if not cleaned and column.required:
            cleaned = Problem("empty")
        if isinstance(cleaned, Problem):
            return f"{column.label}: {cleaned}"
        clean[name] = cleaned
    return clean


def _require_room(enrolment: Enrolment, more: int) -> None:
    if of_school(enrolment).count() + more > MOST:
        raise PortalError(_("A catalogue has at most %(n)d classes.") % {"n": MOST})


def _add_all(enrolment: Enrolment, found: list[dict[str, str]], by: User) -> tuple[int, int]:
    """(new, known already)."""
    with transaction.atomic():
        Enrolment.objects.select_for_update(of=("self",), no_key=True).get(pk=enrolment.pk)
        known = set(of_school(enrolment).values_list(*FIELDS[:3]))
        new = {(row["college"], row["major"], row["class_name"]): row["level"] for row in reversed(found)}
        added = {key: level for key, level in new.items() if key not in known}
        _require_room(enrolment, len(added))
        CatalogueClass.objects.bulk_create(
            CatalogueClass(
                school=enrolment.school, season=enrolment.season, college=key[0], major=key[1], class_name=key[2], level=level
            )
            for key, level in sorted(added.items())
        )  # fmt: skip
        if added:
            history.record("catalogue.changed", enrolment, by=by, facts={"new": len(added)})
    return len(added), len(new) - len(added)
