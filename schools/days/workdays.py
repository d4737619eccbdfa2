"""Working days by the yearly arrangement of the State Council, make-up weekends included.

The arrangement of a year is published in the November before. For a year that `chinese_calendar`
does not know yet, working days are Monday to Friday outside the legal holidays with a fixed date in
the solar calendar. Days in lieu and lunar festivals are then missing, so a deadline may be wrong by
some days.
"""

import datetime as dt
from typing import Any

import chinese_calendar
from chinese_calendar.constants import holidays
from django.utils.translation import gettext_lazy as _

_DAY = dt.timedelta(days=1)
_KNOWN_YEARS = frozenset(day.year for day in holidays)
_FIXED_HOLIDAYS = frozenset({(1, 1), (4, 4), (4, 5), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


_HOLIDAYS = {
    "New Year's Day": _("New Year's Day"),
    "Spring Festival": _("Spring Festival"),
    "Tomb-sweeping Day": _("Tomb-sweeping Day"),
    "Labour Day": _("Labour Day"),
    "Dragon Boat Festival": _("Dragon Boat Festival"),
    "National Day": _("National Day"),
    "Mid-autumn Festival": _("Mid-autumn Festival"),
}
_FIXED_NAMES = {1: "New Year's Day", 4: "Tomb-sweeping Day", 5: "Labour Day", 10: "National Day"}


def is_published(year: int) -> bool:
    """Whether the arrangement of the year is known. If not, the simple rule above is used."""
    return year in _KNOWN_YEARS


def is_workday(day: dt.date) -> bool:
    if is_published(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED_HOLIDAYS


def holiday(day: dt.date) -> Any:
    """The name of the public holiday of which the day is free; empty on other days."""
    if is_workday(day):
        return ""
    if is_published(day.year):
        name = chinese_calendar.get_holiday_detail(day)[1] or ""
        return _HOLIDAYS.get(name, name)
    return _HOLIDAYS[_FIXED_NAMES[day.month]] if (day.month, day.day) in _FIXED_HOLIDAYS else ""


def add_workdays(day: dt.date, count: int) -> dt.date:
    """The `count`-th working day after `day`. `day` is not counted; `count` 0 returns `day`."""
    while count > 0:
        day += _DAY
        count -= is_workday(day)
    return day


def workdays_between(first: dt.date, last: dt.date) -> int:
    """Working days after `first`, up to `last` included; negative if `last` is earlier."""
    if last < first:
        return -workdays_between(last, first)
    return sum(is_workday(first + n * _DAY) for n in range(1, (last - first).days + 1))
