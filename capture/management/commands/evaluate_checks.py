"""manage.py evaluate_checks DIR...: how often each rule is right on labelled photos, without a
database."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from capture.management import contact_sheet, evaluation_tables, picture_files
from vision import RULES_BY_NAME, limits_of
from vision.backgrounds import BACKGROUNDS
from vision.evaluation.held_out import leave_one_set_out
from vision.evaluation.labelled_photos import Evaluation, KeptMeasures, LabelError, LabelledPhoto, evaluate, read_labels
from vision.evaluation.stability import Stability, stability
from vision.evaluation.variations import VARIATIONS, VARIATIONS_BY_NAME, Variation

ALL = "all"
TOLD_EVERY = 20  # photos


class Command(BaseCommand):
    help = (
        "Judge every photo of DIR/labels.csv (file,expected[,group,kind,strength]) and print false rejects and detection per "
        "rule, per group and per kind of violation, with Wilson's interval at 95 %. Each DIR is a set of photos; with several, "
        "limits are also chosen on the other sets and tried on the one that is left out."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directories", metavar="DIR", nargs="+")
        parser.add_argument(
            "--labels", action="append", default=[], help="another labels file than DIR/labels.csv; once for each DIR"
        )
        parser.add_argument(
            "--sets",
            default="",
            help="groups, separated by commas, that are sets of their own (one room or camera each)",
        )
        parser.add_argument("--background", choices=sorted(BACKGROUNDS), default="blue")
        parser.add_argument(
            "--only", default="", help="rules or kinds, separated by commas: only photos made for them, and clean ones"
        )
        parser.add_argument(
            "--ignore",
            default="",
            help="rules, separated by commas, that do not count: too_close, where all are cut too tight",
        )
        parser.add_argument(
            "--stability",
            nargs="?",
            const=ALL,
            help="change the clean photos as phones and rooms change them, and count the verdicts that turn; or only by "
            "these changes, separated by commas",
        )
        parser.add_argument(
            "--kept", type=Path, help="a JSON file that keeps the measures, so that limits can be tried in seconds"
        )
        parser.add_argument(
            "--sheet",
            type=Path,
            metavar="FOLDER",
            help="write contact sheets of the false alarms and the misses, to look at",
        )
        parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")

    def handle(self, *args: Any, **options: Any) -> None:
        variations = _variations(options["stability"])
        labelled, ignored = _labels(options), _ignored(options["ignore"])
        limits, kept = limits_of(background=options["background"]), _kept(options["kept"])
        judged = self._measured(
            lambda: evaluate(labelled, limits, kept, ignored=ignored, progress=self._progress(_("photos measured")))
        )
        varied = None
        if variations is not None:
            varied = self._measured(
                lambda: stability(judged, variations, kept, progress=self._progress(_("photos changed and measured")))
            )
        if options["sheet"]:
            self._write_sheets(judged, options["sheet"])
        if options["json"]:
            found = evaluation_tables.as_object(judged, leave_one_set_out(judged), varied)
            self.stdout.write(json.dumps(found, ensure_ascii=False))
        else:
            self.stdout.write("\n\n".join("\n".join(table) for table in _tables(judged, varied) if table))

    def _measured(self, measure: Callable[[], Any]) -> Any:
        """Raises CommandError if a photo is missing: the shares would be wrong without it."""
        try:
            return measure()
        except OSError as error:
            raise CommandError(picture_files.unreadable(str(error.filename), error)) from error

    def _write_sheets(self, judged: Evaluation, folder: Path) -> None:
        try:
            for path in contact_sheet.write_sheets(judged, folder):
                self.stderr.write(str(path))
        except OSError as error:
            raise CommandError(picture_files.unwritable(str(error.filename or folder), error)) from error

    def _progress(self, what: str) -> Callable[[int, int], None]:
        def tell(done: int, of: int) -> None:
            if done % TOLD_EVERY == 0 or done == of:
                self.stderr.write(f"{done}/{of} {what}")

        return tell


def _tables(judged: Evaluation, varied: list[Stability] | None) -> list[list[str]]:
    """Per set: its rules. Of all photos: groups, kinds, limits left out, stability."""
    sets, tables = judged.sets, []
    for name, part in sets.items():
        head = [f"{name}: {len(part.photos)}"] if len(sets) > 1 else []
        tables.append(head + evaluation_tables.rule_table(part))
    tables += [evaluation_tables.group_table(judged), evaluation_tables.kind_table(judged)]
    if len(sets) > 1:
        tables.append(evaluation_tables.held_out_table(leave_one_set_out(judged)))
    if varied is not None:
        tables.append(evaluation_tables.stability_table(varied, list(sets)))
    return tables


def _labels(options: dict[str, Any]) -> list[LabelledPhoto]:
    """The photos of all directories. Several directories stand before the names of their photos."""
    directories = [Path(name) for name in options["directories"]]
    files = [Path(name) for name in options["labels"]] or [folder / "labels.csv" for folder in directories]
    if len(files) != len(directories):
        raise CommandError(_("Give --labels once for each folder, in the same order, or leave it out."))
    twice = [name for name, number in Counter(folder.resolve().name for folder in directories).items() if number > 1]
    if twice:
        raise CommandError(_("Two folders are called %(name)s. Give each set its own name.") % {"name": twice[0]})
    sets = _names(options["sets"])
    labelled = []
    for folder, labels in zip(directories, files, strict=True):
        found = _read(folder, labels, sets)
        prefix = f"{folder.resolve().name}/" if len(directories) > 1 else ""
        labelled += [replace(label, name=prefix + label.name) for label in found]
    wanted = set(_names(options["only"]))
    return [label for label in labelled if label.is_clean or not wanted or wanted & _made_for(label)]


def _read(folder: Path, labels: Path, sets: list[str]) -> list[LabelledPhoto]:
    try:
        return read_labels(folder, labels, sets)
    except LabelError as error:
        raise CommandError(str(error)) from error
    except OSError as error:
        raise CommandError(picture_files.no_labels(str(labels), error)) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(picture_files.no_table(str(labels))) from error


def _kept(path: Path | None) -> KeptMeasures:
    try:
        return KeptMeasures(path)
    except OSError as error:
        raise CommandError(picture_files.unreadable(str(path), error)) from error
    except ValueError as error:
        raise CommandError(_("%(path)s: these are not kept measures. Name another file.") % {"path": path}) from error


def _ignored(option: str) -> list[str]:
    for name in _names(option):
        if name not in RULES_BY_NAME:
            raise CommandError(_("There is no rule %(name)s.") % {"name": name})
    return _names(option)


def _variations(option: str | None) -> list[Variation] | None:
    if option is None or option == ALL:
        return None if option is None else list(VARIATIONS)
    for name in _names(option):
        if name not in VARIATIONS_BY_NAME:
            known = ", ".join(VARIATIONS_BY_NAME)
            raise CommandError(
                _("There is no change %(name)s. These are known: %(known)s") % {"name": name, "known": known}
            )
    return [VARIATIONS_BY_NAME[name] for name in _names(option)]


def _names(option: str) -> list[str]:
    return [name.strip() for name in option.split(",") if name.strip()]


def _made_for(label: LabelledPhoto) -> frozenset[str]:
    return label.expected | label.overlooked | {label.kind}
