"""One workbook of the center for several schools, with a column that names the school.

A job divides it: each school gets an import of its own (`roster_imports`), with preview, changes, confirmation and
history as if the school had uploaded its part. So nothing of a bundle is written past the rules of one school. The rows
are checked while they are divided; the part of a school is a file too, for its pages and in case it has to be read again.
"""

import csv
import io
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from portal import files, history
from portal.background import jobs
from portal.changes import states
from portal.errors import Conflict, PortalError
from portal.models import User
from portal.security import encryption
from portal.tenancy import school_scope
from portal.untrusted import sheets, workbooks
from schools.models import Enrolment, School, Season
from students.identity import id_encryption
from students.models import RosterBundle, RosterImport
from students.roster import cells, roster_imports, spreadsheet_reader
from students.roster.checked_rows import CheckedFile, Checker
from students.roster.columns import COLUMNS
from students.roster.headings import Headings
from students.roster.importer import Progress, check_size
from students.roster.spreadsheet_reader import Roster, Table

KIND = "roster_divide"  # of the job
SCHOOL = ("学校代码", "院校代码", "学校", "学校名称", "院校名称", "院校", "高校", "schoolcode", "school", "schoolname")
CHUNK = 2000  # rows between two reports of progress
WAITING = 250  # rows of a school that are checked together
MAX_NAMED = 50
Status = RosterBundle.Status


class Part:
    """The rows of one school: as CSV, and checked."""

    def __init__(self, school: School, season: Season) -> None:
        self.rows = 0
        self._file = io.BytesIO()
        self._lines = io.TextIOWrapper(self._file, "utf-8-sig", newline="")
        self._csv = csv.writer(self._lines)
        self._checker = Checker(int, school_id=school.pk, season_id=season.pk)
        self._waiting: list[tuple[int, list[str]]] = []
        self._head: list[list[str]] = []
        self._write(["行号", *(column.heading for column in COLUMNS)])

    def add(self, place: int | str, texts: list[str]) -> None:
        self.rows += 1
        shown = list(map(cells.shown, texts)) if "\0" in "".join(texts) else texts
        self._write([str(place), *shown])
        self._waiting.append((self.rows + 1, texts))  # the headings are row 1
        if len(self._waiting) == WAITING:
            self._check()

    def _write(self, line: list[str]) -> None:
        self._csv.writerow(line)
        if len(self._head) < sheets.HEAD:
            self._head.append(spreadsheet_reader.cut(line))

    def _check(self) -> None:
        self._checker.add(self._waiting)
        self._waiting = []

    def finish(self) -> tuple[bytes, CheckedFile | None]:
        """(the file, what was found in it). Of more rows than a school may have nothing is kept: who reads the file refuses it."""
        self._check()
        self._lines.flush()
        if self.rows > spreadsheet_reader.MAX_ROWS:
            return self._file.getvalue(), None
        headings = Headings(1, self._head[0])
        tables = [Table(workbooks.TEXT_SHEET, self._head)]
        roster = Roster([workbooks.TEXT_SHEET], [headings], [], self.rows, tables)
        return self._file.getvalue(), self._checker.finish(roster)


@dataclass
class Divided:
    """`unknown`: {what stands in the column: rows}, of no school of the season."""

    parts: dict[School, Part] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def upload(*, season: Season, content: bytes, filename: str, by: User) -> RosterBundle:
    """Store the workbook and start the job that divides it."""
    check_size(len(content))
    row = RosterBundle(season=season, filename=filename[-120:], created_by_name=by.actor_name)
    with files.writing() as write:
        sealed = encryption.encrypt_bytes(content, id_encryption.bundle_place(season_id=season.pk))
        written = write.store(row, {"file": sealed}, filename="roster")
        row.file, row.file_size = written["file"], written["file_size"]
        with transaction.atomic():
            row.save()
            history.record("rosterbundle.uploaded", row, by=by, after=row.status, facts={"file": row.filename})
            params = {"bundle": row.pk, "language": get_language()}
            row.job = jobs.create(KIND, by=by, season=season, params=params)
            RosterBundle.objects.filter(pk=row.pk).update(job=row.job)
    return row


