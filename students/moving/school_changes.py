"""A student who moves from one school to another: asked for, granted or refused, withdrawn. The only gate of its states.

The receiving school asks with the document number that it has in hand. The school that has the student, or the
center, grants or refuses. A job then moves the student (`students.moving.move`), because it writes rows of both
schools. Until the student has come, the receiving school is not told where the student is.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, notifications
from portal.background import jobs
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.history.seals import is_genuine
from portal.models import User
from portal.security import attempts
from portal.security.rate_limits import Daily
from portal.tenancy import across_schools, school_scope
from schools.models import Action, Enrolment, School, Season
from students import records
from students.identity import id_encryption, id_numbers
from students.models import RosterImport, SchoolChange, Student
from students.privacy import erasure
from students.roster import cells, excerpt, number_clashes
from students.roster.cell_problems import Problem
from students.roster.columns import COLUMNS
from students.roster.importer import require_open_roster

KIND = "school_change"  # of the job
Status = SchoolChange.Status
MOVES = Daily(
    "moves",
    200,
    gettext_lazy(
        "Your school has asked for %(n)d students of other schools, the most for one day. It can go on in %(hours)d h."
    ),
)
FIELDS = ("student_no", "name", "level", "college", "major", "class_name")  # as they are at the receiving school
Obstacle = Callable[[Student], str]
_OBSTACLES: list[Obstacle] = []


def registers_obstacle(obstacle: Obstacle) -> Obstacle:
    """Register `obstacle(student)`: the sentence why this student cannot be moved now, or "". In the giving school's scope."""
    _OBSTACLES.append(obstacle)
    return obstacle


def ask(
    *, school: School, season: Season, by: User, id_number: str, id_type: str = "", reason: str = "", **values: str
) -> SchoolChange:
    """Ask for the student who has this document number at another school of the season.

    `values`: FIELDS. Raises WrongData, or PortalError when no other school has the number, or too many wait.
    """
    enrolment = require_open_roster(school=school, season=season)
    clean, digests = _clean(school, season, values, id_number, id_type)
    attempts.begin("school_change", str(school.pk), free=number_clashes.MOST_OPEN)
    with across_schools():
        student = _elsewhere(season, school, digests)
        if student is None:
            _note_miss(school, season, by)
            raise PortalError(
                _("No other school of this season has this document number. Add the student to your roster.")
            )
        if student.appeared_by_code == enrolment.hands_over_list:
            raise PortalError(
                _(
                    "One of the two schools hands over a list and the other does not. The student is taken off there and comes here in this school's way."
                )
            )
        if SchoolChange.objects.filter(school=school, student=student, status__in=SchoolChange.OPEN).exists():
            raise Conflict(_("Your school has asked for this student already."))
    attempts.take_back("school_change", str(school.pk))
    MOVES.count(school.pk)
    with transaction.atomic():
        Enrolment.objects.select_for_update(of=("self",), no_key=True).get(school=school, season=season)
        _require_few(school, season)
        row = SchoolChange.objects.create(
            school=school,
            season=season,
            giving=student.school,
            student_id=student.pk,
            reason=reason.strip()[:200],
            asked_by_name=by.actor_name,
            **clean,
        )
        history.record("schoolchange.asked", row, by=by, after=row.status, facts={"student_no": row.student_no})
    with school_scope(student.school):
        history.record("student.change_asked", student, by=by, facts={"school_change": row.pk})
        notifications.notify_school(
            student.school,
            season=season,
            kind="school_change.asked",
            parameters={"student": student.name, "school": school.name},
            student=student,
            link="/school/roster/moves/",
        )
    notifications.notify_center(
        season=season,
        kind="school_change.asked_center",
        parameters={"school": school.name, "giving": student.school.name},
    )
    return row


def _note_miss(school: School, season: Season, by: User) -> None:
    """In a school's scope again, and kept although the request is refused."""
    with school_scope(school):
        enrolment = Enrolment.objects.get(school=school, season=season)
        history.record("student.not_elsewhere", enrolment, by=by)


def ask_for_import(roster: RosterImport, *, by: User) -> tuple[int, list[str]]:
    """Ask for the students whose rows an import left out because another school has their number.

    Returns how many were asked for, and a sentence for each that could not be.
    """
    kept = excerpt.excerpt_of(roster).wrong
    rows = [
        e["row"] for e in roster.report.get("wrong", ()) if e["cells"].get("id_number", [""])[0] == "taken_elsewhere"
    ]
    asked, refused = 0, []
    for row in rows:
        values = dict(zip((column.field for column in COLUMNS), kept[row], strict=True))
        try:
            ask(
                school=roster.school,
                season=roster.season,
                by=by,
                id_number=values["id_number"],
                id_type=values["id_type"],
                **{name: values[name] for name in FIELDS},
            )
        except PortalError as error:
            refused.append(f"{values['student_no']}: {error}")
        else:
            asked += 1
    return asked, refused


def _clean(
    school: School, season: Season, values: dict[str, str], id_number: str, id_type: str
) -> tuple[dict[str, str], list[str]]:
    clean: dict[str, str] = {}
    problems: dict[str, Problem] = {}
    for name in FIELDS:
        value = records.clean_field(name, (values.get(name) or "").strip())
        if isinstance(value, Problem):
            problems[name] = value
        else:
            clean[name] = value
    kind = cells.id_type(id_type) if id_type and id_type not in Student.IdType.values else id_type
    number = records.clean_field("id_number", id_number)
    if isinstance(number, str):
        number = id_numbers.problem_of(number, str(kind) or Student.IdType.RESIDENT) or number
    if isinstance(number, Problem):
        problems["id_number"] = number
    taken = Student.objects.filter(school=school, season=season, student_no=clean.get("student_no", ""))
    if "student_no" in clean and taken.exists():
        problems["student_no"] = Problem("taken_no")
    if problems:
        raise records.WrongData(problems)
    return clean, id_encryption.digests(str(number))


