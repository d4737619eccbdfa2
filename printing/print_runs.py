"""Print runs: the sheets of one school are ordered, built by a job, and marked as printed."""

import hashlib
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Replace
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.accounts import owing
from capture.models import Photo
from capture.sign_in import consent
from portal import files, history, notifications
from portal.background import jobs
from portal.changes import states
from portal.errors import PortalError
from portal.models import Job, User
from portal.pdf.fonts import installed_fonts
from printing import packing_list, reprints
from printing.layout import sheet_for
from printing.models import PrintItem, PrintRun, SheetReport, Volume
from printing.sheets import DrawnVolume, Progress, SheetHeader, SheetStudent, Unprintable, build_volumes
from schools.models import Action, Enrolment, Season
from students.correcting import corrections
from students.models import Student
from students.moving import school_changes
from students.privacy import erasure
from students.roster.staging import FIXED_STAGES

KIND = "sheets"
# The most students that a message names. The job's result lists all of them.
NAMED_STUDENTS = 10


def in_open_run(student_id: str) -> Exists:
    """For a query whose column `student_id` names students: those who are in a run that is not printed yet."""
    return Exists(PrintItem.objects.filter(student=OuterRef(student_id), run__printed_at=None))


def printable(season: Season | int, schools: Iterable[int], students: Collection[int] | None = None) -> QuerySet[Photo]:
    """The portraits of the students who are proofread, wait for no run, and have agreed to the printing house; of
    `students`, where they are given.

    Whose data were corrected after printing, or whose sheet is missing or damaged, is proofread again, and gets a second sheet.
    """
    chosen, schools = Q() if students is None else Q(student__in=students), list(schools)
    return (
        Photo.objects.filter(
            school__in=schools,
            season=season,
            student__school__in=schools,  # as the photo's: PostgreSQL knows then how many students there are
            student__season=season,
            is_current=True,
            status=Photo.Status.APPROVED,
            student__stage=Student.Stage.PROOFED,
        )
        .filter(chosen, consent.allows_printing())
        .exclude(in_open_run("student_id"))
    )


def printable_portraits(enrolment: Enrolment, students: Collection[int] | None = None) -> QuerySet[Photo]:
    return printable(enrolment.season_id, [enrolment.school_id], students).order_by("student_id")


def create(
    enrolment: Enrolment,
    *,
    by: User | history.System,
    reason: str = "",
    students: Collection[int] | None = None,
) -> PrintRun:
    """Order the sheets of every proofread student who is not in a run yet, or of `students` alone. A job builds them.

    Raises PortalError when there is no such student, and for a school that owes as the season's rule says; `reason`
    is why its sheets are made all the same.
    """
    with transaction.atomic():
        enrolment = (
            Enrolment.objects.select_for_update(of=("self",), no_key=True)
            .select_related("season", "school")
            .get(pk=enrolment.pk)
        )
        enrolment.require(Action.PRINT)
        owed = owing.check(enrolment, reason=reason)
        photos = list(printable_portraits(enrolment, students).only("pk", "student_id"))
        if not photos:
            raise PortalError(_("Every student who is proofread is in a print run already."))
        run = PrintRun.objects.create(
            school_id=enrolment.school_id,
            season_id=enrolment.season_id,
            enrolment=enrolment,
            students=len(photos),
            created_by=by if isinstance(by, User) else None,
        )
        again = reprints.reasons(enrolment)
        PrintItem.objects.bulk_create(
            PrintItem(
                school_id=run.school_id,
                run=run,
                student_id=photo.student_id,
                photo=photo,
                again=again.get(photo.student_id, ""),
            )
            for photo in photos
        )
        history.record("printrun.created", run, by=by, facts={"students": len(photos)} | owed)
        if enrolment.status == Enrolment.Status.FEEDBACK_ACCEPTED:
            states.change(enrolment, Enrolment.Status.PRINTING, by=by)
        _queue_build(run, by=by)
    return run


def _queue_build(run: PrintRun, *, by: User | history.System) -> None:
    run.job = jobs.create(KIND, by=by, school=run.school, season=run.season, total=run.students, params={"run": run.pk})
    run.save(update_fields=["job"])


@jobs.handler(KIND, label=gettext_lazy("Making the sheets"), queue="build", cancel_may="prints.order")
def build(job: Job) -> None:
    """Build the volumes of the run. A second call replaces the volumes of the first one."""
    run = PrintRun.objects.select_related("school", "season").get(pk=job.params["run"])
    job.result = {"read_at": timezone.now().isoformat()}
    _remove_outdated(run)
    with _temporary_folder(run) as folder:
        try:
            volumes = list(_build_volumes(run, job, folder))
        except Unprintable as error:
            job.result["unprintable"] = [[student.portrait, reason] for student, reason in error.problems]
            raise PortalError(describe_unprintable(error)) from error
        _store(run, volumes)
        contents = packing_list.write(_packing_list(run, volumes), folder / "contents.pdf", fonts=installed_fonts())
        jobs.attach_file(job, "contents.pdf", contents.read_bytes())
    job.message = ngettext("%(n)d volume", "%(n)d volumes", len(volumes)) % {"n": len(volumes)}


