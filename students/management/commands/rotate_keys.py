"""manage.py rotate_keys [--count]: rewrite document numbers with the newest key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from portal.security import encryption
from portal.tenancy import system_scope
from students.privacy import rotation


class Command(BaseCommand):
    help = "Start the job that rewrites document numbers with the newest key of ID_NUMBER_KEY."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--count", action="store_true", help="only print how many rows each key has written")

    def handle(self, *, count: bool, **options: Any) -> None:
        with system_scope():
            for name, versions in rotation.count_by_version().items():
                for version, rows in versions.items():
                    self.stdout.write(f"{name}\tkey {version}\t{rows}")
            if count:
                return
            job = rotation.start_rotation()
        words = _("Job %(job)d rewrites them with key %(version)d. Its page shows the progress and the report.")
        self.stdout.write(words % {"job": job.pk, "version": encryption.current_version()})
