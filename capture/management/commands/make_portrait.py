"""manage.py make_portrait IN OUT: the standard portrait of one photo, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capture.management import picture_files
from vision import Measures, Source, Unreadable, advice_for, judge, make_portrait, open_and_measure, sentence_for
from vision.backgrounds import BACKGROUNDS


class Command(BaseCommand):
    help = "Make the 480 x 640 px portrait of a photo. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photo", metavar="IN")
        parser.add_argument("portrait", metavar="OUT")
        parser.add_argument("--background", choices=sorted(BACKGROUNDS), default="blue")

    def handle(self, *args: Any, **options: Any) -> None:
        source, measures = _opened(options["photo"])
        try:
            if not measures["faces"]:
                reason = judge(measures).findings[0]
                raise CommandError(f"{sentence_for(reason)} {advice_for(reason)}")
            portrait = make_portrait(source, measures, background=options["background"])
        except Unreadable as error:
            raise CommandError(str(error)) from error
        _write(options["portrait"], portrait.jpeg)
        for finding in portrait.findings:
            self.stderr.write(f"{finding.outcome}: {sentence_for(finding)} {advice_for(finding)}")
        self.stdout.write(
            f"{options['portrait']}: {portrait.geometry['bytes']} bytes, quality {portrait.geometry['quality']}"
        )


def _opened(path: str) -> tuple[Source, Measures]:
    try:
        return open_and_measure(Path(path))
    except Unreadable as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(picture_files.unreadable(path, error)) from error


def _write(path: str, jpeg: bytes) -> None:
    try:
        Path(path).write_bytes(jpeg)
    except OSError as error:
        raise CommandError(picture_files.unwritable(path, error)) from error
