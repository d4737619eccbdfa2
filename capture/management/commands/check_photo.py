"""manage.py check_photo FILE... [--json]: the verdict on each photo, without a database."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import ngettext

from capture.management import picture_files
from vision import Finding, Limits, Unreadable, advice_for, check, limits_of, sentence_for
from vision.backgrounds import BACKGROUNDS


class Command(BaseCommand):
    help = "Judge photos and say what is wrong with each. Needs no database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--json", action="store_true", help="one JSON object a line")
        parser.add_argument(
            "--background", choices=sorted(BACKGROUNDS), default="blue", help="of the season's portraits"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Judge every file.

        If one cannot be read, the others are judged, and the command fails at the end.
        """
        limits = limits_of(background=options["background"])
        write = self._write_json if options["json"] else self._write_text
        unread = 0
        for path in options["files"]:
            try:
                outcome, findings, sentences = judge_file(path, limits)
            except OSError as error:
                self.stderr.write(picture_files.unreadable(path, error))
                unread += 1
            else:
                write(path, outcome, findings, sentences)
        if unread:
            raise CommandError(
                ngettext("%(n)d file was not read.", "%(n)d files were not read.", unread) % {"n": unread}
            )

    def _write_json(self, path: str, outcome: str, findings: list[Finding], sentences: list[str]) -> None:
        found = [finding.as_dict() for finding in findings]
        self.stdout.write(json.dumps({"file": path, "verdict": outcome, "findings": found}, ensure_ascii=False))

    def _write_text(self, path: str, outcome: str, findings: list[Finding], sentences: list[str]) -> None:
        self.stdout.write(f"{path}: {outcome}")
        for finding, text in zip(findings, sentences, strict=True):
            numbers = "" if finding.value is None else f" ({finding.value:g} / {finding.limit:g})"
            self.stdout.write(f"  {finding.outcome:6} {finding.rule}{numbers}: {text}")


def judge_file(path: str, limits: Limits) -> tuple[str, list[Finding], list[str]]:
    """(outcome, findings, their sentences). A file that is no photo is a finding.

    Raises OSError when it cannot be read.
    """
    try:
        checked = check(path, limits)
    except Unreadable as error:
        return "red", [Finding("unreadable", "reject")], [str(error)]
    findings = list(checked.verdict.findings)
    return checked.verdict.outcome, findings, [f"{sentence_for(found)} {advice_for(found)}" for found in findings]
