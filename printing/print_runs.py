"""Print runs: the sheets of one school, built in the background, printed, and found again page by page."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from capture.models import Photo
from portal import files, history, jobs, states
from portal.errors import PortalError
from portal.models import Job, User
from portal.pdf.fonts import house_fonts
from printing import packing_list
from printing.layout import sheet_for
from printing.models import PrintItem, PrintRun, Volume
from printing.sheets import Progress, SheetHeader, SheetStudent, Unprintable, build_volumes
from printing.sheets import Volume as DrawnVolume
from schools.models import Action, Enrolment, Season
from students.models import Student

KIND = "sheets"
# A message names at most so many students; the job's result holds them all.
NAMED = 10


def printable(enrolment: Enrolment) -> QuerySet[Photo]:
    """The portraits of the students that are proofread and in no print run yet."""
    return (
        Photo.objects.filter(
            school=enrolment.school_id,
            season=enrolment.season_id,
            is_current=True,
            status=Photo.Status.APPROVED,
            student__stage=Student.Stage.PROOFED,
        )
        .exclude(student__prints__isnull=False)
        .order_by("student_id")
    )


def create(enrolment: Enrolment, *, by: User | history.System) -> PrintRun:
    """Order the sheets of every student who is proofread and not printed yet. The building runs as a job."""
    with transaction.atomic():
        enrolment = (
            Enrolment.objects.select_for_update(of=("self",), no_key=True)
            .select_related("season", "school")
            .get(pk=enrolment.pk)
        )
        enrolment.require(Action.PRINT)
        photos = list(printable(enrolment).only("pk", "student_id"))
        if not photos:
            raise PortalError(_("Every student who is proofread is in a print run already."))
        run = PrintRun.objects.create(
            school_id=enrolment.school_id,
            season_id=enrolment.season_id,
            enrolment=enrolment,
            students=len(photos),
            created_by=by if isinstance(by, User) else None,
        )
        PrintItem.objects.bulk_create(
            PrintItem(school_id=run.school_id, run=run, student_id=photo.student_id, photo=photo) for photo in photos
        )
        history.record("printrun.created", run, by=by, facts={"students": len(photos)})
        if enrolment.status == Enrolment.Status.FEEDBACK_ACCEPTED:
            states.change(enrolment, Enrolment.Status.PRINTING, by=by)
        _start(run, by=by)
    return run


def _start(run: PrintRun, *, by: User | history.System) -> None:
    run.job = jobs.create(KIND, by=by, school=run.school, season=run.season, total=run.students, params={"run": run.pk})
    run.save(update_fields=["job"])


@jobs.handler(KIND, label=gettext_lazy("Making the sheets"), queue="build")
def build(job: Job) -> None:
    """Build the run's volumes anew. Safe to run twice: the old volumes go when the new ones stand."""
    run = PrintRun.objects.select_related("school", "season").get(pk=job.params["run"])
    job.result = {"read_at": timezone.now().isoformat()}
    _drop_unready(run)
    with _workshop(run) as folder:
        try:
            volumes = list(_built(run, job, folder))
        except Unprintable as error:
            job.result["unprintable"] = [[student.portrait, reason] for student, reason in error.problems]
            raise PortalError(unprintable_sentence(error)) from error
        _store(run, volumes)
        contents = packing_list.write(_contents(run, volumes), folder / "contents.pdf", fonts=house_fonts())
        jobs.leave_file(job, "contents.pdf", contents.read_bytes())
    job.message = ngettext("%(n)d volume", "%(n)d volumes", len(volumes)) % {"n": len(volumes)}


@contextmanager
def _workshop(run: PrintRun) -> Iterator[Path]:
    """A folder for the volumes until they are stored. What a killed worker left of this run goes first."""
    prefix = f"tucai-run-{run.pk}-"
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        yield Path(folder)


def _drop_unready(run: PrintRun) -> None:
    """Students whose data or portrait changed after the run was ordered proofread anew and wait for a run of their own."""
    ready = Q(student__stage=Student.Stage.PROOFED, photo__is_current=True, photo__status=Photo.Status.APPROVED)
    with transaction.atomic():
        _remove(run, run.items.exclude(ready), by=history.SYSTEM)
    if not run.students:
        raise PortalError(_("Nobody in this run is proofread any more. Order a new one when they are."))


def _remove(run: PrintRun, items: QuerySet[PrintItem], *, by: history.Actor) -> int:
    students = list(items.values_list("student__student_no", flat=True))
    if students:
        items.delete()
        run.students = run.items.count()
        run.save(update_fields=["students"])
        history.record("printrun.left_out", run, by=by, facts={"student_nos": students})
    return len(students)


