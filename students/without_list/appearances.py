"""Students who are on no list: they appear by what the registry's code says of them, and the school confirms them.

Who is on the row: the registry's number in place of a document number, name and document number in stars, and what the
student chose. `Appearance` says what the school said to it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import history, notifications
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.tenancy import across_schools, school_scope
from schools.models import Action, Enrolment, Season
from students.identity import id_encryption
from students.models import Appearance, CatalogueClass, Student
from students.moving import move
from students.privacy import erasure, id_number_retention
from students.records import change_student, clean_field
from students.roster.cell_problems import Problem
from students.without_list import catalogue

Status = Appearance.Status
Confirmed = Callable[[Student], None]
Refusing = Callable[[Student, str, User], None]
_CONFIRMED: list[Confirmed] = []
_REFUSING: list[Refusing] = []
_LEAVING: list[Confirmed] = []
REASON_LENGTH = 300
LONGEST = {"number": 40, "masked_name": 60, "masked_document": 40}


def registers_confirmed(function: Confirmed) -> Confirmed:
    """Register what a room above does once a student is confirmed."""
    _CONFIRMED.append(function)
    return function


def registers_leaving(function: Confirmed) -> Confirmed:
    """Register what a room above forgets of a refused student who appears at another school. In the old school's scope."""
    _LEAVING.append(function)
    return function


def registers_refusing(function: Refusing) -> Refusing:
    """Register function(student, reason, by), called in the transaction before the student counts no longer."""
    _REFUSING.append(function)
    return function


@dataclass(frozen=True)
class Coded:
    """What the registry's code says: its number of the student; name and document number in stars."""

    number: str
    masked_name: str
    masked_document: str


class NotAdmitted(PortalError):
    """A visitor with a right code cannot appear. `why`: a word for the history."""

    status = 409

    def __init__(self, sentence: str, why: str) -> None:
        super().__init__(sentence)
        self.why = why


def known(coded: Coded, season: Season) -> Student | None:
    """The student of the season who has this number of the registry, at any school. Needs a scope of all schools."""
    rows = Student.objects.filter(season=season, id_hash__in=id_encryption.digests(coded.number))
    return rows.filter(id_type=Student.IdType.REGISTRY).select_related("school", "season", "appearance").first()


def appear(coded: Coded, *, enrolment: Enrolment, entry: CatalogueClass, student_no: str) -> Student:
    """The student who appears at the school, in a class of its catalogue; or appears again after a refusal.

    Raises NotAdmitted, or PortalError for a student number that cannot be one or a phase in which nobody is added.
    """
    enrolment.require(Action.IMPORT)
    if enrolment.hands_over_list:
        raise PortalError(_("Your school has sent us a list. Sign in with the details that it registered."))
    clean_no = clean_field("student_no", student_no.strip())
    if isinstance(clean_no, Problem):
        raise PortalError(str(clean_no))
    with across_schools():
        before = known(coded, enrolment.season)
    if before and before.school_id != enrolment.school_id:
        _leave_other(before)
        before = None
    if before and before.appearance.status != Status.REFUSED:
        raise NotAdmitted(
            _(
                "You have signed up already, with the student number %(no)s. Sign in with it; if it is wrong, tell your school."
            )
            % {"no": before.student_no},
            "appeared",
        )
    try:
        with school_scope(enrolment.school):
            return _stored(before, coded, enrolment, entry, clean_no)
    except IntegrityError as error:
        raise Conflict from error  # the same code at the same moment


def _leave_other(before: Student) -> None:
    """Whom another school has refused, gives the number free there. Raises NotAdmitted while the student is there."""
    if before.appearance.status != Status.REFUSED:
        raise NotAdmitted(
            _("This capture code is in use at another school: %(school)s. Ask it to take you off first.")
            % {"school": before.school.name},
            "other_school",
        )
    with school_scope(before.school), transaction.atomic():
        for function in _LEAVING:
            function(before)
        freed = {
            "id_sealed": b"",
            "id_tail": None,
            "id_hash": f"{id_number_retention.NO_HASH}{before.pk}",
            "id_masked": "",
        }
        Student.objects.filter(pk=before.pk).update(**freed)
        history.record("student.appeared_elsewhere", before, by=history.SYSTEM)


