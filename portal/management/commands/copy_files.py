"""manage.py copy_files --out FOLDER | --from FOLDER: all private files as a folder, and back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal import file_copies
from portal.errors import PortalError
from portal.outages import FilesAway


class Command(BaseCommand):
    help = "Copy the private files into a folder (--out), or store those of a folder that are missing (--from)."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--out", type=Path, help="an empty folder, or one that this command has made")
        which.add_argument(
            "--from", type=Path, dest="source", help="a folder that this command has made, or MEDIA_ROOT"
        )

    def handle(self, *, out: Path | None, source: Path | None, **options: Any) -> None:
        if source and not source.is_dir():
            raise CommandError(_("There is no folder %(folder)s.") % {"folder": source})
        try:
            done = file_copies.put_back(source) if source else file_copies.fetch(out or Path())
        except (PortalError, OSError, FilesAway) as error:
            raise CommandError(str(error)) from error
        words = _("%(copied)d files copied, %(kept)d were there, %(deleted)d deleted")
        self.stdout.write(words % done._asdict())
