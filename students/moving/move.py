"""Moving a student: a new row at the receiving school takes over what belongs to the person, the old row ends.

A row stays at its school, so nothing of the school before is rewritten: what was paid, settled, decided and recorded
there remains as it was. Each room registers what it carries over (`registers_mover`); its files are written anew under
the path of the receiving school before anything is locked (`registers_copier`), and the document number is encrypted for
the new row.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import files, history, notifications
from portal.background import jobs
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import Contact, Job, User
from portal.tenancy import school_scope, system_scope
from schools.models import Enrolment
from students.correcting import proof_reopening
from students.models import SchoolChange, Student, StudentSession
from students.moving import earlier_history, school_changes
from students.roster.importer import lock_numbers, require_open_roster

log = logging.getLogger(__name__)
Stage = Student.Stage
GONE = "已转出"  # the name of the row that stays behind
CARRIED = ("id_type", "id_masked", "gender", "phone", "email", "language", "stage", "locked_at", "lock_reason")


Stores = Callable[[files.Writer, Any, Any, str], dict[str, Any]]


def _as_it_is(write: files.Writer, row: Any, twin: Any, name: str) -> dict[str, Any]:
    with getattr(row, name).open("rb") as content:
        return write.store(twin, {name: content})


@dataclass
class Copies:
    """The files of a student who moves, written for the receiving school. `new`: the id that the student has there."""

    old: Student
    new: int
    school: int
    write: files.Writer
    _twins: dict[tuple[type[models.Model], int], tuple[Any, dict[str, str]]] = field(default_factory=dict)

    def twin(self, row: Any, names: Iterable[str], *, stores: Stores = _as_it_is, **values: Any) -> Any:
        """An unsaved row of the receiving school with a copy of the files in these fields.

        Asked first by a copier, then by the mover, which gets the same one; a file that came meanwhile is written then.
        """
        fresh: tuple[Any, dict[str, str]] = type(row)(school_id=self.school, **values), {}
        twin, copied = self._twins.setdefault((type(row), row.pk), fresh)
        for name in names:
            source = getattr(row, name).name
            if source and copied.get(name) != source:
                copied[name] = source
                for column, value in stores(self.write, row, twin, name).items():
                    setattr(twin, column, value)
        return twin


@dataclass
class Move:
    """One move at work. `photos`: {id of a photo: the new one}, filled by capture. `told`: facts for the history."""

    change: SchoolChange
    old: Student
    new: Student
    copies: Copies
    by: history.Actor
    photos: dict[int, int] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)

    def copy(self, row: Any, *, files_of: Iterable[str] = (), **changed: Any) -> Any:
        """A new row with the columns of `row` at the receiving school, and a copy of its files."""
        model = type(row)
        twin = self.copies.twin(row, files_of)
        own = {column for name in files_of if getattr(row, name) for column in (name, f"{name}_size")}
        kept = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if not f.primary_key}
        for column, value in (kept | {"school_id": self.new.school_id} | changed).items():
            if column not in own:
                setattr(twin, column, value)
        moments = {f.name: getattr(row, f.name) for f in model._meta.concrete_fields if _is_set_by_itself(f)}
        twin.save(force_insert=True)
        if moments:  # the times at which things happened stay
            model._base_manager.filter(pk=twin.pk).update(**moments)
        return twin


def _is_set_by_itself(column: models.Field) -> bool:
    return bool(getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False))


Mover = Callable[[Move], None]
Copier = Callable[[Copies], None]
_BEFORE: list[Callable[[Student], None]] = []
_COPIERS: list[Copier] = []
_MOVERS: list[Mover] = []


def prepares_move(function: Callable[[Student], None]) -> Callable[[Student], None]:
    """Register what is done before the transaction, such as asking a payment provider. It may raise PortalError."""
    _BEFORE.append(function)
    return function


def registers_copier(copier: Copier) -> Copier:
    """Register which files a room carries over (`Copies.twin`): they are written before the transaction, which locks the
    schools, so that nobody waits for the disk or the bucket."""
    _COPIERS.append(copier)
    return copier


def registers_mover(mover: Mover) -> Mover:
    """Register what a room carries over, in the transaction of the move and a scope of all schools."""
    _MOVERS.append(mover)
    return mover


def _fail(job: Job) -> None:
    school_changes.fail(SchoolChange.objects.get(pk=job.params["change"]), message=job.message)


@jobs.handler(school_changes.KIND, label=gettext_lazy("A student moves to another school"), on_failure=_fail)
def run(job: Job) -> None:
    by = User.objects.get(pk=job.params["by"])
    with system_scope():
        row = SchoolChange.objects.select_related("school", "giving", "season").get(pk=job.params["change"])
        if row.status == SchoolChange.Status.MOVING:  # else an earlier worker moved the student and was lost afterwards
            move(row, by=by)


def move(row: SchoolChange, *, by: history.Actor) -> Student:
    """Move the student. Raises PortalError, and changes nothing, when something is in the way."""
    school_changes.require_granted(row)
    there = Student.objects.select_related("school", "season").filter(school=row.giving_id)
    old = there.filter(pk=row.student_id or 0).first()
    if old is None or old.is_erased:
        raise Conflict(_("This student is no longer on a roster. The school that asked can add the student itself."))
    for prepare in _BEFORE:
        with school_scope(old.school):
            prepare(old)
    with files.writing() as write:  # before the locks
        copies = Copies(old, _reserved_id(), row.school_id, write)
        for copier in _COPIERS:
            copier(copies)
        new = _move(row, old, copies, by=by)
        write.delete_written()  # what was replaced or deleted meanwhile
    return new


@transaction.atomic
def _move(row: SchoolChange, old: Student, copies: Copies, *, by: history.Actor) -> Student:
    lock_numbers()
    for pk in sorted((row.giving_id, row.school_id)):  # in one order: two moves never wait for each other
        Enrolment.objects.select_for_update(of=("self",), no_key=True).get(school=pk, season=row.season_id)
    old = Student.objects.select_for_update(of=("self",)).select_related("school", "season").get(pk=old.pk)
    require_open_roster(school=row.school, season=row.season)
    if reason := school_changes.obstacle(old):
        raise PortalError(reason)
    earlier = earlier_history.copied(old)
    found = Move(row, old, _arrive(row, old, pk=copies.new), copies, by)
    facts = {"school_change": row.pk, "school": row.school.code}
    states.change(old, Stage.LEFT, by=by, kind="student.moved_away", facts=facts)
    for mover in _MOVERS:
        mover(found)
    _finish(found, earlier)
    return found.new


def _reserved_id() -> int:
    """The id of the row to come: what is encrypted for it is written before the row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('students_student', 'id'))")
        return int(cursor.fetchone()[0])


