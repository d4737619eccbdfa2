"""A roster from upload to import: read and judged by one job, shown, confirmed, written by another.

The file is the truth of both jobs: it lies encrypted until the import is over, and reading it again gives the same rows.
"""

import contextlib
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from schools import history, jobs, states
from schools.errors import Conflict, PortalError
from schools.models import Enrolment, School, Season, User
from students import identity, proofs, rows, spreadsheet, staging
from students.models import RosterImport
from students.rows import Judge, Problems
from students.spreadsheet import Sheet

CHUNK = 2000  # rows between two looks at the progress
REPORTED = 2000  # wrong rows whose reasons are kept
FIGURES = ("new", "changed", "unchanged", "wrong")
NAMED = 100  # students named in a list of the report
OPEN_FOR_ROSTER = (Enrolment.Status.PREPARING, Enrolment.Status.CAPTURING, Enrolment.Status.PROOFREADING)
Progress = Callable[[int, int], None]
Status = RosterImport.Status


@dataclass
class Plan:
    """What a file would do to the roster."""

    sheet: Sheet
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    wrong: dict[int, Problems] = field(default_factory=dict)
    missing: list[tuple[str, str]] = field(default_factory=list)
    after_photo: list[tuple[str, str]] = field(default_factory=list)
    after_proof: list[int] = field(default_factory=list)

    @property
    def figures(self) -> dict[str, Any]:
        return {"new": self.new, "changed": self.changed, "unchanged": self.unchanged, "wrong": len(self.wrong)}

    @property
    def report(self) -> dict[str, Any]:
        """JSON for the preview: reasons by code, never a document number."""
        return {
            "sheet": self.sheet.name,
            "ignored": self.sheet.headings.ignored[:20],
            "wrong": [
                {"row": row, "cells": {name: [p.code, p.params] for name, p in self.wrong[row].items()}}
                for row in sorted(self.wrong)[:REPORTED]
            ],
            "missing": {"count": len(self.missing), "first": self.missing[:NAMED]},
            "after_photo": {"count": len(self.after_photo), "first": self.after_photo[:NAMED]},
            "after_proof": len(self.after_proof),
        }


def check_open(*, school: School, season: Season) -> Enrolment:
    """The enrolment whose roster may still change, or a PortalError that says why not."""
    enrolment = Enrolment.objects.filter(school=school, season=season).first()
    if enrolment is None:
        raise PortalError(_("Your school is not enrolled in this season. Ask the center."))
    if season.status == Season.Status.CLOSED:
        raise PortalError(_("The season is closed: its roster can no longer be changed."))
    if enrolment.status not in OPEN_FOR_ROSTER:
        raise PortalError(
            _("The feedback form is with the center: the roster can no longer be changed. Ask the center.")
        )
    return enrolment


# reading and writing, shared by the portal, the API and the command


@dataclass
class Reading:
    """A file whose clean rows are staged, before they are compared with the roster."""

    sheet: Sheet
    judge: Judge
    stage: staging.Staging

    def compare(self) -> Plan:
        impossible = self.stage.compare()
        wrong = self.judge.wrong | impossible
        new, changed, unchanged = self.stage.counts()
        return Plan(
            self.sheet,
            new,
            changed,
            unchanged,
            wrong,
            missing=self.stage.missing(no for no, row in self.judge.student_numbers.items() if row in wrong),
            after_photo=self.stage.changed_after_photo(),
            after_proof=self.stage.changed_after_proof(),
        )


@contextlib.contextmanager
def staged(content: bytes, *, school: School, season: Season, seal: bool, progress: Progress) -> Iterator[Reading]:
    """Read and judge a file row by row; inside, its clean rows are staged. `seal` when they are to be written."""
    sheet = spreadsheet.open_roster(content)
    judge = Judge()
    with staging.Staging(school=school, season=season) as stage:
        good = judge.good(sheet.rows)
        while chunk := list(islice(good, CHUNK)):
            stage.add(chunk, seal=seal)
            progress(min(chunk[-1].number - sheet.headings.row, sheet.total), sheet.total)
        judge.doubt_rounded()
        stage.remove(judge.recalled)
        yield Reading(sheet, judge, stage)


