"""Adding, changing and removing one student by hand; the same rules as a roster, one row at a time."""

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _

from portal import history
from portal.errors import Conflict, PortalError
from portal.tenancy import across_schools
from schools.models import School, Season
from students import id_encryption, id_numbers, proof_reset
from students.models import Student
from students.roster import cells
from students.roster.columns import BY_FIELD
from students.roster.importing import check_open
from students.roster.problems import Problem
from students.roster.staging import FIXED_STAGES, HIDDEN, PRINTED_FIELDS, SHOWN

FORM_FIELDS = ("student_no", "name", "gender", "id_type", "level", "college", "major", "class_name", "phone", "email")
KEYS = {"student_no", "id_hash"}
_CHOSEN = ("gender", "id_type")


class WrongData(PortalError):
    """Fields that cannot be right: `problems` holds a sentence for each."""

    def __init__(self, problems: dict[str, Problem]) -> None:
        self.problems = {name: str(problem) for name, problem in problems.items()}
        super().__init__("; ".join(f"{BY_FIELD[name].label}: {text}" for name, text in self.problems.items()))


def add(*, school: School, season: Season, by: history.Actor, id_number: str, **values: str) -> Student:
    """A student who is on no roster file. Raises WrongData, or PortalError when the roster is closed."""
    check_open(school=school, season=season)
    clean, number = _clean(values, id_number, Student(school=school, season=season))
    student = Student(school=school, season=season, **clean)
    student.id_number = number
    with transaction.atomic():
        _save(student)
        history.record("student.added", student, by=by)
    return student


def change(
    *, student: Student, by: history.Actor, id_number: str = "", facts: dict[str, Any] | None = None, **values: str
) -> Student:
    """Change the given fields; an empty `id_number` keeps the number. Data that were proofread are to be proofread again.

    Raises WrongData, or PortalError once the student is printed.
    """
    check_changeable(student)
    given = {name: getattr(student, name) for name in FORM_FIELDS} | values
    clean, number = _clean(given, id_number or student.id_number, student)
    before = {name: getattr(student, name) for name in (*FORM_FIELDS, "id_hash")}
    for name, value in clean.items():
        setattr(student, name, value)
    if id_encryption.digest(number) != student.id_hash:
        student.id_number = number
    changed = [name for name, value in before.items() if getattr(student, name) != value]
    if changed:
        _write_change(student, changed, before, by=by, facts=facts)
    return student


def check_changeable(student: Student) -> None:
    if student.stage in FIXED_STAGES:
        raise PortalError(Problem("printed"))
    check_open(school=student.school, season=student.season)


def _write_change(
    student: Student, changed: list[str], before: dict[str, str], *, by: history.Actor, facts: dict[str, Any] | None
) -> None:
    with transaction.atomic():
        # As it stands now: the student may have confirmed the old data, or been printed, since the row was read.
        # A number is a key: to change one takes the whole lock, to change anything else leaves photos of the student alone.
        held = Student.objects.select_for_update(of=("self",), no_key=not KEYS & set(changed))
        student.stage = held.only("stage").get(pk=student.pk).stage
        check_changeable(student)
        _save(student, update_fields=[*FORM_FIELDS, "id_sealed", "id_hash", "updated_at"])
        history.record("student.changed", student, by=by, facts=_told(student, changed, before) | (facts or {}))
        if student.stage == Student.Stage.PROOFED and set(changed) & {"student_no", *PRINTED_FIELDS}:
            proof_reset.reopen([student.pk], school=student.school, by=by)
            student.stage = Student.Stage.APPROVED


def _told(student: Student, changed: list[str], before: dict[str, str]) -> dict[str, Any]:
    """{field: [old, new]}; values that are nobody's business stay dots, as in a roster's own events."""
    shown = {name: [before[name], getattr(student, name)] if name in SHOWN else [HIDDEN, HIDDEN] for name in changed}
    return {"id_number" if name == "id_hash" else name: pair for name, pair in shown.items()}


