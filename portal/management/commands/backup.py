"""manage.py backup --out FOLDER: a dump of the database with its figures, for an encrypted store of backups."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from portal.security import backups


class Command(BaseCommand):
    help = "Dump the database and write down what is in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--out", type=Path, required=True, help="a folder that only you can read; made so if it is not there"
        )

    def handle(self, *, out: Path, **options: Any) -> None:
        backups.back_up(out)
        size = (out / backups.DUMP).stat().st_size
        self.stdout.write(_("%(file)s: %(bytes)d bytes") % {"file": out / backups.DUMP, "bytes": size})
