"""An upload of admission photos: sent in parts, read by a job, shown as a preview, stored by a job.

begin -> add_part (as often as there are parts) -> read (a job) -> confirm or drop -> store (a job).
The archive lies on the disk in encrypted parts and is read part by part. Safe to run twice: what is stored already
is passed over.
"""

import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from capture.models import AdmissionPart, AdmissionPhoto, AdmissionUpload
from capture.same_person import admission_photos, picture_workbook
from capture.same_person.picture_archive import MAX_BYTES, Entry, PictureArchive, RefusedPicture
from capture.same_person.pictures import MOST_LOST, normalised
from portal import files, history
from portal.background import jobs
from portal.changes import states
from portal.changes.transactions import retried
from portal.errors import Conflict, PortalError
from portal.formatting import mask
from portal.models import Job, User
from portal.security.encryption import Place
from portal.security.sealed_files import SealedFiles
from portal.security.sealed_parts import PART_BYTES, SealedParts
from schools.models import School, Season
from students.identity import id_encryption
from students.models import Student
from students.privacy import erasure, rotation
from vision.errors import Unreadable
from vision.files import jpeg_segments

Status = AdmissionUpload.Status
READ = "admission_read"
STORE = "admission_store"
MAX_PARTS = MAX_BYTES // PART_BYTES
UNCONFIRMED = (Status.SENDING, Status.READING, Status.PREVIEW)
NAMED = 200  # wrong names in the report
BATCH, BATCH_BYTES = 500, 24 * 1024 * 1024  # pictures that one process opens, and that are stored together
REASONS: dict[str, Any] = {
    "unknown": gettext_lazy("No student of the roster has this number."),
    "doubled": gettext_lazy("Another picture of the archive is of the same student; this one is left aside."),
    "no_image_name": gettext_lazy("No JPEG or PNG picture."),
    "no_picture": gettext_lazy("The picture cannot be opened."),
    "lost": gettext_lazy("The picture takes too much time or memory. Save it anew, smaller."),
    "damaged": gettext_lazy("The picture is damaged in the archive."),
    "too_large": gettext_lazy("The picture is too large."),
    "too_small": gettext_lazy("The picture is too small: a side needs 60 pixels at least."),
}
_SEPARATORS = re.compile(r"[\s_\-+,;、，()（）【】\[\]]+")
_LIKE_A_NUMBER = re.compile(r"[0-9Xx]{12,}")


@dataclass
class Report:
    """What an archive holds. `wrong`: (name, code of REASONS), the first NAMED; `counts`: all of them by code."""

    matched: int = 0
    replaced: int = 0
    without: int = 0  # students who have no picture afterwards
    stored: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def refuse(self, name: str, code: str) -> None:
        self.counts[code] = self.counts.get(code, 0) + 1
        if len(self.wrong) < NAMED:
            self.wrong.append((_LIKE_A_NUMBER.sub(lambda found: mask(found[0]), name), code))


