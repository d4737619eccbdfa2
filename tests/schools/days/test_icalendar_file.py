"""The calendar for other programs, read back as they read it (RFC 5545)."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from schools.days import icalendar_file
from schools.days.season_calendar import CAPTURE, DEADLINE, Entry

CHANGED = dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)
DAYS = Entry(
    "2026-window7",
    CAPTURE,
    "采集：南京片区（二）" * 12,
    dt.date(2026, 4, 6),
    dt.date(2026, 4, 30),
    CHANGED,
    dt.time(8),
    dt.time(18),
    note="一,二;三\\四\n五",
)
DUE = Entry("2026-payment", DEADLINE, "Fee due", dt.date(2026, 11, 20), dt.date(2026, 11, 20), CHANGED)


@pytest.fixture(scope="module")
def written() -> bytes:
    return icalendar_file.write([DAYS, DUE], name="图像采集：江苏")


@pytest.fixture(scope="module")
def events(written) -> list:
    return list(Calendar.from_ical(written).walk("VEVENT"))


def test_lines_end_with_crlf_and_are_folded_at_75_octets(written):
    lines = written.split(b"\r\n")
    assert lines[-1] == b""
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    for line in lines:
        line.decode()  # no character is cut in two


def test_days_with_hours_repeat_daily_in_the_zone_of_china(written, events):
    days = events[0]
    assert days.decoded("dtstart") == dt.datetime(2026, 4, 6, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert days.decoded("dtend") == dt.datetime(2026, 4, 6, 18, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert days["rrule"] == {"FREQ": ["DAILY"], "COUNT": [25]}
    assert b"DTSTART;TZID=Asia/Shanghai:20260406T080000" in written
    zone = Calendar.from_ical(written).walk("VTIMEZONE")[0]
    assert zone["tzid"] == "Asia/Shanghai"
    assert zone.walk("STANDARD")[0].decoded("tzoffsetto") == dt.timedelta(hours=8)


def test_a_deadline_is_a_whole_day_that_ends_before_the_next(events):
    assert events[1].decoded("dtstart") == dt.date(2026, 11, 20)
    assert events[1].decoded("dtend") == dt.date(2026, 11, 21)


def test_text_comes_back_as_it_was(events):
    assert str(events[0]["summary"]) == DAYS.title
    assert str(events[0]["description"]) == DAYS.note


def test_an_event_keeps_its_uid_and_its_revision_grows(events):
    later = Entry(**{**vars(DUE), "changed_at": CHANGED + dt.timedelta(days=1)})
    (again,) = Calendar.from_ical(icalendar_file.write([later], name="x")).walk("VEVENT")
    assert again["uid"] == events[1]["uid"]
    assert again["sequence"] > events[1]["sequence"]
    assert events[1].decoded("last-modified") == CHANGED
