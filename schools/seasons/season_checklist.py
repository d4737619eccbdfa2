"""What a draft needs before it can be opened, and what should be looked at first."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import formatting
from schools import season_addresses
from schools.days import deadlines, schedule_warnings, workdays
from schools.days.schedule_warnings import Span
from schools.models import Enrolment, Season, Window


@dataclass(frozen=True)
class Check:
    """`is_needed`: the season cannot be opened without it. `note` says what is wrong, or how it is."""

    name: str
    is_done: bool
    is_needed: bool
    note: str
    url: str


def checklist(season: Season) -> list[Check]:
    windows = list(season.windows.select_related("area"))
    account = season.bank_account_name and season.bank_account_no
    contact = season.contact_name and season.contact_phone
    return [
        _days(season, windows),
        _holidays(season, windows),
        _term(season, _("bank account"), account, season.bank_account_no),
        _term(season, _("contact"), contact, season.contact_name),
        _term(season, _("text of the consent"), season.consent_text, ""),
        _term(season, _("notice"), season.notice, ""),
        _schools(season),
    ]


def missing_terms(season: Season) -> list[str]:
    """Names of what is missing before the season can open."""
    return [check.name for check in checklist(season) if check.is_needed and not check.is_done]


def _term(season: Season, name: str, value: Any, note: str) -> Check:
    return Check(
        name, bool(value), True, note if value else "", season_addresses.reverse_in(season.year, "schools:season_edit")
    )


def _days(season: Season, windows: list[Window]) -> Check:
    url = season_addresses.reverse_in(season.year, "schools:timetable")
    name = _("days of at least one area")
    if not windows:
        return Check(name, False, True, "", url)
    first, last = min(row.starts_on for row in windows), max(row.ends_on for row in windows)
    spans = [Span(row.area.name, row.starts_on, row.ends_on) for row in windows]
    strange = [span.area for span in schedule_warnings.outside_year(season.year, spans)]
    if strange:
        names = _(", ").join(strange)
        return Check(name, False, True, _("Not in %(year)s: %(areas)s.") % {"year": season.year, "areas": names}, url)
    days = formatting.day_range(first, last, today=timezone.localdate())
    note = ngettext("%(n)s area: %(days)s", "%(n)s areas: %(days)s", len(windows)) % {"n": len(windows), "days": days}
    return Check(name, True, True, note, url)


def _holidays(season: Season, windows: list[Window]) -> Check:
    """Whether the working days are published of every year in which a day of the season lies."""
    last = max((row.ends_on for row in windows), default=dt.date(season.year, 1, 1))
    years = sorted({season.year, season.payment_due.year, last.year, deadlines.form_day(last, season).year})
    unknown = [str(year) for year in years if not workdays.is_published(year)]
    note = _("Known: %(years)s") % {"years": _(", ").join(map(str, years))}
    if unknown:
        note = _(
            "The working days of %(years)s are not published yet: deadlines that lie there are counted without days in"
            " lieu and may move by some days."
        ) % {"years": _(", ").join(unknown)}
    url = season_addresses.reverse_in(season.year, "schools:timetable")
    return Check(_("holidays known"), not unknown, False, note, url)


def _schools(season: Season) -> Check:
    number = Enrolment.objects.filter(season=season).count()
    note = _("%(number)s schools take part and see the notice as soon as the season is open.") % {"number": number}
    if not number:
        note = _("No school takes part yet, so nobody is told.")
    url = season_addresses.reverse_in(season.year, "schools:schools")
    return Check(_("schools told"), bool(number), False, note, url)
