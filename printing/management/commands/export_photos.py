"""manage.py export_photos SCHOOL --out FILE.zip: write a school's electronic portraits to a ZIP.

The files are named by document number; the event of the download says so.
"""

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from portal import history
from printing import portrait_archive
from schools.management.enrolment_scope import add_season_argument, enrolment_scope


class Command(BaseCommand):
    help = "Write the approved portraits of a school to a ZIP file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("school", help="code of the school")
        add_season_argument(parser)
        parser.add_argument("--out", type=Path, required=True)
        parser.add_argument("--student-numbers", action="store_true", help="name files by student number")
        parser.add_argument("--folders", action="store_true", help="college and major as folders")

    def handle(
        self, *, school: str, season: int | None, out: Path, folders: bool, student_numbers: bool, **options: Any
    ) -> None:
        with enrolment_scope(school, season) as enrolment:
            draft = out.with_name(f".{out.name}.{os.getpid()}")
            try:
                with draft.open("wb") as file:
                    made = portrait_archive.write(
                        file, enrolment, by=history.SYSTEM, folders=folders, by_document=not student_numbers
                    )
                draft.replace(out)
            finally:
                draft.unlink(missing_ok=True)
        words = _("%(file)s: %(students)d portraits, %(bytes)d bytes")
        self.stdout.write(words % {"file": out, "students": made.students, "bytes": made.length})
