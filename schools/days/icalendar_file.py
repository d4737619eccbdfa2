"""The calendar of a season as other programs read it (RFC 5545)."""

import datetime as dt
from collections.abc import Iterable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from icalendar import Calendar, Event, Timezone

from schools.days.season_calendar import Entry

MEDIA_TYPE = "text/calendar; charset=utf-8"
REFRESH = dt.timedelta(hours=6)  # how often a program should ask again
_DAY = dt.timedelta(days=1)
_FIRST_YEAR = dt.date(2000, 1, 1)  # from which the rules of the time zone are written
_FIRST_REVISION = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def write(entries: Iterable[Entry], *, name: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Tucai//Schedule//ZH")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", name)  # RFC 7986
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", settings.TIME_ZONE)
    calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT6H")
    calendar.add_component(Timezone.from_tzid(settings.TIME_ZONE, first_date=_FIRST_YEAR))
    for entry in entries:
        calendar.add_component(_event(entry))
    return calendar.to_ical(sorted=False)


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", f"{entry.key}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("summary", entry.title)
    if entry.note:
        event.add("description", entry.note)
    if entry.opens_at and entry.closes_at:
        zone = ZoneInfo(settings.TIME_ZONE)
        event.add("dtstart", dt.datetime.combine(entry.starts_on, entry.opens_at, zone))
        event.add("dtend", dt.datetime.combine(entry.starts_on, entry.closes_at, zone))
        if days := (entry.ends_on - entry.starts_on).days:
            event.add("rrule", {"freq": "daily", "count": days + 1})
    else:
        event.add("dtstart", entry.starts_on)
        event.add("dtend", entry.ends_on + _DAY)  # the first day that is not part of it
    changed_at = entry.changed_at.astimezone(dt.UTC).replace(microsecond=0)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("sequence", int((changed_at - _FIRST_REVISION).total_seconds()) // 60)
    event.add("transp", "TRANSPARENT")  # it does not make its reader busy
    event.add("categories", [entry.kind])
    return event
