"""Reading, checking, comparing and writing a roster file, for portal, API and command."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from portal import history
from portal.changes import states
from portal.errors import Conflict, PortalError
from schools.models import Action, Enrolment, School, Season
from students.correcting import proof_reopening
from students.models import Student
from students.roster import changes, spreadsheet_reader
from students.roster.cell_problems import Problem
from students.roster.checked_rows import CheckedFile, Checker
from students.roster.headings import UNASSIGNED, Assignment
from students.roster.spreadsheet_reader import Roster
from students.roster.staging import Staging
from students.roster.validation import Problems
from students.without_list import choosing

CHUNK = 2000  # rows between two reports of progress
MAX_REPORTED = 2000  # wrong rows whose reasons are stored
FIGURES = ("new", "changed", "unchanged", "wrong")
MAX_NAMED = 100  # students named in a list of the report
Progress = Callable[[int, int], None]


class Missing(NamedTuple):
    """A student of the roster who is not in the file."""

    pk: int
    stage: str
    fee_state: str

    @property
    def is_photographed(self) -> bool:
        return self.stage != Student.Stage.WAITING

    @property
    def is_paid(self) -> bool:
        return not self.is_photographed and self.fee_state in Student.NOT_BILLED

    @property
    def may_leave(self) -> bool:
        """Neither a photo nor a payment or waiver would be left without its student."""
        return not (self.is_photographed or self.is_paid)


@dataclass
class Plan:
    """The changes that a file makes to the roster.

    `after_photo` (whose name, document and gender stay, though the file has others), `after_proof` and `returning` (who
    had left) are ids of students; `missing` are those of the roster
    who are not in the file. `elsewhere`: students of other schools who have the document number of a row, {row: id};
    it is empty in a trial. `changed_rows`: see `students.roster.changes`.
    """

    file: CheckedFile
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    wrong: dict[int, Problems] = field(default_factory=dict)
    warned: dict[int, Problems] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)
    returning: list[int] = field(default_factory=list)
    changed_rows: list[changes.Raw] = field(default_factory=list)
    after_photo: list[int] = field(default_factory=list)
    after_proof: list[int] = field(default_factory=list)
    elsewhere: dict[int, int] = field(default_factory=dict)

    @property
    def roster(self) -> Roster:
        return self.file.roster

    @property
    def figures(self) -> dict[str, Any]:
        return {"new": self.new, "changed": self.changed, "unchanged": self.unchanged, "wrong": len(self.wrong)}

    @property
    def leaving(self) -> list[int]:
        """Ids of the students who can be marked as having left."""
        return [each.pk for each in self.missing if each.may_leave]

    @property
    def report(self) -> dict[str, Any]:
        """JSON for the preview: codes of problems, rows and ids. Names and numbers are read where they are shown."""
        return {
            "sheets": self.roster.sheets,
            "left_out": self.roster.left_out[:MAX_NAMED],
            "ignored": self.roster.ignored[:20],
            "hidden": self.roster.hidden,
            "skipped": {
                "headings": self.roster.headings_again,
                "notes": len(self.roster.notes),
                "first": [row for row, _text in self.roster.notes[:20]],
            },
            "wrong": _stored(self.wrong, MAX_REPORTED),
            "warned": {"count": len(self.warned), "first": self._first_warnings()},
            "fields": changes.count_fields(self.changed_rows),
            "missing": {
                "count": len(self.missing),
                "first": [each.pk for each in self.missing[:MAX_NAMED]],
                "leaving": len(self.leaving),
                "photographed": sum(each.is_photographed for each in self.missing),
                "paid": sum(each.is_paid for each in self.missing),
            },
            "returning": len(self.returning),
            "after_photo": {"count": len(self.after_photo), "first": self.after_photo[:MAX_NAMED]},
            "after_proof": len(self.after_proof),
            "elsewhere": [[self.roster.place(row), pk] for row, pk in sorted(self.elsewhere.items())][:MAX_NAMED],
        }

    def _first_warnings(self) -> list[list[Any]]:
        """[row as people call it, {field: (code, params)}] of the first warned rows."""
        first = _stored(self.warned, MAX_NAMED)
        return [[self.roster.place(entry["row"]), entry["cells"]] for entry in first]


def _stored(found: dict[int, Problems], most: int) -> list[dict[str, Any]]:
    return [
        {"row": row, "cells": {name: [p.code, p.params] for name, p in found[row].items()}}
        for row in sorted(found)[:most]
    ]


def require_open_roster(*, school: School, season: Season) -> Enrolment:
    """The enrolment of the school. Raises PortalError when its roster can no longer be changed."""
    enrolment = Enrolment.objects.select_related("season").filter(school=school, season=season).first()
    if enrolment is None:
        raise PortalError(_("Your school is not enrolled in this season. Ask the center."))
    enrolment.require(Action.IMPORT)
    return enrolment


def check_size(size: int) -> None:
    """Raise PortalError for an empty file, or one over UPLOAD_MAX_BYTES["roster"]."""
    limit = settings.UPLOAD_MAX_BYTES["roster"]
    if size > limit:
        raise PortalError(
            _("The file is larger than %(limit)d MB. Copy the roster alone into the template.")
            % {"limit": limit // 1024 // 1024}
        )
    if not size:
        raise PortalError(_("The file is empty. Fill the template with your students and upload it."))


class StagedFile:
    """A file whose right rows are in the staging table."""

    def __init__(self, file: CheckedFile, staging: Staging, *, keeps_changes: bool) -> None:
        self.file, self.staging, self.keeps_changes = file, staging, keeps_changes
        self.wrong = dict(file.wrong)
        self.elsewhere: dict[int, int] = {}

    def compare(self) -> Plan:
        """The plan without a look at other schools."""
        self.wrong.update(self.staging.compare())
        new, changed, unchanged = self.staging.counts()
        return Plan(
            self.file,
            new,
            changed,
            unchanged,
            self.wrong,
            {row: found for row, found in self.file.warned.items() if row not in self.wrong},
            missing=[Missing(*found) for found in self.staging.missing(self.file.wrong_numbers)],
            returning=self.staging.returning(),
            changed_rows=list(self.staging.changes()) if self.keeps_changes else [],
            after_photo=self.staging.changed_after_photo(),
            after_proof=self.staging.changed_after_proof(),
            elsewhere=self.elsewhere,
        )

    def without_taken_elsewhere(self, plan: Plan) -> Plan:
        """The plan of what can be written: without rows whose document number another school has."""
        self.elsewhere = self.staging.remove_taken_elsewhere()
        if not self.elsewhere:
            return plan
        self.wrong |= {row: {"id_number": Problem("taken_elsewhere")} for row in self.elsewhere}
        return self.compare()


def no_progress(done: int, total: int) -> None:
    """The default of `progress`."""


def check_file(
    content: bytes,
    *,
    school: School,
    season: Season,
    assignment: Assignment = UNASSIGNED,
    progress: Progress = no_progress,
) -> CheckedFile:
    """Read a file and check it row by row. Raises UnreadableSheet."""
    with spreadsheet_reader.open_roster(content, assignment) as roster:
        checker = Checker(roster.place, school_id=school.pk, season_id=season.pk)
        done = 0
        while chunk := list(islice(roster.rows, CHUNK)):
            checker.add(chunk)
            done += len(chunk)
            progress(min(done, roster.total), roster.total)
    return checker.finish(roster)


def stage(file: CheckedFile, staging: Staging, *, progress: Progress = no_progress) -> None:
    """Put the right rows of a file into the staging table."""
    staging.copy(file.blocks)
    staging.remove(file.revoked)
    progress(file.roster.total, file.roster.total)


def plan_import(
    file: CheckedFile | bytes,
    *,
    school: School,
    season: Season,
    assignment: Assignment = UNASSIGNED,
    progress: Progress = no_progress,
) -> Plan:
    """The plan of a file, which was checked already or is read now; nothing is written."""
    if isinstance(file, bytes):
        file = check_file(file, school=school, season=season, assignment=assignment, progress=progress)
        progress = no_progress
    with Staging(school=school, season=season) as staging:
        stage(file, staging, progress=progress)
        return StagedFile(file, staging, keeps_changes=True).compare()


def apply_import(
    file: CheckedFile | bytes,
    *,
    school: School,
    season: Season,
    by: history.Actor,
    assignment: Assignment = UNASSIGNED,
    import_no: int | None = None,
    progress: Progress = no_progress,
    expected: dict[str, int] | None = None,
    marks_left: bool = False,
    then: Callable[[Plan], Any] = lambda found: None,
) -> Plan:
    """Write new and changed rows of a file in one transaction; wrong rows are left out.

    `expected`: the figures of the confirmed preview. Raises Conflict when they have changed. `marks_left`: students
    who are not in the file have left the school, unless they are photographed or paid for. `then` is called inside the transaction, to record the event of the import.
    """
    choosing.require_list(require_open_roster(school=school, season=season))
    if isinstance(file, bytes):
        file = check_file(file, school=school, season=season, assignment=assignment, progress=progress)
        progress = no_progress
    with Staging(school=school, season=season) as staging:
        stage(file, staging, progress=progress)
        staged = StagedFile(file, staging, keeps_changes=False)
        with transaction.atomic():
            _lock_roster(school)
            lock_numbers()
            found = staged.compare()
            figures = found.figures | {"leaving": len(found.leaving) if marks_left else 0}
            if expected is not None and not expected.items() <= figures.items():
                raise Conflict(
                    _("The roster has changed since this preview. Look at the new figures and confirm again.")
                )
            found = staged.without_taken_elsewhere(found)
            staging.write(by=by, import_no=import_no)
            facts = {"import": import_no} if import_no else {}
            came_back = Student.objects.filter(pk__in=found.returning)
            states.change_many(came_back, Student.Stage.WAITING, by=by, kind="student.came_back", facts=facts)
            if marks_left:
                leaving = Student.objects.filter(pk__in=found.leaving)
                states.change_many(leaving, Student.Stage.LEFT, by=by, facts=facts)
            proof_reopening.reopen_proofs(found.after_proof, school=school, by=by)
            then(found)
    return found


def lock_numbers(*, exclusive: bool = False) -> None:
    """Until the end of the transaction no key rotation changes document numbers; or, exclusive, no
    import writes them."""
    with connection.cursor() as cursor:
        mode = "" if exclusive else "_shared"
        cursor.execute(f"SELECT pg_advisory_xact_lock{mode}(hashtext('document numbers'))")


def _lock_roster(school: School) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('roster'), %s)", [school.pk])
