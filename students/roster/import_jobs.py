"""A roster from upload to import in the portal and the API: read and judged by one job, shown, confirmed, written by another.

The file is the truth of both jobs: it lies encrypted until the import is over, and reading it again gives the same rows.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal import files, history, jobs, states
from portal.errors import Conflict, PortalError
from portal.models import User
from schools.models import School, Season
from students import id_encryption
from students.models import RosterImport
from students.roster import importing, problems, spreadsheet
from students.roster.importing import FIGURES, Progress, check_open, check_size

Status = RosterImport.Status


def upload(*, school: School, season: Season, content: bytes, filename: str, by: User) -> RosterImport:
    """Take a file in and have it read. Raises PortalError for what is no roster at first sight."""
    check_open(school=school, season=season)
    check_size(len(content))
    row = RosterImport(school=school, season=season, filename=filename[-120:], created_by_name=by.actor_name)
    with files.writing() as write:
        written = write.store(row, {"file": id_encryption.seal_file(content)}, filename="roster")
        row.file, row.file_size = written["file"], written["file_size"]
        with transaction.atomic():
            row.save()
            history.record("rosterimport.uploaded", row, by=by, after=row.status, facts={"file": row.filename})
            _start("roster_read", row, by=by)
    return row


def _tidy(read: RosterImport) -> None:
    """Once a file has been read, those of earlier imports that are over go: until then a clerk needs their wrong rows."""
    over = RosterImport.objects.filter(
        school=read.school,
        season=read.season,
        pk__lt=read.pk,
        status__in=(Status.DONE, Status.REFUSED, Status.DROPPED),
    )
    for row in over.exclude(file=""):
        discard_file(row)


def discard_file(row: RosterImport) -> None:
    """The file goes first: what stays after a crash is found again by its row."""
    files.delete([row.file.name])
    row.file, row.file_size = "", 0
    RosterImport.objects.filter(pk=row.pk).update(file="", file_size=0)


def purge(*, older_than: dt.datetime) -> int:
    """Drop previews that nobody confirmed and delete the files of old imports; return how many. In the center's scope."""
    old = RosterImport.objects.filter(created_at__lt=older_than).exclude(file="").select_related("school", "season")
    rows = list(old.exclude(status__in=(Status.READING, Status.APPLYING)))
    for row in rows:
        if row.status == Status.PREVIEW:
            states.change(row, Status.DROPPED, by=history.SYSTEM)
        discard_file(row)
    return len(rows)


def _start(kind: str, row: RosterImport, *, by: User) -> None:
    row.job = jobs.create(
        kind,
        by=by,
        school=row.school,
        season=row.season,
        total=row.new + row.changed + row.unchanged + row.wrong,
        params={"roster": row.pk, "language": get_language()},
    )
    RosterImport.objects.filter(pk=row.pk).update(job=row.job)


def content_of(row: RosterImport) -> bytes:
    """The uploaded file, in clear. Raises PortalError when it is gone."""
    if not row.file.name or not row.file.storage.exists(row.file.name):
        raise PortalError(_("The file of this import is no longer kept. Upload it again."))
    with row.file.open("rb") as file:
        return id_encryption.open_file(file.read())


def read(row: RosterImport, *, progress: Progress) -> RosterImport:
    """Read and judge the uploaded file: to be confirmed, or refused with its reason."""
    if row.status != Status.READING:  # read before, by a worker that was lost after it
        return row
    try:
        found = importing.plan(content_of(row), school=row.school, season=row.season, progress=progress)
        if not (found.new + found.changed + found.unchanged + len(found.wrong)):
            raise spreadsheet.UnreadableSheet(_("There are headings but no students below them."))
    except PortalError as error:
        return refuse(row, message=str(error))
    states.change(row, Status.PREVIEW, by=history.SYSTEM, facts=found.figures, report=found.report, **found.figures)
    _tidy(row)
    return row


def refuse(row: RosterImport, *, message: str) -> RosterImport:
    states.change(row, Status.REFUSED, by=history.SYSTEM, message=message)
    discard_file(row)
    return row


def confirm(*, row: RosterImport, by: User) -> RosterImport:
    """Have the previewed file written. Raises Conflict when it was confirmed or dropped already."""
    check_open(school=row.school, season=row.season)
    if not row.new + row.changed:
        raise PortalError(_("There is nothing to import: no row of this file is new or changed."))
    with transaction.atomic():
        states.change(row, Status.APPLYING, by=by, created_by_name=by.actor_name)
        _start("roster_apply", row, by=by)
    return row


def drop(*, row: RosterImport, by: User) -> RosterImport:
    states.change(row, Status.DROPPED, by=by)
    discard_file(row)
    return row


def write(row: RosterImport, *, by: history.Actor, progress: Progress) -> RosterImport:
    """Write a confirmed import. When the roster has changed since the preview, show the new one instead."""
    if row.status != Status.APPLYING:  # written before, by a worker that was lost after it
        return row
    content = content_of(row)
    try:
        importing.apply(
            content,
            school=row.school,
            season=row.season,
            by=by,
            import_no=row.pk,
            progress=progress,
            expected={name: getattr(row, name) for name in FIGURES},
            then=lambda found: states.change(row, Status.DONE, by=by, facts=found.figures, message=""),
        )
    except Conflict as conflict:
        return _show_again(row, content, conflict)
    if not row.wrong:
        discard_file(row)
    return row


def _show_again(row: RosterImport, content: bytes, conflict: Conflict) -> RosterImport:
    row.refresh_from_db()
    if row.status != Status.APPLYING:  # another worker was faster
        return row
    found = importing.plan(content, school=row.school, season=row.season)
    return states.change(
        row, Status.PREVIEW, by=history.SYSTEM, message=str(conflict), report=found.report, **found.figures
    )


def give_back(row: RosterImport, *, message: str) -> None:
    """After a job that failed for good: a reading is refused, a writing may be confirmed again."""
    if row.status == Status.READING:
        refuse(row, message=message)
    elif row.status == Status.APPLYING:
        states.change(row, Status.PREVIEW, by=history.SYSTEM, message=message)


def wrong_rows(row: RosterImport, *, most: int) -> list[tuple[int, list[str], dict[str, str]]]:
    """(row number, cells as typed in the order of COLUMNS, {field: sentence}) of the first `most` wrong rows."""
    told = {entry["row"]: sentences(entry["cells"]) for entry in row.report.get("wrong", [])[:most]}
    if not told:
        return []
    sheet = spreadsheet.open_roster(content_of(row))
    return [(number, cells, told[number]) for number, cells in sheet.rows if number in told]


def sentences(cells: dict[str, Any]) -> dict[str, str]:
    return {name: str(problems.Problem(*problem)) for name, problem in cells.items()}