def _save(student: Student, **options: Any) -> None:
    try:
        with transaction.atomic():
            student.save(**options)
    except IntegrityError as error:  # somebody was faster than our look
        raise Conflict from error


def _clean(values: dict[str, str], id_number: str, student: Student) -> tuple[dict[str, str], str]:
    """Clean values and document number. Raises WrongData; the same number as before is not judged again."""
    clean = dict.fromkeys(FORM_FIELDS, "") | {"id_type": Student.IdType.RESIDENT.value}
    problems: dict[str, Problem] = {}
    for name in FORM_FIELDS:
        value = _cleaned(name, (values.get(name) or "").strip())
        if isinstance(value, Problem):
            problems[name] = value
        elif value:
            clean[name] = value
    number = _cleaned("id_number", id_number)
    if isinstance(number, str):
        number = id_numbers.problem_of(number, clean["id_type"], clean["gender"]) or number
    if isinstance(number, Problem):
        problems["id_number"] = number
    else:
        problems |= _taken(clean["student_no"], number, student)
    if problems:
        raise WrongData(problems)
    if not clean["gender"] and id_numbers.says_gender(clean["id_type"]):
        clean["gender"] = id_numbers.gender_of(str(number))
    return clean, str(number)


def check_value(*, student: Student, field: str, value: str) -> str:
    """The value as the row would hold it. Raises WrongData for one that could never be written.

    A document number is judged without the gender, which may be what is wrong, and not looked for among other students:
    the answer would tell whoever asks that somebody has it.
    """
    cleaned = cells.CLEANERS[field](value)
    if field == "id_number" and isinstance(cleaned, str):
        cleaned = id_numbers.problem_of(cleaned, student.id_type) or cleaned
    elif isinstance(cleaned, str) and len(cleaned) > BY_FIELD[field].limit:
        cleaned = Problem("too_long", {"limit": BY_FIELD[field].limit})
    if isinstance(cleaned, Problem):
        raise WrongData({field: cleaned})
    return cleaned


def _cleaned(name: str, value: str) -> str | Problem:
    column = BY_FIELD[name]
    if not value:
        return Problem("empty") if column.required else ""
    if name in _CHOSEN:
        return value
    cleaned = cells.CLEANERS[name](value)
    if isinstance(cleaned, str) and len(cleaned) > column.limit:
        return Problem("too_long", {"limit": column.limit})
    return cleaned


def _taken(student_no: str, number: str, student: Student) -> dict[str, Problem]:
    others = Student.objects.filter(season=student.season, school=student.school).exclude(pk=student.pk)
    if student_no and others.filter(student_no=student_no).exists():
        return {"student_no": Problem("taken_no")}
    digest = id_encryption.digest(number)
    if own := others.filter(id_hash=digest).first():
        return {"id_number": Problem("taken_here", {"student_no": own.student_no})}
    with across_schools():
        if Student.objects.filter(season=student.season, id_hash=digest).exclude(pk=student.pk).exists():
            return {"id_number": Problem("taken_elsewhere")}
    return {}


def remove(*, students: Iterable[int], school: School, season: Season, by: history.Actor) -> int:
    """Remove picked students whom nobody has photographed; return how many. Raises Conflict when one of them was."""
    check_open(school=school, season=season)
    picked = set(students)
    try:
        with transaction.atomic():
            rows = _removable(picked, school, season)
            for row in rows:
                history.record("student.removed", row, by=by, before=row.stage, facts={"student_no": row.student_no})
            Student.objects.filter(pk__in=picked).delete()
    except ProtectedError as error:
        raise Conflict(_("A student who has an order cannot be removed.")) from error
    return len(rows)


def _removable(picked: set[int], school: School, season: Season) -> list[Student]:
    mine = Student.objects.filter(pk__in=picked, school=school, season=season, stage=Student.Stage.WAITING)
    rows = list(mine.select_for_update(of=("self",)))
    if not rows or len(rows) != len(picked):
        raise Conflict(_("Only students without a photo can be removed. Reload the list and pick again."))
    return rows
