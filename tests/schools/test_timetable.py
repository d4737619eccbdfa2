import datetime as dt

import pytest

from portal.errors import PortalError
from portal.models import Event, Notification
from portal.tenancy import center_scope
from schools.days import timetable
from schools.models import Area, Enrolment, Window, WindowException
from tests import factories
from tests.support.words import said

MARCH = (dt.date(2022, 3, 21), dt.date(2022, 3, 27))


@pytest.fixture(autouse=True)
def _center():
    with center_scope():
        yield


def line(name: str, span=(None, None), **fields) -> timetable.AreaDays:
    return timetable.AreaDays(**{"name": name, "position": 1, "starts_on": span[0], "ends_on": span[1]} | fields)


def test_annex_1_is_written_as_a_whole(season, center_admin):
    timetable.set_timetable(season, [line("Taizhou", MARCH), line("Suzhou")], by=center_admin)
    assert list(Area.objects.values_list("name", flat=True)) == ["Suzhou", "Taizhou"]
    assert Window.objects.get().area.name == "Taizhou"
    event = Event.objects.get(kind="season.timetable")
    assert event.facts == {"Taizhou": [None, "2022-03-21 – 2022-03-27"]}


def test_one_wrong_line_and_none_is_written(season, school, center_admin):
    with pytest.raises(
        PortalError, match=said("%(area)s still has schools. Move them to another area first.", area="North")
    ):
        timetable.set_timetable(
            season,
            [line("Taizhou", MARCH), line("North", area=school.area, is_removed=True)],
            by=center_admin,
        )
    assert not Area.objects.filter(name="Taizhou").exists()


def test_areas_are_renamed_moved_and_removed(season, center_admin):
    area = Area.objects.create(code="x", name="Old")
    timetable.set_timetable(season, [line("New", MARCH, area=area, position=7)], by=center_admin)
    area.refresh_from_db()
    assert (area.name, area.position) == ("New", 7)
    timetable.set_timetable(season, [line("New", area=area, is_removed=True)], by=center_admin)
    assert not Area.objects.filter(pk=area.pk).exists()


def test_days_are_not_taken_from_schools_that_photograph(season, school, center_admin):
    sentence = "Schools of %(area)s are being photographed; their days can be moved but not taken away."
    with pytest.raises(PortalError, match=said(sentence, area="North")):
        timetable.set_timetable(season, [line("North", area=school.area)], by=center_admin)
    Enrolment.objects.update(status=Enrolment.Status.PREPARING)
    timetable.set_timetable(season, [line("North", area=school.area)], by=center_admin)
    assert not Window.objects.exists()


def test_saving_twice_records_once(season, center_admin):
    timetable.set_timetable(season, [line("Taizhou", MARCH)], by=center_admin)
    area = Area.objects.get(name="Taizhou")
    timetable.set_timetable(season, [line("Taizhou", MARCH, area=area)], by=center_admin)
    assert Event.objects.filter(kind="season.timetable").count() == 1


def test_an_exception_is_granted_changed_and_withdrawn_and_the_school_is_told_each_time(
    season, school, owner, center_admin
):
    fields = {
        "starts_on": MARCH[0],
        "ends_on": MARCH[1],
        "opens_at": dt.time(9),
        "closes_at": None,
        "reason": "Internship",
    }
    row = timetable.grant_exception(school=school, season=season, by=center_admin, **fields)
    timetable.change_exception(row, by=center_admin, ends_on=dt.date(2022, 3, 30))
    timetable.withdraw_exception(row, by=center_admin)
    assert not WindowException.objects.exists()
    kinds = list(Event.objects.filter(kind__startswith="exception.").order_by("id").values_list("kind", flat=True))
    assert kinds == ["exception.granted", "exception.changed", "exception.withdrawn"]
    assert Notification.objects.filter(recipient_key=owner.actor_key).count() == 3
    assert Event.objects.get(kind="exception.granted").facts == {
        "days": "2022-03-21 – 2022-03-27",
        "hours": "09:00 – ",
        "reason": "Internship",
    }


def test_an_exception_of_another_school_is_not_mixed_in(season, school, other_school, center_admin):
    factories.person("outsider2", "school_officer", other_school)
    timetable.grant_exception(
        school=school, season=season, by=center_admin, starts_on=MARCH[0], ends_on=MARCH[1], reason="x"
    )
    assert not Notification.objects.filter(school=other_school).exists()


def test_an_area_without_a_position_keeps_its_place_and_a_new_one_comes_last(season, center_admin):
    timetable.set_timetable(season, [line("Wuxi", position=8), line("Changzhou", position=None)], by=center_admin)
    assert list(Area.objects.values_list("name", "position")) == [("Wuxi", 8), ("Changzhou", 9)]
    wuxi = Area.objects.get(name="Wuxi")
    timetable.set_timetable(season, [line("Wuxi", position=None, area=wuxi)], by=center_admin)
    wuxi.refresh_from_db()
    assert wuxi.position == 8
