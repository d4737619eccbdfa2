"""Adding, changing, removing and revealing single students, by the same rules as a roster."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError, QuerySet
from django.utils.translation import gettext as _

from portal import history, student_limits
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.tenancy import across_schools
from schools.models import Action, Enrolment, School, Season
from students.correcting import proof_reopening
from students.identity import id_encryption, id_numbers
from students.models import Correction, Student
from students.roster import cells
from students.roster.cell_problems import Problem
from students.roster.columns import BY_FIELD
from students.roster.importer import require_open_roster
from students.roster.staging import FIXED_STAGES, HIDDEN, IDENTITY, PRINTED_FIELDS, PUBLIC_FIELDS, UNPROTECTED_STAGES
from students.without_list import catalogue, choosing

FORM_FIELDS = ("student_no", "name", "gender", "id_type", "level", "college", "major", "class_name", "phone", "email")
KEYS = {"student_no", "id_hash"}
# What printing.sheets.SheetStudent takes from the student.
ON_SHEETS = frozenset({"student_no", "name", "id_hash", "college", "major", "class_name"})
_CHOSEN = ("gender", "id_type")


@dataclass(frozen=True)
class NumberTaken:
    """Somebody entered a document number that another student has, for `student_no`. The history says so: nobody
    finds out unseen whose a number is.

    `about`: that student, or the own school when the student is at another one.
    """

    kind: str
    about: Student | School
    student_no: str

    def record(self, by: history.Actor) -> None:
        history.record(self.kind, self.about, by=by, facts={"student_no": self.student_no})


class WrongData(PortalError):
    """Values that cannot be right. `problems`: {field: sentence}.

    `taken` has been recorded; who rolls the transaction back records it again.
    """

    def __init__(self, problems: dict[str, Problem], taken: NumberTaken | None = None) -> None:
        self.taken = taken
        self.problems = {name: str(problem) for name, problem in problems.items()}
        super().__init__("; ".join(f"{BY_FIELD[name].label}: {text}" for name, text in self.problems.items()))


def add_student(*, school: School, season: Season, by: history.Actor, id_number: str, **values: str) -> Student:
    """Add one student. Raises WrongData, or PortalError when the roster is closed."""
    choosing.require_list(require_open_roster(school=school, season=season))
    clean, number = _clean_fields(values, id_number, Student(school=school, season=season), by)
    student = Student(school=school, season=season, **clean)
    student.id_number = number
    with transaction.atomic():
        _save(student)
        history.record("student.added", student, by=by)
    return student


def change_student(
    *, student: Student, by: history.Actor, id_number: str = "", correction: Correction | None = None, **values: str
) -> Student:
    """Change the given fields; an empty `id_number` keeps the number.

    A student who has proofread the old data must proofread again. Raises WrongData, or PortalError once the student
    is printed. An accepted `correction` may change also who a photographed student is, and a printed student: then
    the sheet is printed again.
    """
    _check(student, correction)
    given = {name: getattr(student, name) for name in FORM_FIELDS} | values
    clean, number = _clean_fields(given, id_number or student.id_number, student, by)
    before = {name: getattr(student, name) for name in (*FORM_FIELDS, "id_hash")}
    for name, value in clean.items():
        setattr(student, name, value)
    if student.id_hash not in id_encryption.digests(number) or student.student_no != before["student_no"]:
        student.id_number = number  # also bound to the student number
    changed = [name for name, value in before.items() if getattr(student, name) != value]
    if correction is None and is_protected(student):
        _refuse_protected(changed, before)
    if changed:
        _save_change(student, changed, before, by=by, correction=correction)
    return student


def is_protected(student: Student) -> bool:
    """Whether name, document and gender change through a correction only: a portrait belongs to them."""
    return student.stage not in UNPROTECTED_STAGES


def _refuse_protected(changed: list[str], before: dict[str, str]) -> None:
    """An empty gender may still be filled in."""
    names = [name for name in changed if name in IDENTITY and before[name]]
    if names:
        raise WrongData({_field_of(name): Problem("protected") for name in names})


def _field_of(column: str) -> str:
    return "id_number" if column == "id_hash" else column


def changeable(students: QuerySet[Student]) -> QuerySet[Student]:
    """Those whose data may still be changed."""
    return students.exclude(stage__in=FIXED_STAGES).exclude(student_no__startswith=Student.ERASED_NUMBER)


def check_changeable(student: Student) -> None:
    """Raise PortalError when the student is erased or printed, or the roster is closed."""
    if student.is_erased:
        raise Conflict(_("This student has been erased."))
    if student.stage in FIXED_STAGES:
        raise PortalError(Problem("printed"))
    require_open_roster(school=student.school, season=student.season)


def check_correctable(student: Student) -> None:
    """Raise PortalError when the student is erased or has left, or nothing can be corrected now."""
    if student.is_erased:
        raise Conflict(_("This student has been erased."))
    if student.stage == Student.Stage.LEFT:
        raise Conflict(_("This student has left the school."))
    enrolment = Enrolment.objects.select_related("season").get(school=student.school_id, season=student.season_id)
    enrolment.require(Action.CORRECT_DATA)


def _check(student: Student, correction: Correction | None) -> None:
    check_correctable(student) if correction else check_changeable(student)


def _save_change(
    student: Student, changed: list[str], before: dict[str, str], *, by: history.Actor, correction: Correction | None
) -> None:
    with transaction.atomic():
        # no_key lets photos be inserted meanwhile; a change of a unique column needs the full lock.
        locks = Student.objects.select_for_update(of=("self",), no_key=not KEYS & set(changed))
        locked = locks.select_related("school", "season").get(pk=student.pk)
        _check(locked, correction)
        if any(getattr(locked, name) != value for name, value in before.items()):
            raise Conflict  # somebody else has changed or erased the student since this one was read
        student.stage = locked.stage
        if correction is None and is_protected(student):
            _refuse_protected(changed, before)  # photographed meanwhile
        _save(student, update_fields=[*changed, "id_sealed", "id_tail", "pinyin", "initials", "updated_at"])
        facts = {"correction": correction.pk} if correction else {}
        history.record("student.changed", student, by=by, facts=_change_facts(student, changed, before) | facts)
        _follow(student, set(changed), by=by, correction=correction)


def _follow(student: Student, changed: set[str], *, by: history.Actor, correction: Correction | None) -> None:
    """What a change means for proof and print."""
    if student.stage == Student.Stage.PROOFED and changed & {"student_no", *PRINTED_FIELDS}:
        proof_reopening.reopen_proofs([student.pk], school=student.school, by=by)
        student.stage = Student.Stage.APPROVED
    elif correction and student.stage in FIXED_STAGES and changed & ON_SHEETS:
        facts = {"correction": correction.pk}
        states.change(student, Student.Stage.PROOFED, by=by, kind="student.to_print_again", facts=facts)
        correction.to_print_again = True
        Correction.objects.filter(pk=correction.pk).update(to_print_again=True)


def _change_facts(student: Student, changed: list[str], before: dict[str, str]) -> dict[str, Any]:
    """{field: [old, new]} for the history; private values are replaced by HIDDEN."""
    pairs = {
        name: [before[name], getattr(student, name)] if name in PUBLIC_FIELDS else [HIDDEN, HIDDEN] for name in changed
    }
    return {_field_of(name): pair for name, pair in pairs.items()}


def _save(student: Student, **options: Any) -> None:
    try:
        with transaction.atomic():
            student.save(**options)
    except IntegrityError as error:  # another request was faster
        raise Conflict from error


def _clean_fields(
    values: dict[str, str], id_number: str, student: Student, by: history.Actor
) -> tuple[dict[str, str], str]:
    """(clean values, clean document number). Raises WrongData."""
    if student.appeared_by_code:
        return _clean_fields_of_coded(values, student), student.id_number
    clean = dict.fromkeys(FORM_FIELDS, "") | {"id_type": Student.IdType.RESIDENT.value}
    problems: dict[str, Problem] = {}
    taken = None
    for name in FORM_FIELDS:
        value = clean_field(name, (values.get(name) or "").strip())
        if isinstance(value, Problem):
            problems[name] = value
        elif value:
            clean[name] = value
    number = clean_field("id_number", id_number)
    if isinstance(number, str):
        number = id_numbers.problem_of(number, clean["id_type"], clean["gender"]) or number
    if isinstance(number, Problem):
        problems["id_number"] = number
    else:
        conflicts, taken = _find_conflicts(clean["student_no"], number, student)
        problems |= conflicts
    if not student_limits.present().admits(Student(college=clean["college"], class_name=clean["class_name"])):
        problems.setdefault("class_name", Problem("outside_limit"))
    if problems:
        if taken:
            taken.record(by)
        raise WrongData(problems, taken)
    if not clean["gender"] and id_numbers.says_gender(clean["id_type"]):
        clean["gender"] = id_numbers.gender_of(str(number))
    return clean, str(number)


def _clean_fields_of_coded(values: dict[str, str], student: Student) -> dict[str, str]:
    """Of a student who appeared by a capture code: who it is, the registry says; the class is one of the catalogue."""
    kept = {name: getattr(student, name) for name in ("name", "id_type", "gender")}
    clean, problems = dict(kept), {name: Problem("by_code") for name in kept if (values.get(name) or "") != kept[name]}
    if not kept["gender"] and values.get("gender") in Student.Gender.values:
        clean["gender"] = str(values["gender"])
        problems.pop("gender", None)
    for name in FORM_FIELDS:
        if name not in kept:
            value = clean_field(name, (values.get(name) or "").strip())
            if isinstance(value, Problem):
                problems[name] = value
            else:
                clean[name] = value
    others = Student.objects.filter(season=student.season, school=student.school).exclude(pk=student.pk)
    with student_limits.lifted():
        if "student_no" in clean and others.filter(student_no=clean["student_no"]).exists():
            problems["student_no"] = Problem("taken_no")
    place = {name: clean.get(name, "") for name in ("college", "major", "class_name")}
    if any(place[name] != getattr(student, name) for name in place) and not catalogue.has(student, **place):
        problems.setdefault("class_name", Problem("not_in_catalogue"))
    if not student_limits.present().admits(Student(college=place["college"], class_name=place["class_name"])):
        problems.setdefault("class_name", Problem("outside_limit"))
    if problems:
        raise WrongData(problems)
    return clean


def check_value(*, student: Student, field: str, value: str, id_type: str = "") -> str:
    """The clean value of one field. Raises WrongData for a value that could never be stored.

    `id_type`: of a document number, when it is of another document than the recorded one.

    A document number is not compared with the gender, because the gender may be the wrong field.
    It is not searched among other students: the answer would reveal that another one has it.
    """
    cleaned = cells.CLEANERS[field](value)
    if field == "id_number" and isinstance(cleaned, str):
        cleaned = id_numbers.problem_of(cleaned, id_type or student.id_type) or cleaned
    elif isinstance(cleaned, str) and len(cleaned) > BY_FIELD[field].limit:
        cleaned = Problem("too_long", {"limit": BY_FIELD[field].limit})
    if isinstance(cleaned, Problem):
        raise WrongData({field: cleaned})
    return cleaned


def clean_field(name: str, value: str) -> str | Problem:
    """The clean value of one column of the roster, or why it cannot be."""
    column = BY_FIELD[name]
    if not value:
        return Problem("empty") if column.required else ""
    if name in _CHOSEN:
        return value
    cleaned = cells.CLEANERS[name](value)
    if isinstance(cleaned, str) and len(cleaned) > column.limit:
        return Problem("too_long", {"limit": column.limit})
    return cleaned


def _find_conflicts(student_no: str, number: str, student: Student) -> tuple[dict[str, Problem], NumberTaken | None]:
    """{field: Problem} for a student number or document number that another student has.

    Who is limited to some students is not told where the others are.
    """
    digests = id_encryption.digests(number)
    with student_limits.lifted():
        others = Student.objects.filter(season=student.season, school=student.school).exclude(pk=student.pk)
        if student_no and others.filter(student_no=student_no).exists():
            return {"student_no": Problem("taken_no")}, None
        own = others.filter(id_hash__in=digests).first()
    limit = student_limits.present()
    if own:
        seen = limit.admits(own)
        problem = Problem("taken_here", {"student_no": own.student_no}) if seen else Problem("taken_outside_limit")
        return {"id_number": problem}, NumberTaken("student.number_tried", own, student_no)
    with across_schools():
        others = Student.objects.filter(season=student.season, id_hash__in=digests).exclude(pk=student.pk)
        is_taken = others.exists()
    if is_taken:
        problem = Problem("taken_outside_limit" if limit else "taken_elsewhere")
        return {"id_number": problem}, NumberTaken("roster.number_elsewhere", student.school, student_no)
    return {}, None


def remove_students(*, students: Iterable[int], school: School, season: Season, by: history.Actor) -> int:
    """Remove students without a photo; return how many.

    Raises Conflict, and removes nobody, when one of them has a photo, an order or a waiver.
    """
    require_open_roster(school=school, season=season)
    picked = set(students)
    try:
        with transaction.atomic():
            rows = _removable(picked, school, season)
            for row in rows:
                history.record("student.removed", row, by=by, before=row.stage, facts={"student_no": row.student_no})
            Student.objects.filter(pk__in=picked).delete()
    except ProtectedError as error:
        raise Conflict(_("A student who has an order or a waiver cannot be removed.")) from error
    return len(rows)


def reveal_id_number(*, student: Student, by: history.Actor) -> str:
    """The document number in clear; an event records it. The caller checks the permission."""
    history.record("student.revealed", student, by=by)
    return student.id_number


def _removable(picked: set[int], school: School, season: Season) -> list[Student]:
    mine = Student.objects.filter(pk__in=picked, school=school, season=season, stage=Student.Stage.WAITING)
    rows = list(mine.select_for_update(of=("self",)))
    if not rows or len(rows) != len(picked):
        raise Conflict(_("Only students without a photo can be removed. Reload the list and pick again."))
    return rows
