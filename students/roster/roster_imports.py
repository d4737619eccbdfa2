"""The states of a roster import, for the portal and the API.

upload_roster -> read_import (a job) -> confirm_import or drop_import -> write_import (a job).
While a job reads or writes, cancel_import ends it: it looks for that at every report of progress, and its one
transaction is not committed.
Between reading and confirming, assign_headings says what columns mean, and the file is read again.
Only jobs read the uploaded file, which is stored encrypted until the import is over; pages read its excerpt.
"""

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal import files, history
from portal.background import jobs
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.security import encryption
from schools.models import Enrolment, School, Season
from students.identity import id_encryption
from students.models import RosterBundle, RosterImport, Student
from students.privacy import erasure
from students.roster import (
    cell_problems,
    changes,
    checked_rows,
    excerpt,
    headings,
    importer,
    number_clashes,
    remembered_headings,
    spreadsheet_reader,
)
from students.roster.checked_rows import CheckedFile
from students.roster.excerpt import Excerpt
from students.roster.headings import Assignment
from students.roster.importer import FIGURES, Plan, Progress, check_size, require_open_roster
from students.without_list import choosing

Status = RosterImport.Status
OVER = (Status.DONE, Status.REFUSED, Status.DROPPED, Status.CANCELLED)
WORKING = (Status.READING, Status.APPLYING)
NO_FILE: dict[str, Any] = {"file": "", "file_size": 0} | dict.fromkeys(RosterImport.SEALED, b"")
UNCONFIRMED = (Status.READING, Status.HEADINGS, Status.PREVIEW)


def upload_roster(
    *,
    school: School,
    season: Season,
    content: bytes,
    filename: str,
    by: User,
    bundle: RosterBundle | None = None,
    checked: CheckedFile | None = None,
) -> RosterImport:
    """Store a file and start the job that reads it. The school's earlier file that nobody has confirmed is dropped.

    `bundle`: the workbook of the center that this is a part of, with the headings of the template; `checked`: what was found in it.
    Raises PortalError when the roster is closed, or the file is empty or too large.
    """
    choosing.require_list(require_open_roster(school=school, season=season))
    check_size(len(content))
    row = RosterImport(
        school=school,
        season=season,
        bundle=bundle,
        filename=filename[-120:],
        created_by_name=by.actor_name,
        assigned={} if bundle else remembered_headings.of_school(school).stored,
    )
    with files.writing() as write:
        sealed = encryption.encrypt_bytes(content, _place(row))
        written = write.store(row, {"file": sealed}, filename="roster")
        row.file, row.file_size = written["file"], written["file_size"]
        with transaction.atomic():
            _drop_unconfirmed(school, season, by=by)
            row.save()
            if checked:
                _keep(row, checked)
            history.record("rosterimport.uploaded", row, by=by, after=row.status, facts={"file": row.filename})
            _start("roster_read", row, by=by)
    return row


def _drop_unconfirmed(school: School, season: Season, *, by: User) -> None:
    """So a school has at most one file in the queue, and one that is kept until somebody confirms it."""
    Enrolment.objects.select_for_update(of=("self",), no_key=True).get(school=school, season=season)
    earlier = RosterImport.objects.filter(school=school, season=season, status__in=UNCONFIRMED)
    names = dict(earlier.values_list("pk", "file"))
    sentence = _("A newer file was uploaded before this one was confirmed. Nothing of this file was imported.")
    dropped = states.change_many(earlier, Status.DROPPED, by=by, message=sentence, **NO_FILE)
    files.delete_after_commit(names.get(pk) for pk in dropped)


def _discard_older_files(latest: RosterImport) -> None:
    """Delete the files of earlier finished imports: their wrong rows are no longer needed."""
    finished = RosterImport.objects.filter(
        school=latest.school,
        season=latest.season,
        pk__lt=latest.pk,
        status__in=OVER,
    )
    for row in finished.exclude(file=""):
        discard_file(row)


