"""manage.py handover SCHOOL --out DIR: write the package of a school for the registry, encrypted.

The next package, when somebody is to be handed over; else the last one again.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal import history
from printing.handover import contents, packages
from printing.models import HandoverPackage
from schools.management.enrolment_scope import add_season_argument, enrolment_scope
from schools.models import Enrolment


class Command(BaseCommand):
    help = "Write the hand-over package of a school to a folder, encrypted for the registry."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("school", help="code of the school")
        add_season_argument(parser)
        parser.add_argument("--out", type=Path, required=True, help="folder, made if it is not there")
        parser.add_argument("--number", type=int, help="make this package of the school again")

    def handle(self, *, school: str, season: int | None, out: Path, number: int | None, **options: Any) -> None:
        with enrolment_scope(school, season) as enrolment:
            package = _package(enrolment, number)
            out.mkdir(parents=True, exist_ok=True)
            path = out / package.filename
            draft = path.with_name(f".{path.name}")
            try:
                packages.make(package, draft, by=history.SYSTEM)
                draft.replace(path)
            except contents.Doubtful as error:
                raise CommandError(packages.describe(error)) from error
            finally:
                draft.unlink(missing_ok=True)
        words = _("%(file)s: %(students)d students, for %(receiver)s")
        self.stdout.write(words % {"file": path, "students": package.students, "receiver": package.receiver_name})
        self.stdout.write(_("SHA-256 of the content: %(sha256)s") % {"sha256": package.sha256})
        self.stdout.write(_("SHA-256 of the encrypted file: %(sha256)s") % {"sha256": package.sealed_sha256})


def _package(enrolment: Enrolment, number: int | None) -> HandoverPackage:
    made = HandoverPackage.objects.filter(enrolment=enrolment).exclude(status=HandoverPackage.Status.ORDERED)
    if number is not None:
        found = made.filter(number=number).first()
        if found is None:
            raise CommandError(_("There is no package %(number)d of this school.") % {"number": number})
        return packages.make_again(found, by=history.SYSTEM, with_job=False)
    last = made.first()
    if last is None or packages.is_somebody_waiting(enrolment):
        return packages.create(enrolment, by=history.SYSTEM, with_job=False)
    return packages.make_again(last, by=history.SYSTEM, with_job=False)