def begin(*, school: School, season: Season, filename: str, parts: int, by: User) -> AdmissionUpload:
    """Begin an upload; the school's earlier one that nobody has confirmed is dropped. Raises PortalError."""
    if not filename.lower().endswith((".zip", ".xlsx")):
        raise PortalError(_("Please choose a ZIP archive of the pictures, or an .xlsx workbook with a picture a row."))
    if not 1 <= parts <= MAX_PARTS:
        raise PortalError(
            _("This archive is larger than %(most)d MB. Send the pictures of fewer students at a time.")
            % {"most": MAX_BYTES // 2**20}
        )
    with transaction.atomic():
        for earlier in AdmissionUpload.objects.filter(school=school, season=season, status__in=UNCONFIRMED):
            drop(row=earlier, by=by)
        row = AdmissionUpload.objects.create(
            school=school, season=season, filename=filename[-120:], parts=parts, created_by_name=by.actor_name
        )
        history.record("admissionupload.begun", row, by=by, after=row.status, facts={"file": row.filename})
    return row


def add_part(*, row: AdmissionUpload, number: int, content: bytes, by: User) -> AdmissionUpload:
    """Keep one part, encrypted; the last one starts the job that reads. The same part again changes nothing."""
    is_last = number == row.parts - 1
    if not (0 <= number < row.parts) or not content or (len(content) != PART_BYTES and not is_last) or len(content) > PART_BYTES:  # fmt: skip
        raise PortalError(_("A part of the file did not arrive whole. Send the file again."))
    part = AdmissionPart(upload=row, school_id=row.school_id, number=number, length=len(content))
    with files.writing() as write:  # before the lock
        written = SEALED_PARTS.store(part, content, write=write, filename="part")
        part.file, part.file_size = written["file"], written["file_size"]
        locked = _keep(part, by=by)
        if part.pk is None:
            write.delete_written()
    return locked


@retried
def _keep(part: AdmissionPart, *, by: User) -> AdmissionUpload:
    """Save the part, unless it is there."""
    row = AdmissionUpload.objects.select_for_update(of=("self",), no_key=True).get(pk=part.upload_id)
    if row.status != Status.SENDING:
        raise Conflict(_("This upload is over: a newer one was begun, or it was dropped."))
    kept = AdmissionPart.objects.filter(upload=row)
    if not kept.filter(number=part.number).exists():
        part.save(force_insert=True)
        if kept.count() == row.parts:
            states.change(row, Status.READING, by=by)
            _start(READ, row, by=by)
    return row


def _place(part: AdmissionPart) -> Place:
    return Place("admissionpart.file", f"{part.upload_id}/{part.number}")


SEALED_PARTS = SealedFiles(AdmissionPart.objects.all, "file", _place)
rotation.registers("parts of admission photos", SEALED_PARTS.count_by_version, SEALED_PARTS.rewrite)


def _start(kind: str, row: AdmissionUpload, *, by: User) -> None:
    row.job = jobs.create(
        kind,
        by=by,
        school=row.school,
        season=row.season,
        total=row.report.get("matched", 0),
        params={"upload": row.pk},
    )
    AdmissionUpload.objects.filter(pk=row.pk).update(job=row.job)


def confirm(*, row: AdmissionUpload, by: User) -> AdmissionUpload:
    """Start the job that stores the pictures. Raises Conflict when already confirmed or dropped."""
    if not row.report.get("matched"):
        raise PortalError(_("There is nothing to store: no picture belongs to a student of the roster."))
    with transaction.atomic():
        states.change(row, Status.STORING, by=by)
        _start(STORE, row, by=by)
    return row


def drop(*, row: AdmissionUpload, by: User) -> AdmissionUpload:
    with transaction.atomic():
        states.change(row, Status.DROPPED, by=by)
        admission_photos.discard_parts(row)
    return row


def _refuse(row: AdmissionUpload, message: str) -> None:
    states.change(row, Status.REFUSED, by=history.SYSTEM, message=message)
    admission_photos.discard_parts(row)


def sent_before(moment: dt.datetime) -> QuerySet[AdmissionUpload]:
    """Uploads from before this moment of which pictures are kept that nobody has confirmed, or names of files."""
    has_parts = Exists(AdmissionPart.objects.filter(upload=OuterRef("pk")))
    return AdmissionUpload.objects.filter(
        Q(has_parts) | Q(report__wrong__0__isnull=False), created_at__lt=moment
    ).select_related("school", "season")


def delete_sent(moment: dt.datetime) -> int:
    """Delete what was sent before this moment, and the names of its files. Returns how many uploads. Needs a scope of all
    schools."""
    rows = list(sent_before(moment))
    for row in rows:
        with transaction.atomic():
            _end(row, also=Status.STORING)
            AdmissionUpload.objects.filter(pk=row.pk).update(report=row.report | {"wrong": []})
    return len(rows)


def _end(row: AdmissionUpload, *, also: Status | None = None) -> None:
    """Drop what nobody has confirmed; `also`: what is being worked on."""
    if row.status in UNCONFIRMED:
        states.change(row, Status.DROPPED, by=history.SYSTEM)
        admission_photos.discard_parts(row)
    elif row.status == also:
        _refuse(row, _("The work on this upload never ended. Send it again."))


@erasure.registers_eraser
def erase(student: Student, whole: bool) -> None:
    """The student's picture may lie in what was sent and not confirmed, and the name of a file may be the student's."""
    for row in AdmissionUpload.objects.filter(school=student.school_id, season=student.season_id):
        if row.status != Status.READING:  # which a worker reads at this moment: the preview can be dropped
            _end(row)
        if whole and (wrong := row.report.get("wrong")):
            kept = [each for each in wrong if student.name not in each[0] and student.student_no not in each[0]]
            AdmissionUpload.objects.filter(pk=row.pk).update(report=row.report | {"wrong": kept})


def _archive(row: AdmissionUpload) -> PictureArchive:
    length = AdmissionPart.objects.filter(upload=row).aggregate(sum=Sum("length"))["sum"] or 0

    def read_part(number: int) -> bytes:
        return SEALED_PARTS.content_of(AdmissionPart.objects.get(upload=row, number=number))

    archive = PictureArchive(io.BufferedReader(SealedParts(length, read_part)))
    if picture_workbook.is_workbook(archive):
        archive.entries = picture_workbook.entries_of(archive)
    return archive


@jobs.handler(READ, label=gettext_lazy("Reading an archive of admission photos"), queue="imports")
def run_read(job: Job) -> None:
    row = AdmissionUpload.objects.select_related("school", "season").get(pk=job.params["upload"])
    if row.status != Status.READING:
        return
    try:
        found = Report()
        matched = match(_archive(row), season=row.season, school=row.school, report=found)
    except PortalError as error:
        _refuse(row, str(error))
        return
    ids = set(matched)
    found.replaced = AdmissionPhoto.objects.filter(student__in=ids).count()
    found.without = _students(row).exclude(pk__in=ids).filter(admission_photo=None).count()
    states.change(row, Status.PREVIEW, by=history.SYSTEM, report=asdict(found), facts={"matched": found.matched})


def _students(row: AdmissionUpload) -> Any:
    students = Student.objects.filter(season=row.season, school=row.school)
    return students.exclude(stage=Student.Stage.LEFT).exclude(student_no__startswith=Student.ERASED_NUMBER)


def match(archive: PictureArchive, *, season: Season, school: School, report: Report) -> dict[int, Entry]:
    """{student: entry}: an entry is named by student number or document number, alone or beside other words.

    Counts into `report` what belongs to nobody.
    """
    students = Student.objects.filter(season=season, school=school).exclude(stage=Student.Stage.LEFT)
    numbers = dict(students.values_list("student_no", "pk"))
    upper = {number.upper(): pk for number, pk in numbers.items()}
    hashes = dict(students.values_list("id_hash", "pk"))
    found: dict[int, Entry] = {}
    for entry in archive.entries:
        if not entry.is_picture:
            report.refuse(entry.name, "no_image_name")
            continue
        pk = _student_of(entry.stem, upper, hashes)
        if pk is None:
            report.refuse(entry.name, "unknown")
        elif pk in found:
            report.refuse(entry.name, "doubled")
        else:
            found[pk] = entry
    report.matched = len(found)
    return found


def _student_of(stem: str, numbers: dict[str, int], hashes: dict[str, int]) -> int | None:
    """A file that is named by numbers of two students belongs to neither."""
    words = {stem.upper(), *(word.upper() for word in _SEPARATORS.split(stem) if word)}
    found = {numbers[word] for word in words if word in numbers}
    if not found:
        found = {hashes[key] for word in words if len(word) > 5 for key in id_encryption.digests(word) if key in hashes}
    return found.pop() if len(found) == 1 else None


@jobs.handler(STORE, label=gettext_lazy("Storing admission photos"), queue="build")
def run_store(job: Job) -> None:
    row = AdmissionUpload.objects.select_related("school", "season").get(pk=job.params["upload"])
    if row.status != Status.STORING:
        return
    found = Report()
    try:
        archive = _archive(row)
        matched = match(archive, season=row.season, school=row.school, report=found)
    except PortalError as error:
        _refuse(row, str(error))
        return
    done = set(AdmissionPhoto.objects.filter(upload_no=row.pk).values_list("student_id", flat=True))
    left = {pk: entry for pk, entry in matched.items() if pk not in done}
    for batch in batches(archive, left, found):
        _store(row, batch, found)
        if found.counts.get("lost", 0) >= MOST_LOST:
            _refuse(
                row,
                _("Many pictures of this archive take too much time. Save them anew, smaller, and send them again."),
            )
            return
        done |= set(batch)
        jobs.progress(job, len(done), len(matched))
    found.stored = AdmissionPhoto.objects.filter(upload_no=row.pk).count()
    found.without = _students(row).filter(admission_photo=None).count()
    states.change(row, Status.DONE, by=history.SYSTEM, report=asdict(found), facts={"stored": found.stored})
    admission_photos.discard_parts(row)


def batches(archive: PictureArchive, entries: dict[int, Entry], report: Report) -> Iterator[dict[int, tuple[str, bytes]]]:  # fmt: skip
    """{student: (name, content)} of what one process opens; what cannot be read is counted in the report."""
    batch: dict[int, tuple[str, bytes]] = {}
    size = 0
    for pk, entry in entries.items():
        try:
            data = archive.read(entry)
            _require_few_scans(data)
        except RefusedPicture as refused:
            report.refuse(entry.name, refused.code)
            continue
        batch[pk] = (entry.name, data)
        size += len(data)
        if len(batch) == BATCH or size > BATCH_BYTES:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


def _require_few_scans(data: bytes) -> None:
    """Raise RefusedPicture for a JPEG that is one of thousands of passes over the same picture."""
    if not data.startswith(b"\xff\xd8"):
        return
    try:
        for _segment in jpeg_segments.read_segments(data):
            pass
    except Unreadable as error:
        raise RefusedPicture("no_picture") from error


def _store(row: AdmissionUpload, batch: dict[int, tuple[str, bytes]], report: Report) -> None:
    pictures: dict[int, bytes] = {}
    answers = normalised([data for _name, data in batch.values()])
    for (pk, (name, _data)), answer in zip(batch.items(), answers, strict=True):
        if isinstance(answer, RefusedPicture):
            report.refuse(name, answer.code)
        else:
            pictures[pk] = answer
    admission_photos.store(pictures, upload=row)


def wrong_names(row: AdmissionUpload) -> list[tuple[str, str]]:
    """(name, reason) of the first files that belong to nobody."""
    return [(name, str(REASONS.get(code, code))) for name, code in row.report.get("wrong", [])]


def wrong_counts(row: AdmissionUpload) -> list[tuple[str, int]]:
    return [
        (str(REASONS.get(code, code)), count) for code, count in Counter(row.report.get("counts", {})).most_common()
    ]