def _arrive(row: SchoolChange, old: Student, *, pk: int) -> Student:
    """The row at the receiving school. The old one gives the document number up."""
    if Student.objects.filter(school=row.school_id, season=row.season_id, student_no=row.student_no).exists():
        raise PortalError(
            _("The receiving school has another student with this number now. It asks again with another one.")
        )
    number, before = old.id_number, old.student_no
    new = Student(
        pk=pk,
        school=row.school,
        season=row.season,
        **{name: getattr(row, name) for name in school_changes.FIELDS},
        **{name: getattr(old, name) for name in CARRIED},
    )
    old.student_no = f"{Student.ERASED_NUMBER}{old.pk}"
    old.id_number = f"moved{old.pk}"  # nobody's
    Student.objects.filter(pk=old.pk).update(id_hash=old.id_hash)
    new.id_number = number
    new.save(force_insert=True)
    row.student_no_before = before
    return new


def _finish(found: Move, earlier: list[dict[str, Any]]) -> None:
    row, old, new = found.change, found.old, found.new
    StudentSession.objects.filter(student=old).delete()
    Contact.objects.filter(recipient_key=old.actor_key).delete()
    old.name, old.phone, old.email, old.lock_reason = GONE, "", "", ""
    old.id_masked = ""
    old.gender = old.level = old.college = old.major = old.class_name = ""
    old.save()
    came = {"school_change": row.pk, "school": row.giving.code, earlier_history.FACT: earlier} | found.told
    history.record(earlier_history.ARRIVAL, new, by=found.by, after=new.stage, facts=came)
    states.change(
        row,
        SchoolChange.Status.MOVED,
        by=found.by,
        moved_to_id=new.pk,
        moved_at=timezone.now(),
        student_no_before=row.student_no_before,
        told=found.told,
    )
    _tell(found)


def _tell(found: Move) -> None:
    row, new = found.change, found.new
    parameters = {"student": new.name, "school": row.school.name, "giving": row.giving.name}
    proof_reopening.reopen_proofs([new.pk], school=row.school, by=found.by)  # what is printed has changed
    notifications.notify(new, school=row.school, kind="school_change.student", parameters={"school": row.school.name})
    for school in (row.school, row.giving):
        notifications.notify_school(
            school, season=row.season, kind="school_change.moved", parameters=parameters, link="/school/roster/moves/"
        )
    notifications.notify_center(season=row.season, kind="school_change.moved_center", parameters=parameters)
