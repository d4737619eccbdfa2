"""manage.py make_portrait IN OUT: the standard portrait of one photo, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capture.management import picture_files
from vision import Finding, Source, Unreadable, advice_for, make_portrait, measure, open_photo, sentence_for
from vision.backgrounds import BACKGROUNDS


class Command(BaseCommand):
    help = "Make the 480 x 640 px portrait of a photo. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photo", metavar="IN")
        parser.add_argument("portrait", metavar="OUT")
        parser.add_argument("--background", choices=sorted(BACKGROUNDS), default="blue")

    def handle(self, *args: Any, **options: Any) -> None:
        source = _opened(options["photo"])
        try:
            measures = measure(source)
            if not measures["faces"]:
                nobody = Finding("one_face", "reject", 0.0, 1.0)
                raise CommandError(f"{sentence_for(nobody)} {advice_for(nobody)}")
            portrait = make_portrait(source, measures, background=options["background"])
        except Unreadable as error:
            raise CommandError(str(error)) from error
        _write(options["portrait"], portrait.jpeg)
        for finding in portrait.findings:
            self.stderr.write(f"{finding.outcome}: {sentence_for(finding)} {advice_for(finding)}")
        self.stdout.write(
            f"{options['portrait']}: {portrait.geometry['bytes']} bytes, quality {portrait.geometry['quality']}"
        )


def _opened(path: str) -> Source:
    try:
        return open_photo(Path(path))
    except Unreadable as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(picture_files.unreadable(path, error)) from error


def _write(path: str, jpeg: bytes) -> None:
    try:
        Path(path).write_bytes(jpeg)
    except OSError as error:
        raise CommandError(picture_files.unwritable(path, error)) from error