@transaction.atomic
def _stored(
    before: Student | None, coded: Coded, enrolment: Enrolment, entry: CatalogueClass, student_no: str
) -> Student:
    others = Student.objects.filter(school=enrolment.school_id, season=enrolment.season_id, student_no=student_no)
    if before is not None:
        others = others.exclude(pk=before.pk)
    if others.exists():
        raise NotAdmitted(
            _("Another student has this student number. Check the number; if it is yours, tell your school."),
            "number_taken",
        )
    student = before or Student(school=enrolment.school, season=enrolment.season, id_type=Student.IdType.REGISTRY)
    student.student_no, student.name, student.id_masked = student_no, coded.masked_name, coded.masked_document
    student.college, student.major, student.class_name, student.level = (
        *(entry.college, entry.major, entry.class_name, entry.level),
    )
    student.id_number = coded.number
    student.save()
    if before is None:
        row = Appearance.objects.create(student=student, school=student.school, season=student.season)
    else:
        row = before.appearance
        states.change(row, Status.WAITING, by=student, appeared_at=timezone.now(), decided_at=None, decided_by_name="")
        states.change(student, Student.Stage.WAITING, by=student)
    history.record("student.appeared", student, by=student, after=row.status, facts={"class_name": student.class_name})
    return student


def of(student: Student) -> Appearance | None:
    """None for a student of a list."""
    return Appearance.objects.filter(student=student).first() if student.appeared_by_code else None


def require_admitted(student: Student, season: Season) -> None:
    """Raise PortalError where the school says yes before the photo, and has not yet."""
    row = of(student)
    if row is None or row.status == Status.CONFIRMED:
        return
    if row.status == Status.REFUSED:
        raise Conflict(_("Your school has not confirmed you: %(reason)s") % {"reason": row.reason})
    if holds_back(row, season):
        raise Conflict(
            _("Your school has not confirmed you yet. It can see that you are waiting; then the camera opens.")
        )


def holds_back(row: Appearance | None, season: Season) -> bool:
    """Whether the photo waits for the school."""
    return row is not None and row.status == Status.WAITING and season.without_list == Season.WithoutList.BEFORE


def unconfirmed_students() -> QuerySet[Appearance, int]:
    """The ids of the students whom their schools have not confirmed."""
    return Appearance.objects.exclude(status=Status.CONFIRMED).values_list("student", flat=True)


def waiting(enrolment: Enrolment) -> int:
    rows = Appearance.objects.filter(school=enrolment.school_id, season=enrolment.season_id, status=Status.WAITING)
    return rows.count()


def alike() -> Q:
    """A condition on students: another one of the school has the same name and document number in stars."""
    others = Student.objects.filter(
        school=OuterRef("school"), season=OuterRef("season"), name=OuterRef("name"), id_masked=OuterRef("id_masked")
    )
    others = others.filter(id_type=Student.IdType.REGISTRY).exclude(pk=OuterRef("pk")).exclude(stage=Student.Stage.LEFT)
    return Q(id_type=Student.IdType.REGISTRY) & Q(Exists(others))


def alike_among(students: Iterable[Student]) -> set[int]:
    """Of these, the ids whose name and document number in stars another student of the school has too. One query."""
    shown = [row for row in students if row.appeared_by_code]
    if not shown:
        return set()
    rows = Student.objects.filter(
        season__in={row.season_id for row in shown},
        school__in={row.school_id for row in shown},
        id_type=Student.IdType.REGISTRY,
        name__in={row.name for row in shown},
        id_masked__in={row.id_masked for row in shown},
    ).exclude(stage=Student.Stage.LEFT)
    keys = ("season_id", "school_id", "name", "id_masked")
    several = set(rows.order_by().values_list(*keys).annotate(n=Count("*")).filter(n__gt=1).values_list(*keys))
    return {row.pk for row in shown if (row.season_id, row.school_id, row.name, row.id_masked) in several}


ALIKE = "alike"
KINDS = [*Status.choices, (ALIKE, gettext_lazy("The same in stars as another"))]  # of a list's filter