def discard_file(row: RosterImport) -> None:
    """Delete the file, then clear its fields: after a crash the row still names the file."""
    files.delete([row.file.name])
    _forget_file(row)
    RosterImport.objects.filter(pk=row.pk).update(**NO_FILE)


def _forget_file(row: RosterImport) -> None:
    for name, value in NO_FILE.items():
        setattr(row, name, value)


@erasure.registers_eraser
def erase_from_imports(student: Student, whole: bool) -> None:
    """Delete the uploaded rosters that may name a student, but for one that somebody is working on, and
    the student number where the reason of a wrong row gives it."""
    for row in RosterImport.objects.filter(school_id=student.school_id, season_id=student.season_id):
        if row.file and row.status in OVER:
            files.delete_after_commit([row.file.name])
            _forget_file(row)
        if whole:
            row.report = _replaced(row.report, student.student_no, erasure.ERASED)
        row.save(update_fields=[*NO_FILE, "report"])


def _replaced(value: Any, old: str, new: str) -> Any:
    """JSON with a text replaced wherever it is a whole value."""
    if isinstance(value, dict):
        return {key: _replaced(part, old, new) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, old, new) for part in value]
    return new if value == old else value


def files_older_than(moment: dt.datetime) -> QuerySet[RosterImport]:
    """The imports of before this moment that still have their file and are not being worked on."""
    old = RosterImport.objects.filter(created_at__lt=moment).exclude(file="").defer(*RosterImport.SEALED)
    return old.exclude(status__in=WORKING)


def purge_files(*, older_than: dt.datetime) -> int:
    """Drop unconfirmed previews and delete files older than this; return how many.

    Needs a scope of all schools.
    """
    rows = list(files_older_than(older_than).select_related("school", "season"))
    for row in rows:
        if row.status in (Status.PREVIEW, Status.HEADINGS):
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


def uploaded_content(row: RosterImport) -> bytes:
    """The uploaded file, decrypted. Raises PortalError when it is deleted."""
    sealed = files.content_of(row.file.name)
    if sealed is None:
        raise PortalError(_("The file of this import is no longer kept. Upload it again."))
    return encryption.decrypt_bytes(sealed, _place(row))


def _keep(row: RosterImport, checked: CheckedFile) -> None:
    row.excerpt = excerpt.sealed(row, Excerpt(checked.roster.tables, checked.cells))
    row.checked = checked_rows.sealed(row, checked)
    row.save(update_fields=["excerpt", "checked"])


def _checked_or_uploaded(row: RosterImport) -> CheckedFile | bytes:
    """What was found in the file; the file itself where it has to be read."""
    return checked_rows.of_import(row) or uploaded_content(row)


def _place(row: RosterImport) -> encryption.Place:
    return id_encryption.roster_place(season_id=row.season_id, school_id=row.school_id)


def read_import(row: RosterImport, *, progress: Progress) -> RosterImport:
    """Read and check the uploaded file. Then the import is a preview, waits for somebody who assigns its
    columns, or is refused with a reason."""
    if row.status != Status.READING:  # a newer file was uploaded; or an earlier worker read it and was lost afterwards
        return row
    try:
        return _read(row, progress=progress)
    except Conflict:  # a newer file was uploaded meanwhile, or a person has cancelled it
        row.refresh_from_db()
        return row


def _watched(row: RosterImport, progress: Progress) -> Progress:
    """`progress` that raises Conflict as soon as the import is in another state."""
    state = row.status

    def report(done: int, total: int) -> None:
        if not RosterImport.objects.filter(pk=row.pk, status=state).exists():
            raise Conflict
        progress(done, total)

    return report


