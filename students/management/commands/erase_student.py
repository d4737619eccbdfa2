"""manage.py erase_student SCHOOL STUDENT_NO --reason WORDS: erase one student."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal import history
from portal.tenancy import system_scope
from schools.management.enrolment_scope import add_season_argument, enrolment_scope
from students.models import Student
from students.privacy import erasure


class Command(BaseCommand):
    help = "Erase a student; of one whose portrait is approved only what the registry does not need."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("school", help="code of the school")
        add_season_argument(parser)
        parser.add_argument("student_no", help="student number")
        parser.add_argument("--reason", required=True, help="stands in the history")

    def handle(self, *, school: str, season: int | None, student_no: str, reason: str, **options: Any) -> None:
        with enrolment_scope(school, season) as enrolment:
            found = Student.objects.filter(season=enrolment.season, school=enrolment.school, student_no=student_no)
            student = found.first()
            if student is None:
                raise CommandError(_("There is no student with this number."))
            with system_scope():  # a school deletes no notifications
                whole = erasure.erase(student=student, reason=reason, by=history.SYSTEM)
        self.stdout.write(
            _("Erased.") if whole else _("Erased, but for what the registry needs: name, numbers and the portrait.")
        )