def no_progress(done: int, total: int) -> None:
    """For callers who show none."""


def plan(content: bytes, *, school: School, season: Season, progress: Progress = no_progress) -> Plan:
    """What the file would do; nothing is written."""
    with staged(content, school=school, season=season, seal=False, progress=progress) as reading:
        return reading.compare()


def apply(
    content: bytes,
    *,
    school: School,
    season: Season,
    by: history.Actor,
    import_no: int | None = None,
    progress: Progress = no_progress,
    expected: dict[str, int] | None = None,
    then: Callable[[Plan], Any] = lambda found: None,
) -> Plan:
    """Write what is new or changed, all or nothing; wrong rows are left out. The same file again changes nothing.

    `expected`: the figures that were confirmed; raises Conflict when the roster has changed so that they no longer hold.
    `then` is called inside the transaction, to append the event of the import.
    """
    check_open(school=school, season=season)
    with staged(content, school=school, season=season, seal=True, progress=progress) as reading, transaction.atomic():
        _only_one_at_a_time(school)
        found = reading.compare()
        if expected is not None and found.figures != expected:
            raise Conflict(_("The roster has changed since this preview. Look at the new figures and confirm again."))
        reading.stage.write(by=by, import_no=import_no, source=history.present_source())
        proofs.reopen(found.after_proof, school=school, by=by)
        then(found)
    return found


def _only_one_at_a_time(school: School) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('roster'), %s)", [school.pk])


# the portal's flow


def upload(*, school: School, season: Season, content: bytes, filename: str, by: User) -> RosterImport:
    """Take a file in and have it read. Raises PortalError for what is no roster at first sight."""
    check_open(school=school, season=season)
    check_size(len(content))
    _tidy(school, season)
    roster = RosterImport(school=school, season=season, filename=filename[-120:], created_by_name=by.actor_name)
    roster.file.save("roster", ContentFile(identity.seal_file(content)), save=False)
    with transaction.atomic():
        roster.save()
        history.record("rosterimport.uploaded", roster, by=by, after=roster.status, facts={"file": roster.filename})
        _start("roster_read", roster, by=by)
    return roster


