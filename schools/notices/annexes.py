"""The three annexes of a notice, made from the season's own data. Chinese only, as the notice is.

Annex 1 is the timetable, annex 2 the requirements with what the system checks in each photo, annex 3 the form on
which a school says that it has proofread everything. The form with the numbers of a school is `proofing`'s.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import override

from portal import formatting
from schools.models import Season, Window, WindowKind
from schools.seasons.season_texts import REQUIREMENTS

Checks = Callable[[], Iterable[tuple[Any, Any]]]
_CHECKS: list[Checks] = []
CENTER_SHORT, ANY_CENTER = "省招就中心", "贵中心"


@dataclass(frozen=True)
class Annexes:
    days: list[tuple[str, str]]
    requirements: list[tuple[str, str]]  # as `formatting.parse_notice`
    checks: list[tuple[str, str]]  # (what is checked, what to do)
    center_short: str


def registers_checks(function: Checks) -> Checks:
    """Register what the system checks in each photo: (what, what to do). The rules are known to a room above."""
    _CHECKS.append(function)
    return function


def of_season(season: Season) -> Annexes:
    windows = Window.objects.filter(season=season).select_related("area")
    with override("zh-hans"):
        checks = [(str(title), str(advice)) for give in _CHECKS for title, advice in give()]
    return Annexes(
        days=[(name_of(window), days_of(window)) for window in windows],
        requirements=formatting.parse_notice(REQUIREMENTS),
        checks=checks,
        center_short=CENTER_SHORT if "招生就业" in season.center_name else ANY_CENTER,
    )


def name_of(window: Window) -> str:
    return f"{window.area.name}（补采）" if window.kind == WindowKind.MAKE_UP else window.area.name


def days_of(window: Window) -> str:
    """As in annex 1: 3月21日—27日, 3月28日—4月5日."""
    first, last = window.starts_on, window.ends_on
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.month}月{first.day}日—{last.day}日"
    return f"{_day(first)}—{_day(last)}"


def _day(day: dt.date) -> str:
    return f"{day.month}月{day.day}日"


def draft_of(season: Season) -> dict[str, Any]:
    """Title and text of the season's notice as a first draft: its headings marked, its annexes left to be made."""
    lines = formatting.parse_notice(season.notice.partition("\n附件2\n")[0])
    return {
        "title": f"关于做好{season.year}年高校毕业生图像信息采集工作的通知",
        "body": "\n\n".join(_marked(lines)),
        "has_annexes": True,
    }


def _marked(lines: Iterable[tuple[str, str]]) -> list[str]:
    return [f"## {text}" if kind == "heading" else text for kind, text in lines]