def _built(run: PrintRun, job: Job, folder: Path) -> Iterator[DrawnVolume]:
    students = sheet_students(run.items.all())
    for step in _steps(run, students, folder):
        if step.volume or step.done % 40 == 0:
            jobs.progress(job, step.done, step.total)
        if step.volume:
            yield step.volume


def _steps(run: PrintRun, students: list[SheetStudent], folder: Path) -> Iterator[Progress]:
    return build_volumes(
        students,
        read_portrait=read_portrait,
        header=header_of(run.school.name, run.season, f"{run.season.year}-{run.school.code}-{run.pk}"),
        directory=folder,
        fonts=house_fonts(),
        layout=sheet_for(run.season.copies),
        stem=f"{run.school.code}-{run.pk}",
    )


def sheet_students(items: QuerySet[PrintItem]) -> list[SheetStudent]:
    """What the sheets say of each student of a run; one query."""
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
        id_number=student.id_number,
        name=student.name,
    )


def read_portrait(name: str) -> bytes:
    with default_storage.open(name, "rb") as file:
        return file.read()


def header_of(school: str, season: Season, run: str) -> SheetHeader:
    return SheetHeader(
        school=school, season=f"{season.graduating_class}届毕业生图像采集", center=season.center_name, run=run
    )


def unprintable_sentence(error: Unprintable) -> str:
    """Who cannot be printed and why, for the officer."""
    named = "; ".join(
        f"{student.student_no} {student.name}: {_problem(reason)}" for student, reason in error.problems[:NAMED]
    )
    more = len(error.problems) - NAMED
    if more > 0:
        named += "; " + ngettext("and %(n)d more", "and %(n)d more", more) % {"n": more}
    return named


def _problem(characters: str) -> str:
    if not characters:
        return _("the portrait's file is missing or damaged")
    codes = " ".join(f"{char} (U+{ord(char):04X})" for char in characters)
    return _("no font has %(characters)s") % {"characters": codes}


def _store(run: PrintRun, volumes: Iterable[DrawnVolume]) -> None:
    """Volumes and places of the students, all at once; then the files of an earlier building go."""
    volumes = list(volumes)
    with files.writing() as write, transaction.atomic():
        files.delete_after_commit([volume.file.name for volume in run.volumes.all()])
        run.volumes.all().delete()
        for drawn in volumes:
            _store_volume(run, drawn, write)
        _store_places(run, volumes)
        run.pages = sum(drawn.pages for drawn in volumes)
        run.save(update_fields=["pages"])


def _store_volume(run: PrintRun, drawn: DrawnVolume, write: files.Writer) -> None:
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
    volume.save()


def _store_places(run: PrintRun, volumes: Iterable[DrawnVolume]) -> None:
    places = {portrait: (drawn.number, page) for drawn in volumes for portrait, page in drawn.places}
    items = list(run.items.select_related("photo"))
    for item in items:
        item.volume, item.page = places[str(item.photo.portrait.name)]
    PrintItem.objects.bulk_update(items, ["volume", "page"], batch_size=1000)


def _contents(run: PrintRun, volumes: list[DrawnVolume]) -> packing_list.Contents:
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
    """Build the same run again, for data or fonts that have been put right."""
    if run.printed_at is not None:
        raise PortalError(_("This run has been printed. Order a new one for what is missing."))
    if run.job is not None and run.job.is_open:
        raise PortalError(_("The sheets are being built already."))
    with transaction.atomic():
        _start(run, by=by)
    return run


def leave_out(run: PrintRun, *, by: User) -> int:
    """Print the run without the students that could not be printed; they wait for a run of their own."""
    problems = (run.job.result if run.job else {}).get("unprintable", [])
    with transaction.atomic():
        items = run.items.filter(photo__portrait__in=[portrait for portrait, _reason in problems])
        removed = _remove(run, items, by=by)
        if not removed:
            raise PortalError(_("Nobody has to be left out of this run."))
        if run.students:
            rebuild(run, by=by)
    return removed


def mark_printed(run: PrintRun, *, by: User) -> PrintRun:
    """The sheets have come out of the press: the run stands, and its students are printed."""
    with transaction.atomic():
        run = PrintRun.objects.select_for_update(of=("self",), no_key=True).get(pk=run.pk)
        if not run.volumes.exists() or (run.job and run.job.is_open):
            raise PortalError(_("The sheets have not been built yet."))
        if run.printed_at is not None:
            raise PortalError(_("This run has been printed already."))
        _refuse_outdated(run)
        run.printed_at = timezone.now()
        run.save(update_fields=["printed_at"])
        history.record("printrun.printed", run, by=by, facts={"students": run.students, "pages": run.pages})
        states.change_many(Student.objects.filter(prints__run=run), Student.Stage.PRINTED, by=by, facts={"run": run.pk})
    return run


def _refuse_outdated(run: PrintRun) -> None:
    """The sheets must say what the roster says: nobody's data may have changed since they were read."""
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