def _read(row: RosterImport, *, progress: Progress) -> RosterImport:
    try:
        found = importer.plan_import(
            _checked_or_uploaded(row),
            school=row.school,
            season=row.season,
            assignment=headings.of_stored(row.assigned),
            progress=_watched(row, progress),
        )
        if not (found.new + found.changed + found.unchanged + len(found.wrong)):
            raise spreadsheet_reader.UnreadableSheet(_("There are headings but no students below them."))
    except spreadsheet_reader.UnassignedHeadings as error:
        kept = excerpt.sealed(row, Excerpt(error.tables, {}))
        states.change(row, Status.HEADINGS, by=history.SYSTEM, message=str(error), excerpt=kept)
        return row
    except PortalError as error:
        return refuse_import(row, message=str(error))
    states.change(row, Status.PREVIEW, by=history.SYSTEM, facts=found.figures, message="", **_shown(row, found))
    _discard_older_files(row)
    return row


def refuse_import(row: RosterImport, *, message: str, **fields: Any) -> RosterImport:
    states.change(row, Status.REFUSED, by=history.SYSTEM, message=message, **fields)
    discard_file(row)
    return row


def assign_headings(*, row: RosterImport, assignment: Assignment, labels: dict[str, str], by: User) -> RosterImport:
    """Say what the columns of a file mean, remember it for the school, and read the file again.

    `assignment.fields` has each key of the file's columns, `labels` the headings as typed. Raises Conflict
    when the import is confirmed or over.
    """
    require_open_roster(school=row.school, season=row.season)
    if headings.looks_like_data(list(labels.values())):
        raise PortalError(_("This row holds a student, no headings. Choose another row."))
    nothing: dict[str, Any] = {"report": {}, "message": "", "checked": b""} | dict.fromkeys(FIGURES, 0)
    with transaction.atomic():
        states.change(row, Status.READING, by=by, kind="rosterimport.assigned", assigned=assignment.stored, **nothing)
        remembered_headings.remember(school=row.school, assignment=assignment, labels=labels, by=by)
        _start("roster_read", row, by=by)
    return row


def confirm_import(*, row: RosterImport, by: User, marks_left: bool = False) -> RosterImport:
    """Start the job that writes the file. `marks_left`: and marks those who are not in it as having left.

    Raises Conflict when already confirmed or dropped.
    """
    choosing.require_list(require_open_roster(school=row.school, season=row.season))
    if not to_do(row, marks_left=marks_left):
        raise PortalError(_("There is nothing to import: no row of this file is new or changed."))
    with transaction.atomic():
        states.change(row, Status.APPLYING, by=by, created_by_name=by.actor_name, marks_left=marks_left, message="")
        _start("roster_apply", row, by=by)
    return row


def to_do(row: RosterImport, *, marks_left: bool) -> int:
    """How many students the import adds, changes, takes back, or marks as having left."""
    leaving = row.report.get("missing", {}).get("leaving", 0) if marks_left else 0
    return row.new + row.changed + row.report.get("returning", 0) + leaving


def cancel_import(*, row: RosterImport, by: User) -> RosterImport:
    """End an import while a worker reads or writes it. Nothing of the file is imported.

    Raises PortalError when the worker was faster.
    """
    words = {
        Status.READING: _("%(name)s cancelled this while the file was being checked. Nothing of it was imported."),
        Status.APPLYING: _("%(name)s cancelled this while it was being imported. Nothing of the file was imported."),
    }
    try:
        sentence = words[Status(row.status)] % {"name": by.actor_name}
        states.change(row, Status.CANCELLED, by=by, only_from=[row.status], message=sentence)
    except (KeyError, Conflict) as error:
        raise Conflict(_("It is too late to cancel this: the work was done before.")) from error
    discard_file(row)
    return row


def drop_import(*, row: RosterImport, by: User) -> RosterImport:
    states.change(row, Status.DROPPED, by=by)
    discard_file(row)
    return row