def narrow(students: QuerySet[Student], kind: str) -> QuerySet[Student]:
    return students.filter(alike()) if kind == ALIKE else students.filter(appearance__status=kind)


def count(students: QuerySet[Student]) -> dict[str, int]:
    """How many there are of each of KINDS."""
    return {kind: narrow(students.order_by(), kind).count() for kind, _label in KINDS}


def to_confirm(students: QuerySet[Student]) -> QuerySet[Student]:
    return students.filter(appearance__status=Status.WAITING)


def to_refuse(students: QuerySet[Student]) -> QuerySet[Student]:
    """Also who was confirmed, as long as no portrait is approved."""
    stage = Student.Stage
    stages = (stage.WAITING, stage.CHECKING, stage.RETAKE, stage.READY, stage.REVIEW)
    return students.filter(appearance__status__in=(Status.WAITING, Status.CONFIRMED), stage__in=stages)


@retried
def confirm(student: Student, *, by: User, is_looked_at: bool = False) -> Appearance:
    """Raises Conflict when somebody has decided already, and, unless it `is_looked_at`, where another student of the school
    has the same name and document number in stars."""
    student = (
        Student.objects.select_for_update(of=("self",), no_key=True)
        .select_related("school", "season")
        .get(pk=student.pk)
    )
    row = Appearance.objects.get(student=student)
    if not is_looked_at and alike_among([student]):
        raise Conflict(
            _(
                "Another student has the same name and document number in stars. Look at both, then confirm on the student's page."
            )
        )
    _decide(row, Status.CONFIRMED, by=by, only_from=[Status.WAITING])
    notifications.notify(student, school=student.school, kind="appearance.confirmed")
    transaction.on_commit(lambda: _tell_rooms(student))
    return row


def _tell_rooms(student: Student) -> None:
    with school_scope(student.school):
        for function in _CONFIRMED:
            function(student)


@retried
def refuse(student: Student, *, reason: str, by: User) -> Appearance:
    """The student counts no longer, reads the reason and may appear again. Raises PortalError without a reason."""
    reason = " ".join(reason.split())[:REASON_LENGTH]
    if not reason:
        raise PortalError(_("Please give the reason: the student has to know what to do."))
    students = Student.objects.select_for_update(of=("self",), no_key=True).select_related("school")
    student = students.get(pk=student.pk)
    if not to_refuse(Student.objects.filter(pk=student.pk)).exists():
        raise Conflict(_("This student can no longer be refused: the portrait is approved, or somebody has refused."))
    row = Appearance.objects.get(student=student)
    for function in _REFUSING:
        function(student, reason, by)
    student.refresh_from_db(fields=["stage"])
    _decide(row, Status.REFUSED, by=by, only_from=[Status.WAITING, Status.CONFIRMED], reason=reason)
    states.change(student, Student.Stage.LEFT, by=by, facts={"reason": reason})
    notifications.notify(student, school=student.school, kind="appearance.refused", parameters={"reason": reason})
    return row


def _decide(row: Appearance, status: Status, *, by: User, only_from: list[str], reason: str = "") -> None:
    facts = {"student": row.student_id} | ({"reason": reason} if reason else {})
    states.change(
        row,
        status,
        by=by,
        facts=facts,
        only_from=only_from,
        reason=reason,
        decided_at=timezone.now(),
        decided_by_name=by.actor_name[:80],
    )


def reclass(student: Student, *, entry: int, by: User) -> Student:
    """Put the student into a class of the catalogue."""
    row = CatalogueClass.objects.filter(pk=entry, school=student.school_id, season=student.season_id).first()
    if row is None:
        raise PortalError(_("The catalogue of your school has no such class. Add it there first."))
    return change_student(student=student, by=by, **{name: getattr(row, name) for name in catalogue.FIELDS})


@move.registers_mover
def go_along(found: move.Move) -> None:
    """What the one school said, holds at the other."""
    Appearance.objects.filter(student=found.old).update(student=found.new, school=found.new.school)


@erasure.registers_eraser
def erase(student: Student, whole: bool) -> None:
    """With the student: the row says when the student appeared, and why the school said no."""
    if whole:
        Appearance.objects.filter(student=student).delete()
