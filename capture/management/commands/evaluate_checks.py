"""manage.py evaluate_checks DIR: how often each rule is right on labelled photos, without a
database."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from capture.management import picture_files
from vision import Limits, limits_of
from vision.backgrounds import BACKGROUNDS
from vision.evaluation import (
    Evaluation,
    LabelError,
    LabelledPhoto,
    RuleResult,
    ViolationKind,
    evaluate,
    group_names,
    photos_of_group,
    read_labels,
    rule_row,
    total_result,
    violation_kinds,
)

HEAD = f"{'rule':20}{'outcome':9}{'images':>8}{'false':>7}{'%':>7}{'labelled':>10}{'found':>7}{'%':>7}{'AUC':>7}  limit"
STRENGTHS = ("weak", "middle", "strong")


class Command(BaseCommand):
    help = (
        "Judge every photo of DIR/labels.csv (file,expected[,group,kind,strength]) and print false rejects and detection per "
        "rule, per group and per kind of violation."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", metavar="DIR")
        parser.add_argument("--labels", help="another labels file than DIR/labels.csv")
        parser.add_argument("--background", choices=sorted(BACKGROUNDS), default="blue")
        parser.add_argument(
            "--only", default="", help="rules or kinds, separated by commas: only photos made for them, and clean ones"
        )
        parser.add_argument(
            "--kept", type=Path, help="a JSON file that keeps the measures, so that limits can be tried in seconds"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        judged = _judged(self._labels(options), limits_of(background=options["background"]), options["kept"])
        groups = group_names(judged)
        self.stdout.write(HEAD)
        for row in [*judged.rows, total_result(judged.photos)]:
            self.stdout.write(line(row))
        if groups:
            self.stdout.write("\n" + "\n".join(group_table(judged, groups)))
        made = violation_kinds(judged)
        if made:
            self.stdout.write("\n" + "\n".join(kind_table(made)))

    def _labels(self, options: dict[str, Any]) -> list[LabelledPhoto]:
        directory = Path(options["directory"])
        labels = Path(options["labels"]) if options["labels"] else directory / "labels.csv"
        try:
            labelled = read_labels(directory, labels)
        except LabelError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(picture_files.no_labels(str(labels), error)) from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise CommandError(picture_files.no_table(str(labels))) from error
        wanted = set(filter(None, options["only"].split(",")))
        return [label for label in labelled if label.is_clean or not wanted or wanted & _names(label)]


def _judged(labelled: list[LabelledPhoto], limits: Limits, kept: Path | None) -> Evaluation:
    """Judge every labelled photo.

    Raises CommandError if one is missing: the shares would be wrong without it.
    """
    try:
        return evaluate(labelled, limits, kept)
    except OSError as error:
        raise CommandError(picture_files.unreadable(str(error.filename), error)) from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CommandError(_("%(path)s: these are not kept measures. Name another file.") % {"path": kept}) from error


def _names(label: LabelledPhoto) -> frozenset[str]:
    return label.expected | label.overlooked | {label.kind}


def line(row: RuleResult) -> str:
    limit = "" if row.limit is None else f"{row.limit:g}"
    auc = "" if row.auc is None else f"{row.auc:.3f}"
    return (
        f"{row.rule:20}{row.outcome:9}{row.images:8}{row.false:7}{share(row.false, row.images - row.labelled):>7}"
        f"{row.labelled:10}{row.found:7}{share(row.found, row.labelled):>7}{auc:>7}  {limit}"
    )


def group_table(judged: Evaluation, groups: list[str]) -> list[str]:
    """A row for each rule with findings or labels: false findings of clean photos, and found
    violations, per group."""
    parts = {group: photos_of_group(judged, group) for group in groups}
    lines = [f"{'rule':20}{'outcome':9}" + "".join(f"{group:>20}" for group in groups)]
    for row in judged.rows:
        if row.labelled or row.false:
            cells = (rule_row(row.rule, row.outcome, parts[group], judged.limits) for group in groups)
            lines.append(f"{row.rule:20}{row.outcome:9}" + "".join(cell(part) for part in cells))
    return [*lines, f"{'all rejecting':29}" + "".join(cell(total_result(parts[group])) for group in groups)]


def cell(row: RuleResult) -> str:
    """ "false/clean found/broken"."""
    return f"{f'{row.false}/{row.images - row.labelled} {row.found}/{row.labelled}':>20}"


def kind_table(made: list[ViolationKind]) -> list[str]:
    lines = [f"{'kind':20}{'rule':20}" + "".join(f"{strength:>10}" for strength in STRENGTHS)]
    for kind in made:
        found = "".join(f"{_of(kind.strengths.get(strength)):>10}" for strength in STRENGTHS)
        lines.append(f"{kind.name:20}{kind.rule:20}{found}" + ("   left to the reviewer" if kind.overlooked else ""))
    return lines


def _of(found: tuple[int, int] | None) -> str:
    return f"{found[0]}/{found[1]}" if found else "-"


def share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "-"