def _elsewhere(season: Season, school: School, digests: list[str]) -> Student | None:
    rows = Student.objects.filter(season=season, id_hash__in=digests).exclude(school=school)
    return rows.select_related("school").first()


def _require_few(school: School, season: Season) -> None:
    """As for rows of an import: a list of guesses does not fit in. One that was taken back counts for a day."""
    lately = Q(status=Status.WITHDRAWN, decided_at__gt=timezone.now() - dt.timedelta(days=1))
    asked = SchoolChange.objects.filter(school=school, season=season)
    waiting = asked.filter(Q(status__in=SchoolChange.OPEN) | lately).count()
    if waiting >= number_clashes.MOST_OPEN:
        raise PortalError(_("Too many students that your school asked for still wait for an answer. Ask the center."))


def of_school(school: School, season: Season) -> list[SchoolChange]:
    """Those that the school has asked for, and those that it is asked for; the newest first."""
    with across_schools():
        rows = _whole().filter(Q(school=school) | Q(giving=school), season=season)
        return list(rows)


def of_season(season: Season) -> QuerySet[SchoolChange]:
    """Needs the center's scope."""
    return _whole().filter(season=season)


def one(pk: int, *, party: School | None) -> SchoolChange | None:
    """The change, for one of its two schools or (None) the center."""
    with across_schools():
        row = _whole().filter(pk=pk).first()
    is_party = row is not None and (party is None or party.pk in (row.school_id, row.giving_id))
    return row if is_party else None


def _whole() -> QuerySet[SchoolChange]:
    return SchoolChange.objects.select_related("school", "giving", "season", "student__school")


def waiting_for(school: School, season: Season) -> int:
    """How many students of this school another one asks for."""
    with across_schools():
        return SchoolChange.objects.filter(giving=school, season=season, status__in=SchoolChange.TO_DECIDE).count()


def obstacle(student: Student) -> str:
    """Why the student cannot be moved now; "" when nothing is in the way. Needs the scope of the student's school."""
    enrolment = Enrolment.objects.select_related("season").filter(school=student.school_id, season=student.season_id)
    found = enrolment.first()
    if found is None or not found.allows(Action.IMPORT):
        return _(
            "The student's school has sent its feedback form; its list no longer changes. The center can send the form back."
        )
    return next(filter(None, (find(student) for find in _OBSTACLES)), "")


def grant(row: SchoolChange, *, by: User) -> SchoolChange:
    """The school that has the student, or the center, agrees: a job moves the student.

    Raises PortalError, whose sentence says what has to be settled first.
    """
    student = row.student
    if student is None:
        raise Conflict(_("This student is no longer on a roster. The school that asked can add the student itself."))
    with school_scope(row.giving):
        reason = obstacle(Student.objects.select_related("school", "season").get(pk=student.pk))
    if reason:
        raise PortalError(reason)
    with school_scope(row.school), transaction.atomic():
        require_open_roster(school=row.school, season=row.season)
        states.change(row, Status.MOVING, by=by, facts={"student": student.pk}, **_decided(by, ""))
        row.job = jobs.create(
            KIND, by=history.SYSTEM, school=row.school, season=row.season, params={"change": row.pk, "by": by.pk}
        )
        SchoolChange.objects.filter(pk=row.pk).update(job=row.job)
    return row


def require_granted(row: SchoolChange) -> None:
    """Raise Conflict unless `grant` has written, in the sealed history, that this student is handed over.

    Row and job belong to the school that asks: whoever sends SQL in its scope can write both, and can forge no line.
    """
    line = history.of(row).filter(after=Status.MOVING).order_by("-id").first()
    if line is None or not is_genuine(line) or line.facts.get("student") != row.student_id:
        raise Conflict(_("Nobody has handed this student over. Ask again."))


def refuse(row: SchoolChange, *, answer: str, by: User) -> SchoolChange:
    """The school that has the student, or the center, says no, with a reason that the other school reads."""
    if not answer.strip():
        raise PortalError(_("Please give the reason."))
    with school_scope(row.school):
        states.change(row, Status.REFUSED, by=by, **_decided(by, answer.strip()[:300]))
        notifications.notify_school(
            row.school,
            season=row.season,
            kind="school_change.refused",
            parameters={"student": row.name, "reason": row.answer},
            link="/school/roster/moves/",
        )
    return row


def withdraw(row: SchoolChange, *, by: User) -> SchoolChange:
    """The school that asked no longer wants the student."""
    return states.change(row, Status.WITHDRAWN, by=by, decided_at=timezone.now())


def fail(row: SchoolChange, *, message: str) -> None:
    """The job could not move the student: it is granted again, or refused."""
    if row.status == Status.MOVING:
        states.change(row, Status.FAILED, by=history.SYSTEM, answer=message[:300])


def _decided(by: User, answer: str) -> dict[str, Any]:
    return {"answer": answer, "decided_by_name": by.actor_name, "decided_at": timezone.now()}


@erasure.registers_eraser
def _erase(student: Student, whole: bool) -> None:
    """The name that was asked with; and whoever moved leaves the rows of the school before, too."""
    for row in SchoolChange.objects.filter(Q(student=student) | Q(moved_to=student)).select_related("student"):
        if whole:
            SchoolChange.objects.filter(pk=row.pk).update(name=erasure.ERASED, student_no="", student_no_before="")
        if row.moved_to_id == student.pk and row.student is not None:
            erasure.erase_traces(row.student, whole)
