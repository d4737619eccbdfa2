"""A season: draft, terms, opening and closing."""

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import history
from portal.changes import states
from portal.changes.field_changes import change_fields
from portal.errors import PortalError
from portal.models import User
from schools.models import Season, Window
from schools.season_texts import consent_text, notice_text

# Schools and students have agreed to these terms, so they cannot change.
FIXED_WHEN_OPEN = ("year", "graduating_class", "price_fen")
# Terms that a new season takes from the season before.
CARRIED_OVER = (
    "center_name", "opens_at", "closes_at", "proof_workdays", "price_fen", "payment_merchants", "copies", "owing_rule", "four_eyes_fen",
    "bank_account_name", "bank_name", "bank_account_no", "bank_code", "contact_name", "contact_phone", "contact_email", "background", "consent_version",
    "consent_text", "retention_days",
)  # fmt: skip
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
    season = Season(year=year, graduating_class=year + 1, payment_due=dt.date(year, 11, 20), **terms)
    season.notice = _update_notice(after, season) if after and after.notice else notice_text(season)
    season.consent_text = season.consent_text or consent_text(season)
    return season


def _update_notice(old: Season, new: Season) -> str:
    """The notice of `old` with year and graduating class of `new`.

    The two carry different suffixes (年, 届), so no number is replaced twice.
    """
    text = old.notice.replace(f"{old.graduating_class}届", f"{new.graduating_class}届")
    return text.replace(f"{old.year}年", f"{new.year}年")


def create_season(*, by: User, copy_days_of: Season | None = None, **terms: Any) -> Season:
    """Create a draft. `copy_days_of`: a season whose timetable is copied, moved by whole years."""
    with transaction.atomic():
        season = Season.objects.create(**terms)
        history.record("season.created", season, by=by, after=season.status)
        if copy_days_of:
            _copy_days(copy_days_of, season)
    return season


def _copy_days(old: Season, new: Season) -> None:
    years = new.year - old.year
    Window.objects.bulk_create(
        Window(
            season=new,
            area_id=window.area_id,
            starts_on=_years_later(window.starts_on, years),
            ends_on=_years_later(window.ends_on, years),
        )
        for window in old.windows.all()
    )


def _years_later(day: dt.date, years: int) -> dt.date:
    if (day.month, day.day) == (2, 29):
        day -= dt.timedelta(days=1)
    return day.replace(year=day.year + years)


def change_season(season: Season, *, by: User, **terms: Any) -> Season:
    if season.status != Season.Status.DRAFT:
        for name in FIXED_WHEN_OPEN:
            if name in terms and terms[name] != getattr(Season.objects.get(pk=season.pk), name):
                raise PortalError(_("Year, class and price stay as they are once a season has been opened."))
    return change_fields(season, by=by, **terms)


def open_season(season: Season, *, by: User) -> Season:
    """Open a season. Raises PortalError when another is open or a term is missing."""
    other = Season.objects.filter(status=Season.Status.OPEN).exclude(pk=season.pk).first()
    if other:
        raise PortalError(_("Season %(year)s is still open. Close it first.") % {"year": other.year})
    missing = missing_terms(season)
    if missing:
        raise PortalError(_("Before opening, please complete: %(list)s.") % {"list": _(", ").join(missing)})
    return states.change(season, Season.Status.OPEN, by=by, closed_on=None)


def missing_terms(season: Season) -> list[str]:
    """Names of the terms that are missing before the season can open."""
    needs = {
        _("days of at least one area"): season.windows.exists(),
        _("bank account"): season.bank_account_name and season.bank_account_no,
        _("contact"): season.contact_name and season.contact_phone,
        _("text of the consent"): season.consent_text,
        _("notice"): season.notice,
    }
    return [name for name, is_given in needs.items() if not is_given]


def close_season(season: Season, *, by: User) -> Season:
    """Close the season today. The retention of original photos is counted from this day."""
    return states.change(season, Season.Status.CLOSED, by=by, closed_on=timezone.localdate())
