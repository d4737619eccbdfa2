"""The address of a calendar: opens without a session, and only as long as it should."""

import datetime as dt

import pytest
from django.db.models.signals import pre_save
from django.test import Client
from icalendar import Calendar

from portal.models import Role
from portal.tenancy import center_scope
from schools.days import timetable
from schools.models import CalendarLink, Season, Window, WindowException
from tests import factories
from tests.conftest import client_of
from tests.support.words import said

pytestmark = pytest.mark.django_db
REASON = "陈某某住院"
CHANGED = "This has changed in the meantime. Reload the page and look again."


def address(client: Client) -> str:
    client.post("/people/calendar/new/")
    is_center = client.get("/center/season/schedule/", follow=True).status_code == 200
    page = client.get("/center/season/schedule/" if is_center else "/school/schedule/", follow=True)
    return "/calendar/" + page.context["address"].split("/calendar/")[1]


def events(path: str) -> dict[str, str]:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    return {str(e["uid"]).split("@")[0]: str(e["summary"]) for e in Calendar.from_ical(answer.content).walk("VEVENT")}


def test_a_school_reads_its_own_days_and_deadlines_and_no_reason(school, other_school, season, owner, center_admin):
    with center_scope():
        for whose in (school, other_school):
            days = {"starts_on": dt.date(season.year, 6, 1), "ends_on": dt.date(season.year, 6, 2)}
            timetable.grant_exception(school=whose, season=season, by=center_admin, reason=REASON, **days)
        own = [f"{season.year}-exception{row.pk}" for row in WindowException.objects.filter(school=school)]
    path = address(client_of(owner))
    found = events(path)
    window = Window.objects.get(area=school.area)
    expected = {f"{season.year}-window{window.pk}", *own, f"{season.year}-form-{school.code}", f"{season.year}-payment"}
    assert set(found) == expected
    assert REASON not in Client().get(path).content.decode()


def test_the_center_reads_the_days_of_every_area(school, season, center_admin):
    found = events(address(client_of(center_admin)))
    assert f"{season.year}-form-area{school.area_id}" in found
    assert any(school.area.name in title for title in found.values())


def test_the_center_reads_the_days_that_schools_were_granted_and_no_reason(school, season, center_admin):
    with center_scope():
        days = {"starts_on": dt.date(season.year, 6, 1), "ends_on": dt.date(season.year, 6, 2)}
        granted = timetable.grant_exception(school=school, season=season, by=center_admin, reason=REASON, **days)
    path = address(client_of(center_admin))
    assert school.name in events(path)[f"{season.year}-exception{granted.pk}"]
    assert REASON not in Client().get(path).content.decode()


def test_it_is_in_the_language_of_the_person(school, season, owner):
    owner.language = "en"
    owner.save(update_fields=["language"])
    assert "Feedback form due" in events(address(client_of(owner))).values()


def test_a_new_address_shuts_the_old_one_and_an_ended_one_opens_no_more(school, season, owner):
    client = client_of(owner)
    old = address(client)
    new = address(client)
    assert (Client().get(old).status_code, Client().get(new).status_code) == (404, 200)
    client.post("/people/calendar/end/")
    assert Client().get(new).status_code == 404


def test_of_two_clicks_at_the_same_moment_the_second_reads_that_it_came_late(school, season, owner):
    """The first one's row comes between the second one's look and its writing."""
    first = CalendarLink(account=owner.pk)

    def come_first(**_signal):
        pre_save.disconnect(come_first, sender=CalendarLink)
        CalendarLink.objects.bulk_create([first])

    pre_save.connect(come_first, sender=CalendarLink)
    answer = client_of(owner).post("/people/calendar/new/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (409, said(CHANGED))


def test_a_forged_address_opens_nothing(school, season, owner):
    address(client_of(owner))
    pk = CalendarLink.objects.get().pk
    for forged in (f"{pk}:x", str(pk), "x"):
        assert Client().get(f"/calendar/{forged}/tucai.ics").status_code == 404


@pytest.mark.parametrize("change", ["switched off", "role without it"])
def test_who_may_not_see_the_schedule_any_more_has_no_calendar(school, season, owner, change):
    path = address(client_of(owner))
    if change == "switched off":
        owner.is_active = False
        owner.save(update_fields=["is_active"])
    else:
        owner.membership.roles = [Role.SCHOOL_HELPER]
        owner.membership.save()
    assert Client().get(path).status_code == 404


def test_two_seasons_stand_side_by_side_and_the_archive_is_left_out(school, season, owner):
    factories.enrol(school, before := factories.season(year=season.year - 1))
    path = address(client_of(owner))
    assert f"{before.year}-payment" in events(path)
    Season.objects.filter(pk=before.pk).update(status=Season.Status.ARCHIVED)
    assert f"{before.year}-payment" not in events(path)
