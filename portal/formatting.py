"""Text of amounts, times, dates and masked numbers, in the active language."""

import datetime as dt
import re

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def yuan(fen: int) -> str:
    """1500 -> '15.00'; integer arithmetic only, with separators for thousands."""
    sign = "-" if fen < 0 else ""
    whole, rest = divmod(abs(fen), 100)
    return f"{sign}{whole:,}.{rest:02d}"


def relative_time(at: dt.datetime, *, now: dt.datetime) -> str:
    """'5 minutes ago', 'today 14:05', 'yesterday 09:20', or '21 March 14:05'."""
    seconds = (now - at).total_seconds()
    if 0 <= seconds < 60:
        return _("just now")
    if 0 <= seconds < 3600:
        minutes = int(seconds // 60)
        return ngettext("%(n)d minute ago", "%(n)d minutes ago", minutes) % {"n": minutes}
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    return f"{relative_day(local.date(), today=today)} {local:%H:%M}"


def relative_day(date: dt.date, *, today: dt.date) -> str:
    """'today', 'tomorrow', or '21 March'; with the year when it is not the present one."""
    near = {-1: _("yesterday"), 0: _("today"), 1: _("tomorrow")}.get((date - today).days)
    return near or day_of(date, today=today)


def day_range(first: dt.date, last: dt.date, *, today: dt.date) -> str:
    """'14 October – 20 October', or the one day; with the year where it is not the present one."""
    if first == last:
        return day_of(first, today=today)
    if first.year == last.year != today.year:
        days = {name: formats.date_format(day, _("j F")) for name, day in (("first", first), ("last", last))}
        return _("%(first)s – %(last)s %(year)s") % {**days, "year": first.year}
    return " – ".join(day_of(day, today=today) for day in (first, last))


def day_of(day: dt.date, *, today: dt.date) -> str:
    """'14 October'; with the year where it is not the present one."""
    # Translators: Django date formats (see the `date` filter), without and with the year.
    return formats.date_format(day, _("j F") if day.year == today.year else _("j F Y"))


def timestamp(at: dt.datetime) -> str:
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


def mask(value: str) -> str:
    """First and last character, and '*' for each one between: '3****************4' of a document
    number, '1*********4' of a phone. Of fewer than 6 characters (a name) the first one.

    More is no mask: six and four characters of a resident's number leave 64 candidates.
    """
    if len(value) < 2:
        return "*" * len(value)
    last = value[-1] if len(value) >= 6 else ""
    return value[0] + "*" * (len(value) - 1 - len(last)) + last


_BEGINS_WITH_A_NUMBER = re.compile(r"[一二三四五六七八九十\d（(]+[、.．）)]")
_NUMBERED = re.compile(r"^(附件\d*|[一二三四五六七八九十]+、\S{1,20}|方式[一二三])$")


def parse_notice(text: str) -> list[tuple[str, str]]:
    """(kind, line) of an official notice's lines.

    Kinds: title, heading, address (ends with a colon) or text.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(_kind_of_line(line, first=n == 0), line) for n, line in enumerate(lines)]


def _kind_of_line(line: str, *, first: bool) -> str:
    if first and line[-1] not in "。；：":
        return "title"
    if _NUMBERED.match(line) and line[-1] not in "。；：，":
        return "heading"
    is_address = len(line) <= 30 and line.endswith(("：", ":")) and not _BEGINS_WITH_A_NUMBER.match(line)
    return "address" if is_address else "text"
