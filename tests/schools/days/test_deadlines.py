"""Each deadline is computed once, and every page shows the same day."""

import datetime as dt

import pytest

from capture import capture_period
from portal.history import SYSTEM
from portal.tenancy import school_scope
from schools.days import deadlines
from schools.days.opening_hours import Period
from schools.models import Enrolment, Season
from tests import factories
from tests.conftest import client_of

ANNEX_1 = Period(dt.date(2022, 5, 1), dt.date(2022, 5, 29), dt.time(8), dt.time(18))
MAKE_UP = Period(dt.date(2022, 6, 6), dt.date(2022, 6, 7), dt.time(8), dt.time(18), is_make_up=True)


def of_year(year: int, **fields) -> Season:
    return Season(year=year, payment_due=deadlines.payment_day(year), **fields)


def test_the_money_is_due_on_20_november():
    assert deadlines.payment_day(2022) == dt.date(2022, 11, 20)


def test_the_form_is_due_30_working_days_after_the_last_day_of_all_students():
    season = of_year(2022)
    assert deadlines.expected_form_day([ANNEX_1], season) == dt.date(2022, 7, 11)
    assert deadlines.expected_form_day([ANNEX_1, MAKE_UP], season) == dt.date(2022, 7, 11)
    assert deadlines.expected_form_day([], season) is None


def test_make_up_days_count_where_there_are_no_others():
    assert deadlines.expected_form_day([MAKE_UP], of_year(2022)) == deadlines.form_day(
        dt.date(2022, 6, 7), of_year(2022)
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [("form", "2022-07-11", True), ("payment", "2022-11-20", False)]),
        ({"proof_due_on": dt.date(2022, 7, 1)}, [("form", "2022-07-01", False), ("payment", "2022-11-20", False)]),
        ({"payment_mode": Enrolment.PaymentMode.STUDENT}, [("form", "2022-07-11", True)]),
    ],
    ids=["planned", "capture ended", "students pay"],
)
def test_what_a_school_has_to_keep(fields, expected):
    found = deadlines.of_school(Enrolment(season=of_year(2022), **fields), [ANNEX_1])
    assert [(each.name, str(each.day), each.is_expected) for each in found] == expected


def test_after_closing_the_originals_stand_last():
    season = of_year(2022, closed_on=dt.date(2022, 9, 1), retention_days=180)
    assert [each.name for each in deadlines.of_season(season)] == ["payment", "originals"]
    assert deadlines.last_day_of_originals(season) == dt.date(2023, 2, 28)


def test_a_day_in_a_year_without_published_working_days_is_not_certain():
    early, late = (Period(dt.date(year, 5, 1), dt.date(year, 5, 2), dt.time(8), dt.time(18)) for year in (2022, 2099))
    known, unknown = (deadlines.of_area(of_year(row.starts_on.year), [row]) for row in (early, late))
    assert known.is_certain
    assert not unknown.is_certain
    assert deadlines.of_season(of_year(2099))[0].is_certain  # no working days in it


@pytest.mark.django_db
def test_the_day_that_is_stored_is_the_one_on_the_pages(school, season, owner, center_admin):
    with school_scope(school):
        enrolment = capture_period.end_capture(enrolment=factories.enrolment_of(school, season), by=SYSTEM)
    due = enrolment.proof_due_on
    assert due == deadlines.form_day(enrolment.capture_ended_on, season)
    told = f'datetime="{due}"'
    assert told in client_of(owner).get("/school/", follow=True).content.decode()
    assert told in client_of(owner).get("/school/schedule/", follow=True).content.decode()
    assert told in client_of(center_admin).get(f"/center/schools/{school.pk}/", follow=True).content.decode()
