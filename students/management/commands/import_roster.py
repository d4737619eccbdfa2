"""manage.py import_roster SCHOOL FILE: import a roster without the portal."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import history
from schools.management.enrolment_scope import add_season_argument, enrolment_scope
from schools.models import Enrolment
from students.roster import importer, remembered_headings
from students.roster.columns import BY_FIELD, COLUMNS, column_of
from students.roster.headings import Assignment, keys_of


class Command(BaseCommand):
    help = "Import a roster (.xlsx, .xls, .ods, .csv) into the present season. Wrong rows are left out and reported."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("school", help="code of the school")
        add_season_argument(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check and compare only")
        parser.add_argument(
            "--heading",
            action="append",
            default=[],
            metavar="HEADING=COLUMN",
            help="what a heading of the file means, such as 考生号=学号; with nothing behind = the column is not"
            " imported. Remembered for the school, but not by --dry-run. May be repeated",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(
        self,
        *,
        school: str,
        season: int | None,
        file: Path,
        dry_run: bool,
        json: bool,
        heading: list[str],
        **options: Any,
    ) -> None:
        said = [_heading(text) for text in heading]
        with enrolment_scope(school, season) as enrolment:
            found = self._import(enrolment, file, dry_run, said)
        self.stdout.write(as_json(found) if json else as_text(found))

    def _import(self, enrolment: Enrolment, file: Path, dry_run: bool, said: list[tuple[str, str]]) -> importer.Plan:
        school, season = enrolment.school, enrolment.season
        content = _content(file)
        importer.require_open_roster(school=school, season=season)
        labels = dict(zip(keys_of([label for label, _field in said]), (label for label, _field in said), strict=True))
        fields = dict(zip(labels, (field for _label, field in said), strict=True))
        known = Assignment({**remembered_headings.of_school(school).fields, **fields})
        if dry_run:
            return importer.plan_import(content, school=school, season=season, assignment=known)

        def record(found: importer.Plan) -> None:
            remembered_headings.remember(school=school, assignment=Assignment(fields), labels=labels, by=history.SYSTEM)
            history.record("roster.imported", enrolment, by=history.SYSTEM, facts={"file": file.name} | found.figures)

        return importer.apply_import(
            content, school=school, season=season, assignment=known, by=history.SYSTEM, then=record
        )


def _heading(text: str) -> tuple[str, str]:
    """(heading, field or "") of HEADING=COLUMN."""
    label, sign, name = text.rpartition("=")
    column = BY_FIELD.get(name) or column_of(name)
    if not sign or not label or (name and column is None):
        columns = ", ".join(known.heading for known in COLUMNS)
        raise CommandError(
            _("--heading %(text)s: write HEADING=COLUMN with one of these columns: %(columns)s.")
            % {"text": text, "columns": columns}
        )
    return label, column.field if column else ""


def _content(file: Path) -> bytes:
    try:
        importer.check_size(file.stat().st_size)
        return file.read_bytes()
    except OSError as error:
        raise CommandError(_("The file %(file)s cannot be read.") % {"file": file}) from error


def errors(found: importer.Plan) -> list[dict[str, Any]]:
    """Wrong cells: [{"row": 12, "column": "证件号码", "code": "id_check", "message": sentence}]."""
    return [
        {
            "row": found.roster.place(row),
            "column": BY_FIELD[name].heading,
            "code": problem.code,
            "message": str(problem),
        }
        for row in sorted(found.wrong)
        for name, problem in found.wrong[row].items()
    ]


def as_json(found: importer.Plan) -> str:
    facts = found.figures | {
        "errors": errors(found),
        "ignored_columns": found.roster.ignored,
        "warnings": len(found.warned),
        "sheets": found.roster.sheets,
        "sheets_not_read": found.roster.left_out,
        "hidden_rows": found.roster.hidden,
        "skipped_rows": found.roster.headings_again + len(found.roster.notes),
        "missing": len(found.missing),
    }
    return json.dumps(facts, ensure_ascii=False)


def as_text(found: importer.Plan) -> str:
    lines = [_("new %(new)d, changed %(changed)d, unchanged %(unchanged)d, wrong %(wrong)d") % found.figures]
    lines += [f"{e['row']}\t{e['column']}\t{e['message']}" for e in errors(found)]
    return "\n".join([*lines, *_notices(found)])


def _notices(found: importer.Plan) -> list[str]:
    """What the preview of the portal says beside the wrong rows."""
    roster = found.roster
    lines = [
        f"{roster.place(row)}\t{BY_FIELD[name].heading}\t{problem.warning}"
        for row in sorted(found.warned)
        for name, problem in found.warned[row].items()
    ]
    if roster.ignored:
        lines.append(_("Columns that are not kept:") + " " + "、".join(roster.ignored))
    if len(roster.sheets) > 1 or roster.left_out:
        lines.append(_("Sheets that were read:") + " " + "、".join(roster.sheets))
    if roster.left_out:
        lines.append(_("Not read, hidden or without the headings:") + " " + "、".join(roster.left_out))
    if roster.hidden:
        sentence = ngettext(
            "%(n)s row was hidden by a filter in the file. It is read like the others.",
            "%(n)s rows were hidden by a filter in the file. They are read like the others.",
            roster.hidden,
        )
        lines.append(sentence % {"n": roster.hidden})
    if roster.notes or roster.headings_again:
        lines.append(
            _("Skipped: %(headings)s repeated heading rows, %(notes)s rows that are no students.")
            % {"headings": roster.headings_again, "notes": len(roster.notes)}
        )
    return lines