def check_size(size: int) -> None:
    limit = settings.UPLOAD_MAX_BYTES["roster"]
    if size > limit:
        raise PortalError(
            _("The file is larger than %(limit)d MB. Copy the roster alone into the template.")
            % {"limit": limit // 1024 // 1024}
        )
    if not size:
        raise PortalError(_("The file is empty. Fill the template with your students and upload it."))


def _tidy(school: School, season: Season) -> None:
    """Files of earlier imports that are over go: the wrong rows of the last one are what a clerk still needs."""
    over = RosterImport.objects.filter(
        school=school, season=season, status__in=(Status.DONE, Status.REFUSED, Status.DROPPED)
    )
    for roster in over.exclude(file=""):
        discard_file(roster)


def discard_file(roster: RosterImport) -> None:
    if roster.file:
        roster.file.delete(save=False)
        RosterImport.objects.filter(pk=roster.pk).update(file="")


def purge(*, older_than: dt.datetime) -> int:
    """Drop previews that nobody confirmed and delete the files of old imports; return how many. In the center's scope."""
    old = RosterImport.objects.filter(created_at__lt=older_than).exclude(file="").select_related("school", "season")
    rows = list(old.exclude(status__in=(Status.READING, Status.APPLYING)))
    for row in rows:
        if row.status == Status.PREVIEW:
            states.change(row, Status.DROPPED, by=history.SYSTEM)
        discard_file(row)
    return len(rows)


def _start(kind: str, roster: RosterImport, *, by: User) -> None:
    roster.job = jobs.create(
        kind,
        by=by,
        school=roster.school,
        season=roster.season,
        total=roster.new + roster.changed + roster.unchanged + roster.wrong,
        params={"roster": roster.pk, "language": get_language()},
    )
    RosterImport.objects.filter(pk=roster.pk).update(job=roster.job)


def content_of(roster: RosterImport) -> bytes:
    """The uploaded file, in clear. Raises PortalError when it is gone."""
    if not roster.file.name or not roster.file.storage.exists(roster.file.name):
        raise PortalError(_("The file of this import is no longer kept. Upload it again."))
    with roster.file.open("rb") as file:
        return identity.open_file(file.read())


def read(roster: RosterImport, *, progress: Progress) -> RosterImport:
    """Read and judge the uploaded file: to be confirmed, or refused with its reason."""
    if roster.status != Status.READING:  # read before, by a worker that was lost after it
        return roster
    try:
        found = plan(content_of(roster), school=roster.school, season=roster.season, progress=progress)
        if not (found.new + found.changed + found.unchanged + len(found.wrong)):
            raise spreadsheet.UnreadableSheet(_("There are headings but no students below them."))
    except PortalError as error:
        return refuse(roster, message=str(error))
    return states.change(
        roster, Status.PREVIEW, by=history.SYSTEM, facts=found.figures, report=found.report, **found.figures
    )


def refuse(roster: RosterImport, *, message: str) -> RosterImport:
    discard_file(roster)
    return states.change(roster, Status.REFUSED, by=history.SYSTEM, message=message, file="")


def confirm(*, roster: RosterImport, by: User) -> RosterImport:
    """Have the previewed file written. Raises Conflict when it was confirmed or dropped already."""
    check_open(school=roster.school, season=roster.season)
    if not roster.new + roster.changed:
        raise PortalError(_("There is nothing to import: no row of this file is new or changed."))
    with transaction.atomic():
        states.change(roster, Status.APPLYING, by=by, created_by_name=by.actor_name)
        _start("roster_apply", roster, by=by)
    return roster


def drop(*, roster: RosterImport, by: User) -> RosterImport:
    with transaction.atomic():
        states.change(roster, Status.DROPPED, by=by)
        discard_file(roster)
    return roster


def write(roster: RosterImport, *, by: history.Actor, progress: Progress) -> RosterImport:
    """Write a confirmed import. When the roster has changed since the preview, show the new one instead."""
    if roster.status != Status.APPLYING:  # written before, by a worker that was lost after it
        return roster
    content = content_of(roster)
    try:
        apply(
            content,
            school=roster.school,
            season=roster.season,
            by=by,
            import_no=roster.pk,
            progress=progress,
            expected={name: getattr(roster, name) for name in FIGURES},
            then=lambda found: states.change(roster, Status.DONE, by=by, facts=found.figures, message=""),
        )
    except Conflict as conflict:
        return _show_again(roster, content, conflict)
    if not roster.wrong:
        discard_file(roster)
    return roster


def _show_again(roster: RosterImport, content: bytes, conflict: Conflict) -> RosterImport:
    roster.refresh_from_db()
    if roster.status != Status.APPLYING:  # another worker was faster
        return roster
    found = plan(content, school=roster.school, season=roster.season)
    return states.change(
        roster, Status.PREVIEW, by=history.SYSTEM, message=str(conflict), report=found.report, **found.figures
    )


def give_back(roster: RosterImport, *, message: str) -> None:
    """After a job that failed for good: a reading is refused, a writing may be confirmed again."""
    if roster.status == Status.READING:
        refuse(roster, message=message)
    elif roster.status == Status.APPLYING:
        states.change(roster, Status.PREVIEW, by=history.SYSTEM, message=message)


def wrong_rows(roster: RosterImport, *, most: int) -> list[tuple[int, list[str], dict[str, str]]]:
    """(row number, cells as typed in the order of COLUMNS, {field: sentence}) of the first `most` wrong rows."""
    reasons = {entry["row"]: sentences(entry["cells"]) for entry in roster.report.get("wrong", [])[:most]}
    if not reasons:
        return []
    sheet = spreadsheet.open_roster(content_of(roster))
    return [(number, cells, reasons[number]) for number, cells in sheet.rows if number in reasons]


def sentences(cells: dict[str, Any]) -> dict[str, str]:
    return {name: str(rows.Problem(*problem)) for name, problem in cells.items()}


def outcome(roster: RosterImport) -> str:
    """One sentence for the person who imported."""
    written = roster.new + roster.changed
    return ngettext("%(n)d student imported.", "%(n)d students imported.", written) % {"n": written}