def write_import(row: RosterImport, *, by: history.Actor, progress: Progress) -> RosterImport:
    """Write a confirmed import. If the roster has changed since the preview, make a new preview."""
    if row.status != Status.APPLYING:  # an earlier worker wrote it and was lost afterwards
        return row
    try:
        importer.apply_import(
            _checked_or_uploaded(row),
            school=row.school,
            season=row.season,
            assignment=headings.of_stored(row.assigned),
            by=by,
            import_no=row.pk,
            progress=_watched(row, progress),
            expected=_confirmed(row),
            marks_left=row.marks_left,
            then=lambda found: _done(row, found, by=by),
        )
    except number_clashes.TooManyClashes as many:
        with transaction.atomic():
            refuse_import(row, message=str(many), report=many.report)
            number_clashes.record(row, many.count, by=by)
        return row
    except Conflict as conflict:
        return _preview_again(row, conflict)
    if not row.wrong:
        discard_file(row)
    return row


def _confirmed(row: RosterImport) -> dict[str, int]:
    """The figures of the preview that somebody has confirmed."""
    figures = {name: getattr(row, name) for name in FIGURES}
    if row.marks_left:
        figures["leaving"] = row.report["missing"]["leaving"]
    return figures


def _done(row: RosterImport, found: Plan, *, by: history.Actor) -> None:
    number_clashes.require_few(found, row)
    shown = _shown(row, found, is_written=True)
    states.change(row, Status.DONE, by=by, facts=found.figures, message="", **shown)
    number_clashes.record(row, len(found.elsewhere), by=by)


def _preview_again(row: RosterImport, conflict: Conflict) -> RosterImport:
    row.refresh_from_db()
    if row.status != Status.APPLYING:  # another worker was faster, or a person has cancelled it
        return row
    found = importer.plan_import(
        _checked_or_uploaded(row), school=row.school, season=row.season, assignment=headings.of_stored(row.assigned)
    )
    shown = _shown(row, found)
    return states.change(row, Status.PREVIEW, by=history.SYSTEM, message=str(conflict), **shown)


def _shown(row: RosterImport, found: Plan, *, is_written: bool = False) -> dict[str, Any]:
    """The fields that the pages show of a plan. The file is read for cells of wrong rows that are not known."""
    report = found.report
    wanted = [entry["row"] for entry in report["wrong"]]
    cells = found.file.cells
    if not cells.keys() >= set(wanted):
        cells = excerpt.wrong_cells(uploaded_content(row), headings.of_stored(row.assigned), wanted)
    kept = Excerpt(found.roster.tables, {number: cells[number] for number in wanted})
    shown = {"report": report, "excerpt": excerpt.sealed(row, kept), **found.figures}
    if is_written:  # what the preview showed of the changes stays
        report["fields"] = row.report.get("fields", {})
        return shown | {"checked": b""}
    return shown | {"changes": changes.sealed(row, found.changed_rows), "checked": checked_rows.sealed(row, found.file)}


def handle_failed_job(row: RosterImport, *, message: str) -> None:
    """Refuse an import that was not read; one that was not written can be confirmed again."""
    if row.status == Status.READING:
        refuse_import(row, message=message)
    elif row.status == Status.APPLYING:
        states.change(row, Status.PREVIEW, by=history.SYSTEM, message=message)


def wrong_rows(row: RosterImport, *, most: int) -> list[tuple[int | str, list[str], dict[str, str]]]:
    """The first `most` wrong rows: [(row as people call it, cells as typed, {field: sentence})].

    The cells are in the order of COLUMNS.
    """
    wrong = row.report.get("wrong", [])[:most]
    if not wrong:
        return []
    cells, sheets = excerpt.excerpt_of(row).wrong, row.report["sheets"]
    return [
        (spreadsheet_reader.place(entry["row"], sheets), cells[entry["row"]], describe_problems(entry["cells"]))
        for entry in wrong
    ]


def describe_problems(cells: dict[str, Any]) -> dict[str, str]:
    """{field: sentence} of {field: (code, params)}, in the active language."""
    return {name: str(cell_problems.Problem(*problem)) for name, problem in cells.items()}
