"""Working days as the State Council's yearly arrangement gives them, make-up weekends included.

The arrangement of a year is published in the November before. For a year that the package does not know yet a
working day is taken to be Monday to Friday outside the legal holidays that the solar calendar fixes. The days
in lieu and the lunar festivals of such a year are missing, so a deadline in it may be off by some days.
"""

import datetime as dt

import chinese_calendar
from chinese_calendar.constants import holidays

_DAY = dt.timedelta(days=1)
_KNOWN_YEARS = frozenset(day.year for day in holidays)
_FIXED_HOLIDAYS = frozenset({(1, 1), (4, 4), (4, 5), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def is_published(year: int) -> bool:
    """Whether the arrangement of the year is known; else the rule of this module's head holds."""
    return year in _KNOWN_YEARS


def is_workday(day: dt.date) -> bool:
    if is_published(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < 5 and (day.month, day.day) not in _FIXED_HOLIDAYS


def add_workdays(day: dt.date, count: int) -> dt.date:
    """The date of the `count`-th working day after `day`, which itself does not count. 0 gives `day` back."""
    while count > 0:
        day += _DAY
        count -= is_workday(day)
    return day


def workdays_between(first: dt.date, last: dt.date) -> int:
    """How many working days lie after `first` up to and with `last`; negative when `last` is earlier."""
    if last < first:
        return -workdays_between(last, first)
    return sum(is_workday(first + n * _DAY) for n in range(1, (last - first).days + 1))
