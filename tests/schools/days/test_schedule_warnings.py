"""What the center should look at in the days of a season."""

import datetime as dt

import pytest

from schools.days.schedule_warnings import Kind, Span, holidays_in, of_season
from tests.support.words import said


def span(area: str, first: str, last: str, **fields) -> Span:
    return Span(area, dt.date.fromisoformat(first), dt.date.fromisoformat(last), **fields)


# Annex 1 of the notice of 2022.
TAIZHOU = span("泰州地区", "2022-03-21", "2022-03-27")
ZHENJIANG = span("镇江地区", "2022-03-28", "2022-04-02")
NANJING = span("南京片区（二）", "2022-04-06", "2022-04-29")
MAY = span("苏州地区", "2022-05-06", "2022-05-29")
DUE = dt.date(2022, 7, 11)


def kinds(*spans: Span, year: int = 2022, **fields) -> list[Kind]:
    return [warning.kind for warning in of_season(year, spans, **fields)]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([TAIZHOU, ZHENJIANG], []),
        ([ZHENJIANG, TAIZHOU], []),
        ([TAIZHOU, span("镇江地区", "2022-03-27", "2022-04-02")], [Kind.OVERLAP]),
        ([span("甲", "2022-04-06", "2022-04-29"), span("乙", "2022-04-08", "2022-04-09")], [Kind.OVERLAP]),
        ([TAIZHOU, span("镇江地区", "2022-03-29", "2022-04-02")], [Kind.GAP]),
        ([span("甲", "2022-03-01", "2022-03-31"), span("乙", "2022-03-02", "2022-03-03"), ZHENJIANG], [Kind.OVERLAP]),
        ([TAIZHOU, span("镇江地区", "2022-06-06", "2022-06-10")], [Kind.FAR]),
        ([span("甲", "2021-03-22", "2021-03-26")], [Kind.WRONG_YEAR]),
        ([span("甲", "2021-12-27", "2022-01-04")], [Kind.HOLIDAY]),
        ([span("甲", "2022-04-28", "2022-05-06")], [Kind.HOLIDAY]),
        ([TAIZHOU, span("泰州地区", "2022-04-06", "2022-04-07", is_make_up=True, form_due=DUE)], []),
        ([TAIZHOU, span("泰州地区", "2022-03-27", "2022-03-28", is_make_up=True)], [Kind.EARLY_MAKE_UP]),
        ([TAIZHOU, span("泰州地区", "2022-07-11", "2022-07-12", is_make_up=True, form_due=DUE)], [Kind.LATE_MAKE_UP]),
        ([TAIZHOU, ZHENJIANG, span("泰州地区", "2022-03-28", "2022-04-02", is_make_up=True)], []),
    ],
    ids=[
        "one after the other", "in any order", "one common day", "one within the other", "a day between", "two others", "far",
        "another year", "over new year", "labour day", "make-up", "make-up too early", "make-up too late", "make-up beside others",
    ],
)  # fmt: skip
def test_what_is_warned_of(spans, expected):
    assert kinds(*spans) == expected


def test_a_year_that_the_calendar_does_not_know_is_said_aloud():
    (warning,) = of_season(2099, [span("甲", "2099-03-02", "2099-03-06")])
    assert warning.kind == Kind.UNPUBLISHED
    assert "2099" in warning.text
    assert kinds(span("甲", "2022-03-21", "2022-03-25", form_due=dt.date(2099, 1, 5))) == [Kind.UNPUBLISHED]


def test_an_area_with_schools_and_no_days_stands_first():
    found = of_season(2022, [TAIZHOU, span("镇江地区", "2022-03-30", "2022-04-01")], without_days=["苏州地区"])
    assert [(warning.kind, warning.is_serious) for warning in found] == [(Kind.NO_DAYS, True), (Kind.GAP, False)]


def test_the_sentence_names_the_days():
    (warning,) = of_season(2022, [TAIZHOU, span("镇江地区", "2022-03-30", "2022-04-01")])
    days = "3月28日 – 3月29日"
    sentence = ("No area photographs on %(n)d day: %(days)s.", "No area photographs on %(n)d days: %(days)s.")
    assert days in warning.text
    assert said(sentence[1], n=2, days=days)
    third = span("徐州地区", "2022-04-04", "2022-04-06")
    found = of_season(2022, [TAIZHOU, span("镇江地区", "2022-03-30", "2022-04-01"), third])
    (gap,) = [warning for warning in found if warning.kind == Kind.GAP]
    assert days in gap.text
    assert "4月2日 – 4月3日" in gap.text


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2022-04-01", "2022-04-30", [("清明节", "4月3日 – 4月5日"), ("劳动节", "4月30日")]),
        ("2022-05-07", "2022-05-08", []),  # a Saturday on which is worked, and a Sunday
        ("2099-05-01", "2099-05-04", [("劳动节", "5月1日 – 5月2日")]),
    ],
)
def test_public_holidays_in_days(first, last, expected):
    assert holidays_in(dt.date.fromisoformat(first), dt.date.fromisoformat(last)) == expected
