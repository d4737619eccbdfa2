"""manage.py rejudge: judge again from stored measures, under the limits in force or those of a
file."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

import vision
from capture.judging import limits, rejudge
from capture.management import picture_files
from capture.models import LimitSet, Photo
from portal import history
from portal.errors import PortalError
from portal.tenancy import system_scope
from schools.management.enrolment_scope import add_season_argument, named_season
from schools.models import School, Season


class Command(BaseCommand):
    help = "Replay verdicts without opening a picture; print what would change. With --apply: judge undecided photos again."

    def add_arguments(self, parser: CommandParser) -> None:
        add_season_argument(parser)
        parser.add_argument("--school", metavar="CODE", help="only photos of this school")
        parser.add_argument("--days", type=int, metavar="N", help="only photos of the last N days")
        parser.add_argument(
            "--limits", type=Path, metavar="FILE", help='JSON as {"roll": {"reject": 10}}, to look ahead'
        )
        parser.add_argument("--apply", action="store_true", help="write it down for photos that nobody has decided")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, **options: Any) -> None:
        season = named_season(options["season"])
        if options["apply"] and options["limits"]:
            raise CommandError(
                _("Limits of a file are to look ahead only. Save them on the page “Judging rules” first.")
            )
        limit_set = _limits(season, options["limits"])
        with system_scope(), history.source("command"):
            photos = _photos(season, options)
            report = (
                _apply(photos, limit_set) if options["apply"] else rejudge.predict(photos, limit_set, season=season)
            )
        facts = {"season": season.year, "limit_set": limit_set.number, "engine": vision.ENGINE_VERSION}
        facts |= {"applied": options["apply"], "limits": _named(limit_set, options["limits"])} | report.as_dict()
        if options["json"]:
            self.stdout.write(json.dumps(facts, ensure_ascii=False))
        else:
            self._write_text(facts)

    def _write_text(self, facts: dict[str, Any]) -> None:
        text = _("Season %(season)d, %(limits)s, engine %(engine)s: %(photos)d photos replayed.")
        self.stdout.write(text % facts)
        self.stdout.write(_applied(facts) if facts["applied"] else _predicted(facts))
        for move in facts["moves"]:
            self.stdout.write(f"  {move['from']:6} → {move['to']:6} {move['photos']:7}")
        for row in facts["rules"]:
            self.stdout.write(f"  {row['rule']:20} {row['from'] or '-':6} → {row['to'] or '-':6} {row['photos']:7}")


def _named(limit_set: LimitSet, path: Path | None) -> str:
    if path:
        return _("limits of %(file)s") % {"file": path.name}
    return _("limits no. %(n)d") % {"n": limit_set.number} if limit_set.number else _("default limits")


def _applied(facts: dict[str, Any]) -> str:
    return _("%(changed)d verdicts changed, %(released)d photos released for submission.") % facts


def _predicted(facts: dict[str, Any]) -> str:
    return (
        _("%(changed)d verdicts would change, %(decided)d of them decided or given up, which stay as they are.") % facts
    )


def _limits(season: Season, path: Path | None) -> LimitSet:
    """The limits in force, or an unsaved set from a file."""
    if path is None:
        return limits.in_force(season)
    try:
        changes = json.loads(path.read_text(encoding="utf-8"))
        return limits.draft_set(season, changes={rule: dict(values) for rule, values in changes.items()})
    except OSError as error:
        raise CommandError(picture_files.unreadable(str(path), error)) from error
    except (ValueError, AttributeError, TypeError) as error:
        raise CommandError(_('%(path)s: not JSON of the form {"roll": {"reject": 10}}.') % {"path": path}) from error
    except PortalError as error:
        raise CommandError(str(error)) from error


def _photos(season: Season, options: dict[str, Any]) -> QuerySet[Photo]:
    code, days = options["school"], options["days"]
    school = School.objects.filter(code=code).first() if code else None
    if days is not None and days < 1:
        raise CommandError(_("--days takes 1 or more."))
    if code and school is None:
        raise CommandError(_("There is no school with the code %(code)s.") % {"code": code})
    photos = rejudge.judged_photos(season, school)
    return photos.filter(taken_at__gte=timezone.now() - dt.timedelta(days=days)) if days else photos


def _apply(photos: QuerySet[Photo], limit_set: LimitSet) -> rejudge.Report:
    season = limit_set.season
    outdated = photos.filter(pk__in=rejudge.outdated_photos(season, limit_set).values("pk"))
    return [rejudge.Report(), *rejudge.apply(outdated, limit_set, season=season, by=history.SYSTEM)][-1]
