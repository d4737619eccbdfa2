"""manage.py build_sheets SCHOOL --out DIR: write a school's sheets to files."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal import files, history
from portal.pdf.fonts import installed_fonts
from printing import portrait_archive, print_runs
from printing.layout import sheet_for
from printing.sheets import DrawnVolume, Unprintable, build_volumes
from schools.management.enrolment_scope import add_season_argument, enrolment_scope
from schools.models import Enrolment
from students.models import Student


class Command(BaseCommand):
    help = "Write the sheets of a school's approved portraits to a folder: one PDF for each 500 students."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("school", help="code of the school")
        add_season_argument(parser)
        parser.add_argument("--out", type=Path, required=True, help="folder, made if it is not there")
        parser.add_argument("--proofread-only", action="store_true", help="leave out who has not been proofread")

    def handle(self, *, school: str, season: int | None, out: Path, proofread_only: bool, **options: Any) -> None:
        with enrolment_scope(school, season) as enrolment:
            out.mkdir(parents=True, exist_ok=True)
            started = time.perf_counter()
            try:
                volumes = list(_volumes(enrolment, out, proofread_only))
            except Unprintable as error:
                raise CommandError(print_runs.describe_unprintable(error)) from error
            if not volumes:
                raise CommandError(_("No student of the school has an approved portrait yet."))
            students = sum(volume.students for volume in volumes)
            history.record("sheets.written", enrolment, by=history.SYSTEM, facts={"students": students})
        seconds = time.perf_counter() - started
        for volume in volumes:
            self.stdout.write(f"{volume.path}\t{volume.students}\t{volume.pages}")
        pages = sum(volume.pages for volume in volumes)
        words = _("%(students)d students, %(pages)d pages, %(volumes)d volumes in %(seconds).1f s")
        facts = {"students": students, "pages": pages, "volumes": len(volumes), "seconds": seconds}
        self.stdout.write(words % facts)


def _volumes(enrolment: Enrolment, out: Path, proofread_only: bool) -> list[DrawnVolume]:
    photos = portrait_archive.approved_portraits(enrolment).select_related("student__school")
    if proofread_only:
        photos = photos.exclude(student__stage=Student.Stage.APPROVED)
    students = [print_runs.sheet_student(photo.student, photo) for photo in photos.iterator(chunk_size=2000)]
    season, code = enrolment.season, enrolment.school.code
    steps = build_volumes(
        students,
        reading=files.reading_ahead,
        header=print_runs.sheet_header(enrolment.school.name, season, f"{season.year}-{code}"),
        directory=out,
        fonts=installed_fonts(),
        layout=sheet_for(season.copies),
        stem=code,
    )
    return [step.volume for step in steps if step.volume]