@contextmanager
def _temporary_folder(run: PrintRun) -> Iterator[Path]:
    """A folder for the volumes until they are stored.

    Deletes what a killed worker left of the same run.
    """
    prefix = f"tucai-{_installation()}-run-{run.pk}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        yield Path(folder)


def _installation() -> str:
    """A digest of media folder and database. It differs between installations on one machine."""
    database = connection.settings_dict
    parts = (settings.MEDIA_ROOT, database["HOST"], database["PORT"], database["NAME"])
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:12]


def _remove_outdated(run: PrintRun) -> None:
    """Remove the students whose data or portrait changed after the order.

    They proofread again and get another run.
    """
    ready = Q(student__stage=Student.Stage.PROOFED, photo__is_current=True, photo__status=Photo.Status.APPROVED)
    with transaction.atomic():
        _remove(run, run.items.exclude(ready), by=history.SYSTEM)
    if not run.students:
        raise PortalError(_("Nobody in this batch is still confirmed. Create a new one when they are."))


def _remove(run: PrintRun, items: QuerySet[PrintItem], *, by: history.Actor) -> int:
    students = list(items.values_list("student__student_no", flat=True))
    if students:
        items.delete()
        run.students = run.items.count()
        run.save(update_fields=["students"])
        history.record("printrun.left_out", run, by=by, facts={"student_nos": students})
    return len(students)


def _build_volumes(run: PrintRun, job: Job, folder: Path) -> Iterator[DrawnVolume]:
    students = sheet_students(run.items.all())
    for step in _draw_volumes(run, students, folder):
        if step.volume or step.done % 40 == 0:
            jobs.progress(job, step.done, step.total)
        if step.volume:
            yield step.volume


def _draw_volumes(run: PrintRun, students: list[SheetStudent], folder: Path) -> Iterator[Progress]:
    return build_volumes(
        students,
        reading=files.reading_ahead,
        header=sheet_header(run.school.name, run.season, f"{run.season.year}-{run.school.code}-{run.pk}"),
        directory=folder,
        fonts=installed_fonts(),
        layout=sheet_for(run.season.copies),
        stem=f"{run.school.code}-{run.pk}",
    )


def sheet_students(items: QuerySet[PrintItem]) -> list[SheetStudent]:
    """The data on the sheets for each student of a run. One query."""
    rows = items.select_related("student__school", "photo").order_by("student_id")
    return [sheet_student(item.student, item.photo) for item in rows.iterator(chunk_size=2000)]


def sheet_student(student: Student, photo: Photo) -> SheetStudent:
    return SheetStudent(
        portrait=str(photo.portrait.name),
        school=student.school.name,
        college=student.college,
        major=student.major,
        class_name=student.class_name,
        student_no=student.student_no,
        id_number=student.printed_number,
        name=student.name,
    )


def sheet_header(school: str, season: Season, run: str) -> SheetHeader:
    return SheetHeader(
        school=school, season=f"{season.graduating_class}届毕业生图像采集", center=season.center_name, run=run
    )


def describe_unprintable(error: Unprintable) -> str:
    """A text that names the students who cannot be printed, each with the reason."""
    named = "; ".join(
        f"{student.student_no} {student.name}: {_describe_problem(reason)}"
        for student, reason in error.problems[:NAMED_STUDENTS]
    )
    more = len(error.problems) - NAMED_STUDENTS
    if more > 0:
        named += "; " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more}
    return named


@school_changes.registers_obstacle
def is_printed(student: Student) -> str:
    if student.stage not in FIXED_STAGES and not PrintItem.objects.filter(student=student).exists():
        return ""
    return _(
        "The portrait of this student is on a printed sheet of the school. The student stays there for this season."
    )


@erasure.registers_eraser
def erase_from_refusals(student: Student, whole: bool) -> None:
    """Take the student out of the words of runs that could not be printed."""
    named = f"{student.student_no} {student.name}"
    if whole:
        told = Job.objects.filter(season_id=student.season_id, message__contains=named)
        told.update(message=Replace("message", Value(named), Value(erasure.ERASED)))


def _describe_problem(characters: str) -> str:
    if not characters:
        return _("the portrait's file is missing or damaged")
    codes = " ".join(f"{char} (U+{ord(char):04X})" for char in characters)
    return _("no font has %(characters)s") % {"characters": codes}


def _store(run: PrintRun, volumes: Iterable[DrawnVolume]) -> None:
    """Store the volumes and the students' pages in one transaction.

    Files of an earlier build are deleted after it.
    """
    volumes = list(volumes)
    with files.writing() as write:
        written = [_written(run, drawn, write) for drawn in volumes]
        with transaction.atomic():
            files.delete_after_commit([volume.file.name for volume in run.volumes.all()])
            run.volumes.all().delete()
            for volume in written:
                volume.save()
            _store_places(run, volumes)
            run.pages = sum(drawn.pages for drawn in volumes)
            run.save(update_fields=["pages"])


