"""A month as a calendar shows it: weeks from Monday to Sunday, with what stands on each day."""

import calendar
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from schools.days import workdays
from schools.days.season_calendar import CAPTURE, Entry

_ASKED = re.compile(r"(2[0-9]{3})-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Line:
    """An entry on one day. `is_named`: its first day in this row of the month, where its title is read."""

    entry: Entry
    is_named: bool


@dataclass(frozen=True)
class Day:
    day: dt.date
    is_in_month: bool
    is_workday: bool
    holiday: Any
    lines: Sequence[Line]

    @property
    def css(self) -> str:
        return " ".join(["is-workday" if self.is_workday else "is-off", *["is-empty"] * self.is_empty])

    @property
    def is_empty(self) -> bool:
        return not (self.lines or self.holiday)


@dataclass(frozen=True)
class Month:
    first: dt.date
    weeks: Sequence[Sequence[Day]]

    @property
    def before(self) -> str:
        return f"{self.first - dt.timedelta(days=1):%Y-%m}"

    @property
    def after(self) -> str:
        return f"{self.first + dt.timedelta(days=31):%Y-%m}"


def shown(asked: str, entries: Sequence[Entry], today: dt.date) -> dt.date:
    """The first day of the month that is asked for, as 2026-03; else of today's, else of the one nearest to today
    in which something stands.
    """
    if found := _ASKED.fullmatch(asked):
        return dt.date(int(found[1]), int(found[2]), 1)
    days = [day for entry in entries if entry.kind == CAPTURE for day in (entry.starts_on, entry.ends_on)]
    nearest = min(max(today, min(days)), max(days)) if days else today
    return nearest.replace(day=1)


def month(first: dt.date, entries: Iterable[Entry]) -> Month:
    every = list(entries)
    weeks = calendar.Calendar().monthdatescalendar(first.year, first.month)
    return Month(first, [[_day(day, first, every) for day in week] for week in weeks])


def _day(day: dt.date, first: dt.date, entries: Iterable[Entry]) -> Day:
    lines = [
        Line(entry, is_named=day in (entry.starts_on, first) or day.weekday() == 0)
        for entry in entries
        if entry.starts_on <= day <= entry.ends_on
    ]
    return Day(day, day.month == first.month, workdays.is_workday(day), workdays.holiday(day), lines)
