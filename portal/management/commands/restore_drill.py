"""manage.py restore_drill [FOLDER]: restore a backup into a database of its own and compare it with its figures."""

import json
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from portal.errors import PortalError
from portal.security import backups

MOST_SHOWN = 20


class Command(BaseCommand):
    help = "Restore a backup into a database of its own and compare rows, hashes and files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", type=Path, nargs="?", help="what manage.py backup wrote; without it, a new backup"
        )
        parser.add_argument("--files", type=Path, help="the folder of the restored private files")
        parser.add_argument("--into", default="", help="an empty database of the owner, by its name")
        parser.add_argument("--json", action="store_true")

    def handle(self, *, folder: Path | None, files: Path | None, into: str, **options: Any) -> None:
        with ExitStack() as stack:
            try:
                if folder is None:
                    folder = Path(stack.enter_context(TemporaryDirectory()))
                    backups.back_up(folder)
                report = backups.drill(folder, stored=files, into=into)
            except (PortalError, OSError) as error:
                raise CommandError(str(error)) from error
        faults = {
            _("differs"): report.differing,
            _("file is missing"): report.missing_files,
            _("file is damaged"): report.damaged_files,
        }
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report), ensure_ascii=False))
        else:
            words = _("%(tables)d tables and sequences, %(rows)d rows, %(files)d files of %(bytes)d bytes compared")
            self.stdout.write(
                words
                % {"tables": report.tables, "rows": report.rows, "files": report.files, "bytes": report.file_bytes}
            )
            for fault, found in faults.items():
                for name in found[:MOST_SHOWN]:
                    self.stdout.write(f"{fault}: {name}")
        if not report.is_whole:
            raise CommandError(
                _("The restored copy is not whole: %(n)d faults.") % {"n": sum(map(len, faults.values()))}
            )