def _written(run: PrintRun, drawn: DrawnVolume, write: files.Writer) -> Volume:
    """The volume, not saved yet."""
    with drawn.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        volume = Volume(
            school_id=run.school_id,
            run=run,
            number=drawn.number,
            students=drawn.students,
            pages=drawn.pages,
            sha256=digest,
        )
        written = write.store(volume, {"file": file}, filename=drawn.path.name)
    volume.file, volume.file_size = written["file"], written["file_size"]
    return volume


def _store_places(run: PrintRun, volumes: Iterable[DrawnVolume]) -> None:
    places = {portrait: (drawn.number, page) for drawn in volumes for portrait, page in drawn.places}
    items = list(run.items.select_related("photo"))
    for item in items:
        item.volume, item.page = places[str(item.photo.portrait.name)]
    PrintItem.objects.bulk_update(items, ["volume", "page"], batch_size=1000)


def _packing_list(run: PrintRun, volumes: list[DrawnVolume]) -> packing_list.Contents:
    lines = [
        packing_list.Line(drawn.number, s.college, s.major, s.class_name, count, first, last)
        for drawn in volumes
        for s, count, first, last in drawn.groups
    ]
    return packing_list.Contents(
        center=run.season.center_name,
        school=run.school.name,
        address=run.school.address,
        title=f"{run.season.graduating_class}届毕业生纸质照片装箱清单",
        run=f"{run.season.year}-{run.school.code}-{run.pk}",
        copies=run.season.copies,
        lines=tuple(lines),
    )


def rebuild(run: PrintRun, *, by: User) -> PrintRun:
    """Build the same run again, after data or fonts were corrected.

    Raises PortalError once it is printed.
    """
    if run.printed_at is not None:
        raise PortalError(_("This run has been printed. Order a new one for what is missing."))
    if run.job is not None and run.job.is_open:
        raise PortalError(_("The sheets are being built already."))
    with transaction.atomic():
        _queue_build(run, by=by)
    return run


def leave_out(run: PrintRun, *, by: User) -> int:
    """Remove the students who cannot be printed and build the run again.

    Returns how many were removed.
    """
    problems = (run.job.result if run.job else {}).get("unprintable", [])
    with transaction.atomic():
        items = run.items.filter(photo__portrait__in=[portrait for portrait, _reason in problems])
        removed = _remove(run, items, by=by)
        if not removed:
            raise PortalError(_("Nobody has to be left out of this batch."))
        if run.students:
            rebuild(run, by=by)
    return removed


def mark_printed(run: PrintRun, *, by: User) -> PrintRun:
    """Mark the sheets as printed.

    The run cannot be changed from then on, and its students are printed.

    Raises PortalError when the sheets are not built or older than the students' data.
    """
    with transaction.atomic():
        run = PrintRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
        if not run.volumes.exists() or (run.job and run.job.status != Job.Status.DONE):
            raise PortalError(_("The sheets have not been built yet."))
        if run.printed_at is not None:
            raise PortalError(_("This run has been printed already."))
        _refuse_outdated(run)
        run.printed_at = timezone.now()
        run.save(update_fields=["printed_at"])
        history.record("printrun.printed", run, by=by, facts={"students": run.students, "pages": run.pages})
        students = Student.objects.filter(prints__run=run)
        printed = states.change_many(students, Student.Stage.PRINTED, by=by, facts={"run": run.pk})
        corrections.printed_again(printed, school=run.school, by=by)
        states.change_many(_reported(run, printed), SheetReport.Status.PRINTED, by=by, run=run)
        notifications.notify_school(
            run.school, season=run.season, kind="printrun.printed", parameters={"n": run.students}
        )
    return run


def _reported(run: PrintRun, students: Iterable[int]) -> QuerySet[SheetReport]:
    """The reports of a missing or damaged sheet that this run answers. Few, of students that may be tens of thousands."""
    printed = set(students)
    waiting = SheetReport.objects.filter(school_id=run.school_id, status=SheetReport.Status.REPORTED)
    found = [pk for pk, student in waiting.values_list("pk", "student_id") if student in printed]
    return SheetReport.objects.filter(pk__in=found)


def _refuse_outdated(run: PrintRun) -> None:
    """Raise PortalError when the data of a student changed after the sheets were built."""
    changed = run.items.exclude(student__stage=Student.Stage.PROOFED)
    read_at = (run.job.result if run.job else {}).get("read_at")
    if read_at:
        changed = changed | run.items.filter(student__updated_at__gt=read_at)
    count = changed.count()
    if count:
        raise PortalError(
            ngettext(
                "The data of %(n)d student have changed since the sheets were built. Build them again.",
                "The data of %(n)d students have changed since the sheets were built. Build them again.",
                count,
            )
            % {"n": count}
        )
