"""manage.py evaluate_checks DIR: how often each rule is right on labelled photos, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from capture.vision.backgrounds import BACKGROUNDS
from capture.vision.evaluation import LabelError, Row, evaluate, read_labels, total
from capture.vision.verdict import Limits

HEAD = f"{'rule':20}{'outcome':9}{'images':>8}{'false':>7}{'%':>7}{'labelled':>10}{'found':>7}{'%':>7}{'AUC':>7}  limit"


class Command(BaseCommand):
    help = "Judge every photo of DIR/labels.csv (file,expected[,group]) and print false rejects and detection per rule."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", metavar="DIR")
        parser.add_argument("--labels", help="another labels file than DIR/labels.csv")
        parser.add_argument("--background", choices=sorted(BACKGROUNDS), default="blue")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = Path(options["directory"])
        try:
            labelled = read_labels(
                directory, Path(options["labels"]) if options["labels"] else directory / "labels.csv"
            )
        except (LabelError, OSError) as error:
            raise CommandError(str(error)) from error
        judged = evaluate(labelled, Limits.of(background=options["background"]))
        self.stdout.write(HEAD)
        for row in judged.rows:
            self.stdout.write(line(row))
        self.stdout.write(line(total(judged)))
        for group, row in judged.groups.items():
            self.stdout.write(line(row, name=f"group {group}"))


def line(row: Row, name: str | None = None) -> str:
    limit = "" if row.limit is None else f"{row.limit:g}"
    auc = "" if row.auc is None else f"{row.auc:.3f}"
    return (
        f"{name or row.rule:20}{row.outcome:9}{row.images:8}{row.false:7}{share(row.false, row.images - row.labelled):>7}"
        f"{row.labelled:10}{row.found:7}{share(row.found, row.labelled):>7}{auc:>7}  {limit}"
    )


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"