def divide(row: RosterBundle, *, by: User, progress: Progress) -> RosterBundle:
    """Divide the workbook into imports of its schools. Safe to run twice: the schools of the first run have theirs."""
    if row.status != Status.READING:
        return row
    try:
        found = read(_content(row), season=row.season, progress=progress)
    except PortalError as error:
        return refuse(row, message=str(error))
    done = set(row.imports.values_list("school", flat=True))
    refused: list[list[str]] = []
    report = {
        "rows": sum(part.rows for part in found.parts.values()),
        "schools": len(found.parts),
        "unknown": sorted(found.unknown.items(), key=lambda item: -item[1])[:MAX_NAMED],
        "unknown_rows": sum(found.unknown.values()),
        "refused": refused,
    }
    for school in list(found.parts):
        part = found.parts.pop(school)
        reason = "" if school.pk in done else _give(row, school, part, by=by)
        refused += [[school.code, school.name, reason]] if reason else []
    with transaction.atomic():
        states.change(row, Status.DIVIDED, by=by, report=report, file="", file_size=0)
        files.delete_after_commit([row.file.name if row.file else ""])
    return row


def read(content: bytes, *, season: Season, progress: Progress) -> Divided:
    """The rows by school. Raises UnreadableSheet, also when no column names the school."""
    enrolled = Enrolment.objects.filter(season=season).select_related("school")
    schools = {key: e.school for e in enrolled for key in (e.school.name, e.school.code)}
    found = Divided()
    with workbooks.opened(content) as book:
        roster = spreadsheet_reader.roster_of(book, most=spreadsheet_reader.MAX_BUNDLE_ROWS, beside=SCHOOL)
        for done, (number, texts) in enumerate(roster.rows, start=1):
            name = cells.half_width(cells.shown(texts[-1])).strip()
            school = schools.get(name)
            if school is None:
                found.unknown[name[:60]] = found.unknown.get(name[:60], 0) + 1
            else:
                if school not in found.parts:
                    found.parts[school] = Part(school, season)
                found.parts[school].add(roster.place(number), texts[:-1])
            if done % CHUNK == 0:
                progress(done, roster.total)
    if not found.parts and not found.unknown:
        raise workbooks.UnreadableSheet(_("There are headings but no students below them."))
    return found


def _give(row: RosterBundle, school: School, part: Part, *, by: User) -> str:
    """The import of one school; the reason why its roster cannot be changed, "" when it can."""
    content, checked = part.finish()
    try:
        with school_scope(school):
            roster_imports.upload_roster(
                school=school,
                season=row.season,
                content=content,
                filename=f"{row.filename.rpartition('.')[0][:90] or row.filename[:90]}-{school.code}.csv",
                by=by,
                bundle=row,
                checked=checked,
            )
    except PortalError as error:
        return str(error)
    return ""


def refuse(row: RosterBundle, *, message: str) -> RosterBundle:
    with transaction.atomic():
        name = row.file.name if row.file else ""
        states.change(row, Status.REFUSED, by=history.SYSTEM, message=message, file="", file_size=0)
        files.delete_after_commit([name])
    return row


def confirm(row: RosterBundle, *, by: User) -> tuple[int, list[str]]:
    """Confirm what is previewed and changes something. Returns how many schools, and a sentence for each refusal."""
    confirmed, refused = 0, []
    previews = row.imports.select_related("school", "season").filter(status=RosterImport.Status.PREVIEW)
    for each in list(previews):
        if not roster_imports.to_do(each, marks_left=False):
            continue
        try:
            with school_scope(each.school):
                roster_imports.confirm_import(row=each, by=by)
        except PortalError as error:
            refused.append(f"{each.school}: {error}")
        else:
            confirmed += 1
    return confirmed, refused


def drop(row: RosterBundle, *, by: User) -> int:
    """End what nobody has confirmed yet; return how many schools."""
    dropped = 0
    for each in list(row.imports.select_related("school", "season")):
        try:
            with school_scope(each.school):
                end = roster_imports.cancel_import if each.status == each.Status.READING else roster_imports.drop_import
                if each.status in roster_imports.UNCONFIRMED:
                    end(row=each, by=by)
                    dropped += 1
        except Conflict:  # confirmed or read meanwhile: it stays as it is now
            continue
    return dropped


def _content(row: RosterBundle) -> bytes:
    sealed = files.content_of(row.file.name)
    if sealed is None:
        raise PortalError(_("The file of this import is no longer kept. Upload it again."))
    return encryption.decrypt_bytes(sealed, id_encryption.bundle_place(season_id=row.season_id))


def figures(row: RosterBundle) -> dict[str, Any]:
    """The sums over the schools of the bundle."""
    imports = list(row.imports.all())
    return {name: sum(getattr(each, name) for each in imports) for name in ("new", "changed", "unchanged", "wrong")}
