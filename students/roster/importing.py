"""Reading, judging, comparing and writing a roster: one path for the portal (`imports`), the API and the command."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from portal import history
from portal.errors import Conflict, PortalError
from schools.models import Action, Enrolment, School, Season
from students import proof_reset
from students.roster import spreadsheet, staging
from students.roster.rows import Judge, Problems
from students.roster.spreadsheet import Sheet

CHUNK = 2000  # rows between two looks at the progress
REPORTED = 2000  # wrong rows whose reasons are kept
FIGURES = ("new", "changed", "unchanged", "wrong")
NAMED = 100  # students named in a list of the report
Progress = Callable[[int, int], None]


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
    enrolment.require(Action.IMPORT)
    return enrolment


def check_size(size: int) -> None:
    limit = settings.UPLOAD_MAX_BYTES["roster"]
    if size > limit:
        raise PortalError(
            _("The file is larger than %(limit)d MB. Copy the roster alone into the template.")
            % {"limit": limit // 1024 // 1024}
        )
    if not size:
        raise PortalError(_("The file is empty. Fill the template with your students and upload it."))


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
        proof_reset.reopen(found.after_proof, school=school, by=by)
        then(found)
    return found


def _only_one_at_a_time(school: School) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('roster'), %s)", [school.pk])
