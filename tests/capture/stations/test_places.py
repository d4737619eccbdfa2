"""The school's stations."""

import pytest
from django.urls import reverse

from capture.forms import StationForm
from capture.models import Station
from capture.stations import places
from portal.models import Event
from portal.tenancy import outside_scopes, school_scope
from tests.support.concurrency import at_once
from tests.support.words import said

HOURS = {"opens_at": "08:00", "closes_at": "18:00", "per_hour": 30}


@pytest.mark.django_db(transaction=True)
def test_a_button_that_is_pressed_several_times_adds_one_station(owner, owner_client, school, season):
    def press():
        with outside_scopes(), school_scope(school):
            places.save_station(station=Station(school=school, season=season, name="图书馆", place="一楼"), by=owner)

    results = at_once(press, press, press, press)
    assert sorted(type(result).__name__ for result in results) == ["NoneType", *["PortalError"] * 3]
    assert Event.objects.filter(kind="station.added").count() == 1
    answer = owner_client.post(reverse("capture:station_add"), HOURS | {"name": "图书馆", "place": "二楼"})
    assert answer.status_code == 400
    assert (
        said("There is a station of this name already: choose another name, or change that one.")
        in answer.content.decode()
    )
    with school_scope(school):
        station = Station.objects.get()
    edit = reverse("capture:station", args=[station.pk])
    assert owner_client.post(edit, HOURS | {"name": "图书馆", "place": "三楼"}).status_code == 302
    station.refresh_from_db()
    assert station.place == "三楼"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"closes_at": "08:00"}, "closes_at"),
        ({"break_from": "12:00"}, "break_to"),
        ({"break_from": "13:00", "break_to": "12:00"}, "break_to"),
        ({"break_from": "07:00", "break_to": "09:00"}, "break_to"),
        ({"per_hour": 0}, "per_hour"),
    ],
)
def test_a_station_has_hours_that_can_be_kept(scoped, school, season, given, field):
    form = StationForm(HOURS | {"name": "甲", "place": "乙"} | given, instance=Station(school=school, season=season))
    assert list(form.errors) == [field]
