"""A season: draft, terms, opening and closing."""

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history
from portal.changes import states
from portal.changes.field_changes import change_fields
from portal.errors import PortalError
from portal.models import User
from schools import enrolments
from schools.days import deadlines, timetable
from schools.models import Action, Enrolment, School, Season, Window
from schools.seasons import moved_years
from schools.seasons.season_checklist import missing_terms
from schools.seasons.season_texts import consent_text, notice_text

# Schools and students have agreed to these terms, so they cannot change.
FIXED_WHEN_OPEN = ("year", "graduating_class", "price_fen")
# Terms that a new season takes from the season before.
CARRIED_OVER = (
    "center_name", "opens_at", "closes_at", "proof_workdays", "price_fen", "payment_merchants", "copies", "owing_rule", "four_eyes_fen",
    "bank_account_name", "bank_name", "bank_account_no", "bank_code", "contact_name", "contact_phone", "contact_email", "background", "consent_version",
    "consent_text", "retention_days", "without_list",
)  # fmt: skip
# What a school that takes part again has chosen for itself.
SETTINGS = ("payment_mode", "allow_file", "sign_in_added", "hands_over_list", "stated_students")
# Terms of a center's first season, from the 2022 notice.
FIRST_TERMS: dict[str, Any] = {
    "center_name": "江苏省高校招生就业指导服务中心",
    "bank_account_name": "江苏省高校招生就业指导服务中心",
    "bank_name": "中国工商银行南京分行宁海路支行",
    "bank_account_no": "4301 0114 0910 0401 930",
    "bank_code": "102301000307",
}


def draft(*, after: Season | None, today: dt.date) -> Season:
    """An unsaved season for a form: one year after `after`, with its terms, else FIRST_TERMS."""
    year = after.year + 1 if after else today.year
    terms = {name: getattr(after, name) for name in CARRIED_OVER} if after else FIRST_TERMS
    due = _years_later(after.payment_due, 1) if after else deadlines.payment_day(year)
    season = Season(year=year, graduating_class=year + 1, payment_due=due, **terms)
    if after:
        season.notice = moved_years.move(after.notice, old=after, new=season)[0]
        season.consent_text = moved_years.move(after.consent_text, old=after, new=season)[0]
    season.notice = season.notice or notice_text(season)
    season.consent_text = season.consent_text or consent_text(season)
    return season


def moved_places(old: Season, new: Season) -> list[tuple[str, list[moved_years.Move]]]:
    """[(name of a text, its places whose year is moved)], for a look before the draft is saved."""
    fields = ("notice", "consent_text")
    found = [(str(Season._meta.get_field(name).verbose_name), getattr(old, name)) for name in fields]  # type: ignore[union-attr]
    notes = Enrolment.objects.filter(season=old).exclude(student_notice="").select_related("school")
    found += [(str(row.school), row.student_notice) for row in notes]
    moves = [(name, moved_years.move(text, old=old, new=new)[1]) for name, text in found]
    return [(name, places) for name, places in moves if places]


Carry = Callable[[Season, Season, User], None]
_CARRIES: list[Carry] = []


def carries_over(function: Carry) -> Carry:
    """Register a function(old, new, by) that gives a new season what another room keeps of the old one."""
    _CARRIES.append(function)
    return function


def create_season(*, by: User, after: Season | None = None, schools: Iterable[School] = (), **terms: Any) -> Season:
    """Create a draft. `after`: the season from which its days are taken, moved by whole years, and what rooms carry over.

    `schools` are enrolled, with the settings that they had.
    """
    with transaction.atomic():
        season = _create(by, terms)
        new = enrolments.enrol(schools, season=season, by=by)
        if after:
            _copy_days(after, season)
            _copy_settings(after, season, new)
            for carry in _CARRIES:
                carry(after, season, by)
    return season


def create_first(*, year: int, by: history.Actor) -> Season:
    """Create the draft with which a center begins, with FIRST_TERMS and no school."""
    drafted = draft(after=None, today=dt.date(year, 1, 1))
    names = [field.name for field in Season._meta.concrete_fields if not field.primary_key]
    return _create(by, {name: getattr(drafted, name) for name in names})


def _create(by: history.Actor, terms: dict[str, Any]) -> Season:
    season = Season.objects.create(**terms)
    history.record("season.created", season, by=by, after=season.status)
    return season


def _copy_settings(old: Season, new: Season, enrolled: list[Enrolment]) -> None:
    before = {row.school_id: row for row in Enrolment.objects.filter(season=old)}
    for row in enrolled:
        if had := before.get(row.school_id):
            for name in SETTINGS:
                setattr(row, name, getattr(had, name))
            row.student_notice = moved_years.move(had.student_notice, old=old, new=new)[0]
    Enrolment.objects.bulk_update(enrolled, [*SETTINGS, "student_notice"])


def _copy_days(old: Season, new: Season) -> None:
    years = new.year - old.year
    Window.objects.bulk_create(
        Window(
            season=new,
            area_id=window.area_id,
            starts_on=_years_later(window.starts_on, years),
            ends_on=_years_later(window.ends_on, years),
            kind=window.kind,
        )
        for window in old.windows.all()
    )


def _years_later(day: dt.date, years: int) -> dt.date:
    if (day.month, day.day) == (2, 29):
        day -= dt.timedelta(days=1)
    return day.replace(year=day.year + years)


def change_season(season: Season, *, by: User, **terms: Any) -> Season:
    season.require(Action.CHANGE)
    if season.status != Season.Status.DRAFT:
        for name in FIXED_WHEN_OPEN:
            if name in terms and terms[name] != getattr(Season.objects.get(pk=season.pk), name):
                raise PortalError(_("Year, class and price stay as they are once a season has been opened."))
    with transaction.atomic():
        timetable.note_change(season)
        return change_fields(season, by=by, **terms)


def open_season(season: Season, *, by: User) -> Season:
    """Open a draft, or the capture once more after it was closed. Others may be open beside it.

    Raises PortalError when a term is missing.
    """
    missing = missing_terms(season) if season.status == Season.Status.DRAFT else []
    if missing:
        raise PortalError(_("Before opening, please complete: %(list)s.") % {"list": _(", ").join(missing)})
    return states.change(season, Season.Status.OPEN, by=by, closed_on=None)


def close_season(season: Season, *, by: User) -> Season:
    """Close the capture of the season today. The retention of original photos is counted from this day."""
    only_from: list[str] = [Season.Status.OPEN]
    return states.change(season, Season.Status.CLOSED, by=by, only_from=only_from, closed_on=timezone.localdate())


def archive_season(season: Season, *, by: User) -> Season:
    """From now on the season can be read, and nothing in it changes."""
    return states.change(season, Season.Status.ARCHIVED, by=by)


def take_out_of_archive(season: Season, *, by: User) -> Season:
    """The capture stays closed, since the day on which it was closed."""
    only_from: list[str] = [Season.Status.ARCHIVED]
    return states.change(season, Season.Status.CLOSED, by=by, only_from=only_from, kind="season.unarchived")
