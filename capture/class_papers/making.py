"""Makes the check-list or the contact sheet of selected students as a job: of a class, a college or any selection."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from capture.class_papers import drawing
from capture.class_papers.drawing import ClassOfStudents, Entry
from capture.models import Photo
from portal import files, history
from portal.background import jobs
from portal.errors import PortalError
from portal.models import Job
from portal.pdf.fonts import installed_fonts
from schools.models import Enrolment
from students.models import Student

MOST = 5000  # students in one file: some 100 MB of pictures
CHUNK = 200  # students whose pictures are looked up at a time
ORDER = ("school__name", "college", "major", "class_name", "student_no")


def make_check_list(job: Job, students: QuerySet[Student]) -> None:
    _make(job, students, drawing.write_check_list, "check-list")


def make_contact_sheet(job: Job, students: QuerySet[Student]) -> None:
    _make(job, students, drawing.write_contact_sheet, "contact-sheet")


def _make(job: Job, students: QuerySet[Student], write: Callable[..., Path], name: str) -> None:
    total = students.count()
    if total > MOST:
        raise PortalError(_("A paper holds at most %(most)d students. Choose a college or a class.") % {"most": MOST})
    season, school = job.season, job.school
    assert season
    assert school
    done = 0

    def drawn() -> None:
        nonlocal done
        done += 1
        if done % CHUNK == 0:
            jobs.progress(job, done, total)

    content = tempfile.TemporaryFile()  # noqa: SIM115 (read when the job ends)
    with tempfile.TemporaryDirectory() as folder:
        path = write(
            _classes(students), Path(folder, "paper.pdf"), school=school.name, fonts=installed_fonts(), drawn=drawn
        )
        with path.open("rb") as file:
            shutil.copyfileobj(file, content)
    jobs.attach_file(job, f"{name}-{school.code}-{timezone.localdate():%Y%m%d}.pdf", content)
    of = Enrolment.objects.filter(school=school, season=season).first() or school
    facts = {"count": total, "format": "pdf", "in_clear": False}
    history.record("roster.exported", of, by=job.created_by or history.SYSTEM, facts=facts)


def _classes(students: QuerySet[Student]) -> Iterator[ClassOfStudents]:
    in_order = students.order_by(*ORDER)
    sizes: dict[Any, int] = {}
    for key in in_order.values_list("college", "major", "class_name"):
        sizes[key] = sizes.get(key, 0) + 1
    pairs = _with_pictures(in_order.select_related("school").iterator(CHUNK))
    for key, found in groupby(pairs, key=lambda pair: (pair[0].college, pair[0].major, pair[0].class_name)):
        words = " ".join(part for part in key if part)
        yield ClassOfStudents(f"{words}（共{sizes[key]}人）", (_entry(student, photo) for student, photo in found))


def _with_pictures(students: Iterator[Student]) -> Iterator[tuple[Student, Photo | None]]:
    while chunk := list(islice(students, CHUNK)):
        photos = Photo.objects.filter(student__in=chunk, is_current=True).exclude(thumbnail="")
        by_student = {photo.student_id: photo for photo in photos}
        yield from ((student, by_student.get(student.pk)) for student in chunk)


def _entry(student: Student, photo: Photo | None) -> Entry:
    jpeg = files.content_of(photo.thumbnail.name) if photo else None
    return Entry(student.student_no, student.name, student.masked_id, jpeg or b"")
