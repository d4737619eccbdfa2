"""manage.py feedback_form SCHOOL --out FILE.pdf: write the feedback form with what is known so far."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal.pdf.fonts import installed_fonts
from proofing import feedback
from proofing.feedback_form import write_feedback_form
from proofing.models import Feedback
from schools.management.enrolment_scope import add_season_argument, enrolment_scope


class Command(BaseCommand):
    help = "Write the feedback form of a school as PDF."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("school", help="code of the school")
        add_season_argument(parser)
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *, school: str, season: int | None, out: Path, **options: Any) -> None:
        with enrolment_scope(school, season) as enrolment:
            made = Feedback.objects.filter(enrolment=enrolment).first()
            write_feedback_form(feedback.form_data(enrolment, made), out, fonts=installed_fonts("serif"))
        self.stdout.write(str(out))
